// SPDX-License-Identifier: MIT
#include "domain/abtest/planner.h"

#include <fmt/core.h>

#include <cmath>
#include <vector>

#include "stats/always_valid.h"
#include "stats/group_sequential.h"
#include "stats/power.h"

namespace tracseq::abtest {

TRACSEQ_DEFINE_TYPE(PlanDesign, {.name = "kind", .text = "proportion or mean"},
                    {.name = "baseline", .text = "Control's rate or mean", .required = true},
                    {.name = "std_dev", .text = "Of the users' values; required for a mean", .min = 0},
                    {.name = "effect", .text = "To be found, relative to the baseline"},
                    {.name = "confidence_level", .min = 0.5, .max = 0.9999},
                    {.name = "statistical_power", .min = 0.05, .max = 0.9999},
                    {.name = "variants", .text = "control among them", .min = 2, .max = 20},
                    {.name = "users_per_day", .min = 1e-9, .max = 1e12},
                    {.name = "share", .text = "Of the users that enter the test", .min = 1e-6, .max = 1},
                    {.name = "looks", .min = 1, .max = 200}, {.name = "tuned_for", .min = 1, .max = 1e12})
TRACSEQ_DEFINE_TYPE(PlannedSize, {.name = "users", .text = "Of all variants: maximum_sample_size"},
                    {.name = "fixed_users_per_variant", .text = "With one look at the end"},
                    {.name = "inflation", .text = "What looking costs, at most"},
                    {.name = "effect", .text = "Absolute"})

namespace {

constexpr double kUsersMost = 1e15;
constexpr int kBisections = 200;

// The fixed test's size for each variant.
Result<double> fixed_size(const PlanDesign& design, double effect, double alpha) {
  const stats::PowerDesign power{alpha, 1, false};
  if (design.kind == MetricKind::proportion) {
    if (!(design.baseline > 0 && design.baseline < 1))
      return fail_field("baseline",
                        fmt::format("baseline is {}; a rate lies between 0 and 1", design.baseline));
    const double treated = design.baseline + effect;
    if (!(treated > 0 && treated < 1))
      return fail_field("effect",
                        fmt::format("the effect makes the rate {}; a rate lies between 0 and 1", treated));
    TRACSEQ_TRY(const auto size, stats::sample_size_proportions(treated, design.baseline,
                                                                design.statistical_power, true, power));
    return size.treatment;
  }
  if (design.kind != MetricKind::mean)
    return fail_field("kind", "sizes are planned for the kinds proportion and mean");
  if (!design.std_dev || !(*design.std_dev > 0))
    return fail_field("std_dev", "std_dev is required for a mean and above 0");
  TRACSEQ_TRY(const auto size,
              stats::sample_size_means(std::abs(effect), *design.std_dev, design.statistical_power, power));
  return size.treatment;
}

// Users for each variant at which one look at the sequence has the power; every earlier look only adds to it.
Result<double> always_valid_size(const PlanDesign& design, double effect, double unit_error, double alpha,
                                 double least) {
  const double z_power = stats::normal_upper(1 - design.statistical_power);
  const auto enough = [&](double n) -> Result<bool> {
    const double se = unit_error / std::sqrt(n);
    const std::vector<stats::Look> looks{{0, se, 2 * n}};
    TRACSEQ_TRY(const auto answer,
                design.method == SequentialMethod::msprt
                    ? stats::mixture_sprt(looks, std::abs(effect), alpha, false)
                    : stats::confidence_sequence(looks, static_cast<double>(design.tuned_for), alpha, false));
    return std::abs(effect) >= answer.high.back() + z_power * se;
  };
  double low = least, high = least;
  for (;;) {
    TRACSEQ_TRY(const bool reached, enough(high));
    if (reached || high > kUsersMost) break;
    low = high;
    high *= 2;
  }
  for (int i = 0; i < kBisections && high - low > 0.5; ++i) {
    const double middle = (low + high) / 2;
    TRACSEQ_TRY(const bool reached, enough(middle));
    (reached ? high : low) = middle;
  }
  return std::ceil(high);
}

Result<double> sequential_size(const PlanDesign& design, double effect, double alpha, double fixed) {
  if (design.method == SequentialMethod::fixed) return fixed;
  if (design.method == SequentialMethod::group_sequential) {
    std::vector<double> information;
    for (std::int64_t i = 1; i <= design.looks; ++i)
      information.push_back(static_cast<double>(i) / static_cast<double>(design.looks));
    TRACSEQ_TRY(const auto power, stats::sequential_power(information, {design.spending, alpha, 2, false},
                                                          design.statistical_power));
    return std::ceil(fixed * power.inflation);
  }
  const double p = design.baseline, q = design.baseline + effect;
  const double unit_error = design.kind == MetricKind::proportion ? std::sqrt(p * (1 - p) + q * (1 - q))
                                                                  : *design.std_dev * std::sqrt(2.0);
  return always_valid_size(design, effect, unit_error, alpha, fixed / 2);
}

}  // namespace

Result<PlannedSize> plan_size(const PlanDesign& design) {
  PlannedSize planned;
  planned.effect = design.effect * std::abs(design.baseline);
  if (!(std::abs(planned.effect) > 0) || !std::isfinite(planned.effect))
    return fail_field("effect", "effect times baseline is 0 or no number: there is nothing to find");
  const double alpha = (1 - design.confidence_level) / static_cast<double>(design.variants - 1);
  TRACSEQ_TRY(planned.fixed_users_per_variant, fixed_size(design, planned.effect, alpha));
  TRACSEQ_TRY(planned.users_per_variant,
              sequential_size(design, planned.effect, alpha, planned.fixed_users_per_variant));
  planned.inflation = planned.users_per_variant / planned.fixed_users_per_variant;
  planned.users = planned.users_per_variant * static_cast<double>(design.variants);
  if (design.users_per_day) {
    TRACSEQ_TRY(planned.days, stats::duration_days(planned.users, *design.users_per_day, design.share));
  }
  if (design.variants > 2) planned.note = "alpha is shared among the treatments (Bonferroni)";
  return planned;
}

}  // namespace tracseq::abtest
