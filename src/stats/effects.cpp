// SPDX-License-Identifier: MIT
#include "stats/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/compare_means.h"

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(PairMoments)
TRACSEQ_DEFINE_TYPE(RatioEstimate)
TRACSEQ_DEFINE_TYPE(LiftInterval)
TRACSEQ_DEFINE_TYPE(CupedTest)
TRACSEQ_DEFINE_TYPE(MarginTest)

namespace {

Result<void> check_arm(const char* field, const PairMoments& arm) {
  const bool finite = std::isfinite(arm.mean_y) && std::isfinite(arm.mean_x) && std::isfinite(arm.m2_y) &&
                      std::isfinite(arm.m2_x) && std::isfinite(arm.cross);
  if (arm.count >= 2 && finite && arm.m2_y >= 0 && arm.m2_x >= 0) return {};
  return fail_field(field, fmt::format("{} has {} units{}; at least 2 are needed, and finite moments", field,
                                       arm.count, finite ? "" : " and moments that are not finite"));
}

Result<void> check_estimate(double mean, double se, const char* field) {
  if (std::isfinite(mean) && se >= 0 && std::isfinite(se)) return {};
  return fail_field(
      field,
      fmt::format("{} is {} for the mean {}; both must be finite, the error not negative", field, se, mean));
}

}  // namespace

Result<RatioEstimate> ratio_estimate(const PairMoments& arm) {
  TRACSEQ_CHECK(check_arm("a", arm));
  if (arm.mean_x == 0) return fail_field("denominator", "the denominator's mean is 0: there is no ratio");
  const double ratio = arm.mean_y / arm.mean_x;
  const double variance = arm.variance_y() - 2 * ratio * arm.covariance() + ratio * ratio * arm.variance_x();
  return RatioEstimate{
      ratio, std::sqrt(std::max(0.0, variance) / static_cast<double>(arm.count)) / std::abs(arm.mean_x)};
}

Result<Comparison> ratio_test(const PairMoments& a, const PairMoments& b, const TestOptions& options) {
  TRACSEQ_CHECK(check_arm("b", b));
  TRACSEQ_TRY(const RatioEstimate first, ratio_estimate(a));
  TRACSEQ_TRY(const RatioEstimate second, ratio_estimate(b));
  return estimate_test("ratio, delta method", first.ratio - second.ratio,
                       std::hypot(first.std_error, second.std_error), kInfinity, options);
}

Result<LiftInterval> fieller_lift(double mean_a, double se_a, double mean_b, double se_b, double confidence,
                                  double dof) {
  TRACSEQ_CHECK(check_estimate(mean_a, se_a, "se_a"));
  TRACSEQ_CHECK(check_estimate(mean_b, se_b, "se_b"));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  if (!(dof > 0)) return fail_field("dof", fmt::format("dof is {}; allowed is a number above 0", dof));
  LiftInterval answer{"Fieller", mean_b == 0 ? kNaN : mean_a / mean_b - 1, -kInfinity, kInfinity, false};
  const double t = t_upper((1 - confidence) / 2, dof);
  const double square = mean_b * mean_b - t * t * se_b * se_b;
  if (!(square > 0)) return answer;  // the control's mean may be 0
  const double middle = mean_a * mean_b;
  // middle² − square·(μ_a² − t²v_a), without the squares that cancel.
  const double rest =
      t * t *
      (mean_b * mean_b * se_a * se_a + mean_a * mean_a * se_b * se_b - t * t * se_a * se_a * se_b * se_b);
  const double root = std::sqrt(std::max(0.0, rest));
  answer.low = (middle - root) / square - 1;
  answer.high = (middle + root) / square - 1;
  answer.bounded = true;
  return answer;
}

Result<LiftInterval> delta_lift(double mean_a, double se_a, double mean_b, double se_b, double confidence) {
  TRACSEQ_CHECK(check_estimate(mean_a, se_a, "se_a"));
  TRACSEQ_CHECK(check_estimate(mean_b, se_b, "se_b"));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  if (mean_b == 0) return fail_field("mean_b", "the control's mean is 0: there is no lift");
  const double lift = mean_a / mean_b - 1;
  const double half =
      normal_upper((1 - confidence) / 2) * std::hypot(se_a, se_b * mean_a / mean_b) / std::abs(mean_b);
  return LiftInterval{"delta method", lift, lift - half, lift + half, true};
}

Result<CupedTest> cuped_test(const PairMoments& a, const PairMoments& b, const TestOptions& options) {
  TRACSEQ_CHECK(check_arm("a", a));
  TRACSEQ_CHECK(check_arm("b", b));
  CupedTest answer;
  const double spread = a.m2_x + b.m2_x;
  const double theta = answer.theta = spread > 0 ? (a.cross + b.cross) / spread : 0;
  const auto n = static_cast<double>(a.count), m = static_cast<double>(b.count);
  const double centre = (n * a.mean_x + m * b.mean_x) / (n + m);
  const auto adjusted = [&](const PairMoments& arm) {
    Moments out;
    out.count = arm.count;
    out.mean = arm.mean_y - theta * (arm.mean_x - centre);
    out.m2 = std::max(0.0, arm.m2_y + theta * theta * arm.m2_x - 2 * theta * arm.cross);
    return out;
  };
  const Moments first = adjusted(a), second = adjusted(b);
  answer.adjusted_a = first.mean;
  answer.adjusted_b = second.mean;
  TRACSEQ_TRY(answer.test, welch_test(first, second, options));
  answer.test.method = "welch, CUPED";
  const double before = a.variance_y() / n + b.variance_y() / m;
  answer.variance_kept = before > 0 ? (first.m2 / (n - 1) / n + second.m2 / (m - 1) / m) / before : kNaN;
  return answer;
}

Result<std::vector<double>> winsorize(std::span<const double> values, double low, double high) {
  if (!(low <= high))
    return fail_field("low", fmt::format("low is {} and high {}; low must not be above high", low, high));
  std::vector<double> out(values.begin(), values.end());
  for (double& value : out) value = std::isnan(value) ? value : std::clamp(value, low, high);
  return out;
}

namespace {

Result<MarginTest> margin_bounds(double effect, double se, double margin, double confidence, double dof) {
  TRACSEQ_CHECK(check_estimate(effect, se, "std_error"));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  TRACSEQ_CHECK(check_between("margin", margin, 0, kInfinity));
  TRACSEQ_CHECK(check_between("std_error", se, 0, kInfinity));
  if (!(dof > 0)) return fail_field("dof", fmt::format("dof is {}; allowed is a number above 0", dof));
  const double half = t_upper(1 - confidence, dof) * se;
  return MarginTest{kNaN, false, effect - half, effect + half};
}

}  // namespace

Result<MarginTest> non_inferiority(double effect, double std_error, double margin, double confidence,
                                   double dof) {
  TRACSEQ_TRY(MarginTest answer, margin_bounds(effect, std_error, margin, confidence, dof));
  answer.p_value = t_tail((effect + margin) / std_error, dof);
  answer.passed = answer.bound_low > -margin;
  return answer;
}

Result<MarginTest> equivalence(double effect, double std_error, double margin, double confidence,
                               double dof) {
  TRACSEQ_TRY(MarginTest answer, margin_bounds(effect, std_error, margin, confidence, dof));
  answer.p_value =
      std::max(t_tail((effect + margin) / std_error, dof), t_tail((margin - effect) / std_error, dof));
  answer.passed = answer.bound_low > -margin && answer.bound_high < margin;
  return answer;
}

}  // namespace tracseq::stats
