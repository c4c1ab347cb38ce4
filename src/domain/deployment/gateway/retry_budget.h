// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace tracseq::deployment::gateway {

// How many requests may be sent again: a share of all, and a few a second besides, so that a quiet route is
// helped too. It keeps a route whose replicas all fail from multiplying its own load. Thread-safe.
class RetryBudget {
 public:
  static constexpr std::int64_t kPerCent = 20;    // of the requests
  static constexpr std::int64_t kPerSecond = 10;  // besides
  static constexpr std::int64_t kSavedMax = 100;  // retries that may be kept for later

  explicit RetryBudget(Steady::time_point now) : refilled_(now.time_since_epoch().count()) {}
  // A request came.
  void earn() noexcept;
  // Whether one may be sent again; it is then used.
  bool spend(Steady::time_point now) noexcept;

 private:
  void add(std::int64_t hundredths) noexcept;

  std::atomic<std::int64_t> saved_{kPerSecond * 100};  // hundredths of a retry
  std::atomic<Steady::rep> refilled_;
};

}  // namespace tracseq::deployment::gateway
