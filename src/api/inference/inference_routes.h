// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/route.h"
#include "domain/serving/model_table.h"
#include "domain/serving/prediction_sink.h"

namespace tracseq::inference {

inline constexpr std::uint64_t kInferBodyBytesMax = 256UL << 20;
// A larger request leaves the I/O thread: it takes longer than others should wait.
inline constexpr std::uint64_t kInferInlineBytesMax = 64UL << 10;

// What the routes need; all of it outlives them.
struct Serving {
  serving::ModelTable& table;
  serving::PredictionSink& sink;
  std::string version;  // of this program
};

// Open Inference Protocol v2: metadata, readiness, inference. Errors are {"error": "…"}.
std::vector<api::Route> protocol_routes(const Serving& serving);

// POST /v1/models/{name}/predict: records by column name.
std::vector<api::Route> predict_routes(const Serving& serving);

struct ModelPath {
  std::string model;
  std::string version;
};
TRACSEQ_DESCRIBE(ModelPath, (model, version))

struct NoInput {};
TRACSEQ_DESCRIBE(NoInput, ())

struct PredictRequest {
  std::string name;
  std::vector<Json> records;
  std::optional<std::string> request_id;
  std::optional<std::string> version;
};
TRACSEQ_DESCRIBE(PredictRequest, (name, records, request_id, version))

struct PredictedRecord {
  Json label;
  std::map<std::string, double> probabilities;
};
TRACSEQ_DESCRIBE(PredictedRecord, (label, probabilities))

struct PredictAnswer {
  std::string model;
  std::string version;
  std::string request_id;
  std::vector<PredictedRecord> predictions;
};
TRACSEQ_DESCRIBE(PredictAnswer, (model, version, request_id, predictions))

}  // namespace tracseq::inference
