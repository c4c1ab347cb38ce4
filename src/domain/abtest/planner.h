// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "domain/abtest/types.h"

namespace tracseq::abtest {

// What a plan is to find, before there is a test.
struct PlanDesign {
  MetricKind kind = MetricKind::proportion;  // proportion or mean
  double baseline = 0;                       // control's rate, or mean
  std::optional<double> std_dev;             // of a mean's units
  double effect = 0.05;                      // relative to the baseline
  double confidence_level = 0.95;
  double statistical_power = 0.8;
  std::int64_t variants = 2;  // control among them, of equal shares
  std::optional<double> users_per_day;
  double share = 1;  // of the users that enter the test
  SequentialMethod method = SequentialMethod::always_valid;
  stats::Spending spending = stats::Spending::obrien_fleming;
  std::int64_t looks = 10;
  std::int64_t tuned_for = 5000;
};
TRACSEQ_DESCRIBE(PlanDesign, (kind, baseline, std_dev, effect, confidence_level, statistical_power, variants,
                              users_per_day, share, method, spending, looks, tuned_for))

struct PlannedSize {
  double users_per_variant = 0;        // by the method
  double users = 0;                    // of all variants: maximum_sample_size
  double fixed_users_per_variant = 0;  // with one look at the end
  double inflation = 1;                // what looking costs, at most
  double effect = 0;                   // absolute
  std::optional<double> days;
  std::string note;
};
TRACSEQ_DESCRIBE(PlannedSize,
                 (users_per_variant, users, fixed_users_per_variant, inflation, effect, days, note))

// Sizes and duration of a test of that design, Bonferroni over the treatments. `invalid` names the field.
Result<PlannedSize> plan_size(const PlanDesign& design);

}  // namespace tracseq::abtest
