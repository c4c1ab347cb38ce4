// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "domain/serving/model_table.h"

namespace tracseq::serving {

// One answered (or failed) request, as it is recorded. Cheap to make: the tensors are moved in, text is made
// later, on the recorder's own thread.
struct Prediction {
  std::string request_id;
  std::shared_ptr<const ServedModel> served;  // which model and version answered
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<Json> records;  // of a prediction by column name: what was asked, beside the inputs made of it
  std::int64_t latency_us = 0;
  bool success = true;
  std::string error;  // of a failed one
  Timestamp time;
};

// The most samples of one request that are recorded; those beyond are counted as dropped.
inline constexpr std::size_t kSamplesRecordedMax = kPredictRecordsMax;

// How many samples a request asked about: the rows all its tensors have in common; 1 where they are not
// tables of the same length.
std::size_t samples_of(const Prediction& prediction) noexcept;

// Where predictions go. `offer` never waits and never fails: what cannot be taken is counted by the sink.
// Thread-safe.
class PredictionSink {
 public:
  virtual ~PredictionSink() = default;
  virtual void offer(Prediction prediction) noexcept = 0;
};

}  // namespace tracseq::serving
