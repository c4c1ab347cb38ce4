// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/health.h"

#include <algorithm>

namespace tracseq::deployment::gateway {
namespace {

constexpr int kDoublingsMax = 20;

}  // namespace

void ReplicaHealth::checked(bool passed) noexcept {
  const State state = state_.load();
  if (state == State::unknown) {
    state_ = passed ? State::healthy : State::unhealthy;
    return;
  }
  if (passed == (state == State::healthy)) {
    against_ = 0;
    return;
  }
  if (++against_ < (passed ? limits_.rise : limits_.fall)) return;
  against_ = 0;
  state_ = passed ? State::healthy : State::unhealthy;
}

bool ReplicaHealth::answered(bool well, Steady::time_point now) noexcept {
  if (!well) return failures_.fetch_add(1) + 1 >= limits_.eject_after;
  if (failures_.load(std::memory_order_relaxed) != 0) failures_ = 0;
  // A good time as long as the worst exclusion wipes the slate clean.
  if (ejections_.load(std::memory_order_relaxed) != 0 &&
      now.time_since_epoch().count() > ejected_until_.load() + Steady::duration(limits_.eject_max).count())
    ejections_ = 0;
  return false;
}

void ReplicaHealth::eject(Steady::time_point now) noexcept {
  const int before = std::min(ejections_.fetch_add(1), kDoublingsMax);
  const auto time = std::min<std::chrono::milliseconds>(limits_.eject_min * (1 << before), limits_.eject_max);
  failures_ = 0;
  ejected_until_ = (now + time).time_since_epoch().count();
}

}  // namespace tracseq::deployment::gateway
