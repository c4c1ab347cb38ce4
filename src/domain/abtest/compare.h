// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "domain/abtest/plan.h"
#include "domain/abtest/rows.h"
#include "stats/comparison.h"

// One metric of one variant, and of two, from sums alone; the numbers are src/stats'.
namespace tracseq::abtest {

struct ArmEstimate {
  double value = 0;
  double std_error = stats::kNaN;  // NaN where it is unknown
  double std_dev = stats::kNaN;    // of the users' units
  std::int64_t users = 0;
  std::optional<stats::Range> interval;
  std::optional<double> rank_error;
};
// Nothing without users or where the denominator's mean is 0.
std::optional<ArmEstimate> estimate_arm(const MetricPlan& metric, const ArmSums& arm, double confidence);

struct Difference {
  stats::Comparison test;  // fixed horizon, treatment − control
  std::optional<double> variance_kept;
};
Difference compare_arms(const MetricPlan& metric, const ArmSums& treatment, const ArmSums& control,
                        double confidence);

}  // namespace tracseq::abtest
