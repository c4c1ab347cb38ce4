// SPDX-License-Identifier: MIT
#include "stats/compare_means.h"

#include <fmt/format.h>

#include <cmath>

namespace tracseq::stats {
namespace {

double count_of(const Moments& moments) { return static_cast<double>(moments.count); }
double sample_variance(const Moments& moments) { return moments.m2 / (count_of(moments) - 1); }

Comparison untestable(std::string method, double effect, std::string reason) {
  Comparison answer;
  answer.method = std::move(method);
  answer.testable = false;
  answer.reason = std::move(reason);
  answer.effect = effect;
  return answer;
}

Result<void> check_moments(const char* field, const Moments& moments) {
  if (moments.count < 0 || !std::isfinite(moments.mean) || !(moments.m2 >= 0) || std::isinf(moments.m2))
    return fail_field(
        field, fmt::format("{} has count {}, mean {} and sum of squares {}; allowed are finite numbers and "
                           "a sum of squares that is not negative",
                           field, moments.count, moments.mean, moments.m2));
  return {};
}

// Why the two cannot be compared; empty if they can.
std::string hindrance(const Moments& a, const Moments& b) {
  if (a.count < 2 || b.count < 2)
    return fmt::format("each arm needs at least 2 values, there are {} and {}", a.count, b.count);
  if (a.m2 == 0 && b.m2 == 0) return "no arm varies: every value within each arm is the same";
  return {};
}

}  // namespace

Result<Comparison> estimate_test(std::string method, double effect, double std_error, double dof,
                                 const TestOptions& options) {
  TRACSEQ_CHECK(check_between("confidence", options.confidence, 0, 1));
  if (!(std_error >= 0) || !std::isfinite(effect))
    return fail_field(
        "std_error",
        fmt::format("effect {} with standard error {}: both must be finite, the error not negative", effect,
                    std_error));
  if (std_error == 0) return untestable(std::move(method), effect, "the standard error is 0: nothing varies");
  Comparison answer;
  answer.method = std::move(method);
  answer.effect = effect;
  answer.std_error = std_error;
  answer.statistic = effect / std_error;
  answer.dof = dof;
  answer.p_value =
      p_of_tails(options.alternative, t_tail(-answer.statistic, dof), t_tail(answer.statistic, dof));
  const double half = t_upper((1 - options.confidence) / 2, dof) * std_error;
  answer.low = effect - half;
  answer.high = effect + half;
  return answer;
}

Result<Comparison> welch_test(const Moments& a, const Moments& b, const TestOptions& options) {
  TRACSEQ_CHECK(check_moments("a", a));
  TRACSEQ_CHECK(check_moments("b", b));
  TRACSEQ_CHECK(check_between("confidence", options.confidence, 0, 1));
  const double effect = a.mean - b.mean;
  if (std::string why = hindrance(a, b); !why.empty()) return untestable("welch", effect, std::move(why));
  const double u = sample_variance(a) / count_of(a);
  const double v = sample_variance(b) / count_of(b);
  const double dof = (u + v) * (u + v) / (u * u / (count_of(a) - 1) + v * v / (count_of(b) - 1));
  return estimate_test("welch", effect, std::sqrt(u + v), dof, options);
}

Result<Comparison> student_test(const Moments& a, const Moments& b, const TestOptions& options) {
  TRACSEQ_CHECK(check_moments("a", a));
  TRACSEQ_CHECK(check_moments("b", b));
  TRACSEQ_CHECK(check_between("confidence", options.confidence, 0, 1));
  const double effect = a.mean - b.mean;
  if (std::string why = hindrance(a, b); !why.empty()) return untestable("student", effect, std::move(why));
  const double dof = count_of(a) + count_of(b) - 2;
  const double pooled = (a.m2 + b.m2) / dof;
  return estimate_test("student", effect, std::sqrt(pooled * (1 / count_of(a) + 1 / count_of(b))), dof,
                       options);
}

}  // namespace tracseq::stats
