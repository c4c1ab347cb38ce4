// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/client.h"
#include "base/function_ref.h"
#include "domain/serving/recording_queue.h"

namespace tracseq::inference {

inline constexpr std::chrono::milliseconds kRecordTimeout{5'000};

// The prediction log behind POST /api/v1/predictions, in this process or on a server. Used by the recorder's
// thread; the client outlives it.
class RemoteRecorder final : public serving::PredictionTransport {
 public:
  explicit RemoteRecorder(api::Client& client) : client_(client) {}
  void encode(std::span<const serving::Prediction> batch, Emit emit) override;
  std::vector<std::string> split(const std::string& payload) override;
  std::map<std::string, std::uint64_t> count_by_model(const std::string& payload) override;
  Result<void> deliver(std::string_view key, const std::string& payload) override;

 private:
  api::Client& client_;
};

// The samples of one request as the log takes them, one entry each: the inputs by column name where the names
// are known, the outputs by tensor. Of a request with several samples the entries are named "<request
// id>:<index>"; beyond serving::kSamplesRecordedMax they are left out.
void for_each_entry(const serving::Prediction& prediction, FunctionRef<void(std::string_view)> visit);

}  // namespace tracseq::inference
