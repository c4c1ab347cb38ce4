// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "domain/deployment/target.h"

namespace tracseq::deployment {

inline constexpr std::size_t kProbesAtOnceMax = 32;

// What probe requests of our own measured.
struct Measured {
  double avg_latency_ms = 0;
  double throughput_rps = 0;
  double error_rate = 0;
  std::int64_t requests = 0;
  std::string last_error;
};

// Health checks and probe requests, each on a thread of its own, so that a slow replica delays nobody.
// Nothing here is state: what is lost with the process is asked again. Not thread-safe: one reconciler's.
class Prober {
 public:
  explicit Prober(ReplicaCaller& caller) : caller_(caller) {}
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  struct Place {
    std::string host;
    std::int64_t port = 0;
  };
  // The outcome of a health check under this key: nothing while it is under way; taken, the next call begins
  // another. The error says why the replica is not healthy.
  std::optional<Result<void>> health(const std::string& key, const Place& place, const std::string& path,
                                     std::chrono::milliseconds timeout);
  // The same with probe requests to a model; inputs are made from what the replica says of its tensors. An
  // error if it does not say it, or the model is another version.
  struct Model {
    std::string model_id;
    std::string version;
  };
  std::optional<Result<Measured>> measure(const std::string& key, const Place& place, const Model& model,
                                          std::chrono::milliseconds timeout);

 private:
  ReplicaCaller& caller_;
  std::map<std::string, std::future<Result<void>>> checks_;
  std::map<std::string, std::future<Result<Measured>>> measurements_;
};

// The body of an inference request with one row per input, from a model's metadata (Open Inference Protocol).
// `unprocessable` if the metadata have no inputs or a type that is not known.
Result<std::string> probe_request(std::string_view metadata);

}  // namespace tracseq::deployment
