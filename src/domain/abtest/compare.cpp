// SPDX-License-Identifier: MIT
#include "domain/abtest/compare.h"

#include <algorithm>
#include <cmath>

#include "domain/abtest/guardrails.h"
#include "stats/compare_means.h"
#include "stats/effects.h"
#include "stats/proportions.h"
#include "stats/quantile_estimate.h"
#include "stats/quantile_sketch.h"

namespace tracseq::abtest {
namespace {

using stats::PairMoments;

constexpr int kRankSteps = 40;

stats::Comparison not_testable(std::string reason) {
  stats::Comparison none;
  none.testable = false;
  none.reason = std::move(reason);
  return none;
}

stats::Comparison or_reason(Result<stats::Comparison> test) {
  return test ? std::move(*test) : not_testable(test.error().message);
}

// Every user has as many values as every other: a ratio is a mean then.
bool equal_denominators(const PairMoments& arm) { return arm.m2_x == 0 && arm.mean_x != 0; }

stats::Moments mean_moments(const PairMoments& arm, double scale = 1) {
  stats::Moments moments;
  moments.count = arm.count;
  moments.mean = arm.mean_y / scale;
  moments.m2 = arm.m2_y / (scale * scale);
  return moments;
}

stats::Proportion proportion_of(const PairMoments& arm) {
  return {std::llround(arm.mean_y * static_cast<double>(arm.count)), arm.count};
}

// Values of one user are not independent. Where their likeness is unknown, the least that n values can be
// worth is (Σn)²/Σn² (all of a user's values alike), which is the number of users where each has as many.
double worth(const PairMoments& counts) {
  const auto users = static_cast<double>(counts.count);
  const double sum = counts.mean_y * users, squares = counts.m2_y + users * counts.mean_y * counts.mean_y;
  return squares > 0 ? sum * sum / squares : 0;
}

// How far the rank of the sketch's answer may be off: the share of the values in its bucket.
double rank_error_of(const stats::QuantileSketch& sketch, double q) {
  const double value = sketch.quantile(q);
  const auto edge = [&](double inside, double outside) {
    if (sketch.quantile(outside) == value) return outside;
    for (int i = 0; i < kRankSteps; ++i) {
      const double middle = (inside + outside) / 2;
      (sketch.quantile(middle) == value ? inside : outside) = middle;
    }
    return inside;
  };
  return std::max(edge(q, 1) - q, q - edge(q, 0));
}

struct QuantileArm {
  stats::QuantileEstimate estimate;
  double rank_error = 0;
};

std::optional<QuantileArm> quantile_arm(const MetricPlan& metric, const ArmSums& arm, double confidence) {
  const auto sketch = stats::QuantileSketch::decode(arm.sketch);
  if (!sketch || sketch->count() == 0) return std::nullopt;
  const double q = metric.quantile, n = worth(arm.moments);
  QuantileArm out;
  out.estimate.value = sketch->quantile(q);
  out.rank_error = rank_error_of(*sketch, q);
  const auto ranks =
      stats::quantile_ranks(std::max<std::int64_t>(1, static_cast<std::int64_t>(n)), q, confidence);
  if (ranks) {
    // The interval's ranks are moved by what the sketch may be off, to the cautious side.
    out.estimate.coverage = ranks->coverage;
    const double low = static_cast<double>(ranks->low) / n - out.rank_error;
    const double high = static_cast<double>(ranks->high) / n + out.rank_error;
    out.estimate.low = ranks->low < 1 || low <= 0 ? -stats::kInfinity : sketch->quantile(low);
    out.estimate.high =
        static_cast<double>(ranks->high) > n || high >= 1 ? stats::kInfinity : sketch->quantile(high);
  }
  const double z = stats::normal_upper((1 - confidence) / 2);
  const double reach = z * std::sqrt(q * (1 - q) / n) + out.rank_error;
  if (q - reach > 0 && q + reach < 1)
    out.estimate.std_error = (sketch->quantile(q + reach) - sketch->quantile(q - reach)) / (2 * z);
  return out;
}

std::optional<ArmEstimate> estimate_quantile(const MetricPlan& metric, const ArmSums& arm,
                                             double confidence) {
  const auto found = quantile_arm(metric, arm, confidence);
  if (!found) return std::nullopt;
  ArmEstimate out;
  out.value = found->estimate.value;
  out.users = arm.moments.count;
  out.std_error = found->estimate.std_error;
  out.interval = stats::Range{found->estimate.low, found->estimate.high};
  out.rank_error = found->rank_error;
  return out;
}

double error_of(const MetricPlan& metric, const PairMoments& arm) {
  const auto n = static_cast<double>(arm.count);
  if (metric.kind == MetricKind::ratio && !equal_denominators(arm)) {
    const auto ratio = stats::ratio_estimate(arm);
    return ratio ? ratio->std_error : stats::kNaN;
  }
  const double scale = metric.kind == MetricKind::ratio ? std::abs(arm.mean_x) : 1;
  return std::sqrt(arm.variance_y() / n) / scale;
}

Difference compare_quantiles(const MetricPlan& metric, const ArmSums& a, const ArmSums& b,
                             double confidence) {
  const auto first = quantile_arm(metric, a, confidence), second = quantile_arm(metric, b, confidence);
  if (!first || !second) return {not_testable("a variant has no values yet"), std::nullopt};
  return {or_reason(stats::quantile_test(first->estimate, second->estimate, {.confidence = confidence})),
          std::nullopt};
}

}  // namespace

std::optional<ArmEstimate> estimate_arm(const MetricPlan& metric, const ArmSums& arm, double confidence) {
  if (metric.kind == MetricKind::quantile) return estimate_quantile(metric, arm, confidence);
  const auto value = estimate_of(metric, arm);
  if (!value) return std::nullopt;
  ArmEstimate out;
  out.value = *value;
  out.users = arm.moments.count;
  if (metric.kind == MetricKind::proportion) {
    const auto wilson = stats::wilson_interval(proportion_of(arm.moments), confidence);
    if (wilson) out.interval = *wilson;
  }
  if (out.users < 2) return out;
  out.std_error = error_of(metric, arm.moments);
  out.std_dev = out.std_error * std::sqrt(static_cast<double>(out.users));
  if (!out.interval) {
    const double reach =
        stats::t_upper((1 - confidence) / 2, static_cast<double>(out.users - 1)) * out.std_error;
    out.interval = stats::Range{out.value - reach, out.value + reach};
  }
  return out;
}

Difference compare_arms(const MetricPlan& metric, const ArmSums& treatment, const ArmSums& control,
                        double confidence) {
  const stats::TestOptions options{.confidence = confidence};
  const PairMoments &a = treatment.moments, &b = control.moments;
  if (a.count == 0 || b.count == 0) return {not_testable("a variant has no values yet"), std::nullopt};
  if (metric.kind == MetricKind::quantile) return compare_quantiles(metric, treatment, control, confidence);
  if (metric.kind == MetricKind::ratio) {
    if (equal_denominators(a) && equal_denominators(b))
      return {or_reason(stats::welch_test(mean_moments(a, a.mean_x), mean_moments(b, b.mean_x), options)),
              std::nullopt};
    return {or_reason(stats::ratio_test(a, b, options)), std::nullopt};
  }
  if (!metric.covariate.empty() && a.count > 1 && b.count > 1 && a.m2_x + b.m2_x > 0) {
    auto cuped = stats::cuped_test(a, b, options);
    if (!cuped) return {not_testable(cuped.error().message), std::nullopt};
    return {std::move(cuped->test), cuped->variance_kept};
  }
  if (metric.kind == MetricKind::proportion)
    return {or_reason(stats::two_proportion_test(proportion_of(a), proportion_of(b), options)), std::nullopt};
  return {or_reason(stats::welch_test(mean_moments(a), mean_moments(b), options)), std::nullopt};
}

}  // namespace tracseq::abtest
