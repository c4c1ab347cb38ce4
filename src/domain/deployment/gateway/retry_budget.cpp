// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/retry_budget.h"

#include <algorithm>

namespace tracseq::deployment::gateway {

void RetryBudget::add(std::int64_t hundredths) noexcept {
  std::int64_t now = saved_.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::min(now + hundredths, kSavedMax * 100);
    if (next == now) return;
  } while (!saved_.compare_exchange_weak(now, next, std::memory_order_relaxed));
}

void RetryBudget::earn() noexcept { add(kPerCent); }

bool RetryBudget::spend(Steady::time_point now) noexcept {
  Steady::rep last = refilled_.load(std::memory_order_relaxed);
  const auto passed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch() - Steady::duration(last));
  const std::int64_t gained =
      std::clamp<std::int64_t>(passed.count(), 0, kSavedMax * 1'000 / kPerSecond) * kPerSecond / 10;
  if (gained > 0 && refilled_.compare_exchange_strong(last, now.time_since_epoch().count())) add(gained);
  std::int64_t saved = saved_.load(std::memory_order_relaxed);
  while (saved >= 100)
    if (saved_.compare_exchange_weak(saved, saved - 100, std::memory_order_relaxed)) return true;
  return false;
}

}  // namespace tracseq::deployment::gateway
