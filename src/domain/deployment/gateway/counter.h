// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "domain/deployment/traffic.h"

namespace tracseq::deployment::gateway {

// What a target answered since it was last asked. Thread-safe; a count that comes in while another thread
// takes them is in this taking or the next, with its parts perhaps divided between the two.
class TargetCounter {
 public:
  TargetCounter();
  void count(bool error, Steady::duration latency) noexcept;
  // The counts since the last call.
  [[nodiscard]] TargetCounts take(std::string deployment_id);

 private:
  std::atomic<std::int64_t> requests_{0};
  std::atomic<std::int64_t> errors_{0};
  std::atomic<double> sum_ms_{0};
  std::atomic<double> square_sum_{0};
  std::unique_ptr<std::atomic<std::int64_t>[]> buckets_;
};

}  // namespace tracseq::deployment::gateway
