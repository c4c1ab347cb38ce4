// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/counter.h"

#include <algorithm>

namespace tracseq::deployment::gateway {

TargetCounter::TargetCounter() : buckets_(new std::atomic<std::int64_t>[latency_bounds_ms().size() + 1]()) {}

void TargetCounter::count(bool error, Steady::duration latency) noexcept {
  const double ms = std::chrono::duration<double, std::milli>(latency).count();
  const auto& bounds = latency_bounds_ms();
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), ms) - bounds.begin();
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (error) errors_.fetch_add(1, std::memory_order_relaxed);
  sum_ms_.fetch_add(ms, std::memory_order_relaxed);
  square_sum_.fetch_add(ms * ms, std::memory_order_relaxed);
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
}

TargetCounts TargetCounter::take(std::string deployment_id) {
  TargetCounts counts;
  counts.deployment_id = std::move(deployment_id);
  counts.requests = requests_.exchange(0);
  counts.errors = errors_.exchange(0);
  counts.latency_sum_ms = sum_ms_.exchange(0);
  counts.latency_square_sum = square_sum_.exchange(0);
  counts.latency_buckets.resize(latency_bounds_ms().size() + 1);
  for (std::size_t i = 0; i < counts.latency_buckets.size(); ++i)
    counts.latency_buckets[i] = buckets_[i].exchange(0);
  return counts;
}

}  // namespace tracseq::deployment::gateway
