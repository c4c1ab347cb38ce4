// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace tracseq::deployment::gateway {

struct HealthLimits {
  int fall = 2;         // checks failed one after the other until a replica is unhealthy
  int rise = 2;         // checks passed one after the other until it is healthy again
  int eject_after = 5;  // requests failed one after the other until it is left out
  std::chrono::milliseconds eject_min{1'000};
  std::chrono::milliseconds eject_max{30'000};  // doubled from eject_min each time it fails again
};

// What is known of one replica: by checks that ask it, and by how requests went. A replica nobody has checked
// yet is given the benefit of the doubt. Thread-safe.
class ReplicaHealth {
 public:
  explicit ReplicaHealth(HealthLimits limits = {}) : limits_(limits) {}

  // A check's outcome. The first one decides at once, later ones by `fall` and `rise`: one that comes and
  // goes does not change the state with every check. Called by one thread.
  void checked(bool passed) noexcept;
  // A request's outcome. True when it has failed often enough to be left out.
  bool answered(bool well, Steady::time_point now) noexcept;
  // Leaves it out for a time that doubles with every repetition.
  void eject(Steady::time_point now) noexcept;

  // May be given requests, as far as checks know.
  [[nodiscard]] bool usable() const noexcept { return state_.load() != State::unhealthy; }
  // A check has passed, and none since has said otherwise.
  [[nodiscard]] bool proven() const noexcept { return state_.load() == State::healthy; }
  [[nodiscard]] bool ejected(Steady::time_point now) const noexcept {
    return now.time_since_epoch().count() < ejected_until_.load(std::memory_order_relaxed);
  }

 private:
  enum class State { unknown, healthy, unhealthy };

  const HealthLimits limits_;
  std::atomic<State> state_{State::unknown};
  int against_ = 0;  // the checks' thread: outcomes in a row that contradict the state
  std::atomic<int> failures_{0};
  std::atomic<int> ejections_{0};
  std::atomic<Steady::rep> ejected_until_{0};
};

}  // namespace tracseq::deployment::gateway
