// SPDX-License-Identifier: MIT
#include "domain/abtest/guardrails.h"

#include <fmt/core.h>

#include "domain/abtest/plan.h"
#include "stats/quantile_sketch.h"

namespace tracseq::abtest {

std::optional<double> estimate_of(const MetricPlan& metric, const ArmSums& arm) {
  if (arm.moments.count == 0) return std::nullopt;
  if (metric.kind == MetricKind::quantile) {
    const auto sketch = stats::QuantileSketch::decode(arm.sketch);
    if (!sketch || sketch->count() == 0) return std::nullopt;
    return sketch->quantile(metric.quantile);
  }
  if (metric.kind != MetricKind::ratio) return arm.moments.mean_y + arm.shift;
  if (arm.moments.mean_x == 0) return std::nullopt;
  return arm.moments.mean_y / arm.moments.mean_x + arm.shift;
}

std::optional<std::string> broken_limit(const Plan& plan, const Sums& sums,
                                        const std::map<int, VariantCounts>& counts) {
  for (const Metric& metric : planned_metrics(plan)) {
    if (metric.role != MetricRole::guardrail || !metric.plan.limit) continue;
    for (const auto& [variant, seen] : counts) {
      const auto arm = sums.find({metric.plan.name, variant});
      if (seen.interactions < kGuardrailInteractionsMin || arm == sums.end()) continue;
      const auto value = estimate_of(metric.plan, arm->second);
      if (!value) continue;
      const bool broken = metric.plan.direction == Direction::decrease ? *value > *metric.plan.limit
                                                                       : *value < *metric.plan.limit;
      if (broken)
        return fmt::format("guardrail {} of {} is {:.6g}, beyond its limit {:.6g}", metric.plan.name,
                           plan.variants[static_cast<std::size_t>(variant)].name, *value, *metric.plan.limit);
    }
  }
  return std::nullopt;
}

}  // namespace tracseq::abtest
