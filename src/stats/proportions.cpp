// SPDX-License-Identifier: MIT
#include "stats/proportions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tracseq::stats {
namespace {

constexpr double kExpectedLeast = 10;
constexpr int kBisections = 200;  // to the last bit of a double in (−1, 1); the loop ends when nothing moves

Result<void> check(const char* field, Proportion p) {
  if (p.trials >= 1 && p.successes >= 0 && p.successes <= p.trials) return {};
  return fail_field(
      field, fmt::format("{} has {} successes of {} trials; allowed are 0 to trials, and at least 1 trial",
                         field, p.successes, p.trials));
}

Range wilson(Proportion p, double z) {
  const auto n = static_cast<double>(p.trials);
  const double rate = p.rate();
  const double centre = (rate + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z * std::sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  return {p.successes == 0 ? 0 : std::max(0.0, centre - half),
          p.successes == p.trials ? 1 : std::min(1.0, centre + half)};
}

// The p₂ in [max(0, −δ), min(1, 1 − δ)] that makes the data likeliest where p₁ = p₂ + δ. The log likelihood
// is concave, so its slope changes sign once.
double restricted_rate(Proportion a, Proportion b, double delta) {
  const auto x1 = static_cast<double>(a.successes), n1 = static_cast<double>(a.trials);
  const auto x2 = static_cast<double>(b.successes), n2 = static_cast<double>(b.trials);
  double low = std::max(0.0, -delta), high = std::min(1.0, 1 - delta);
  const auto term = [](double weight, double p) { return weight == 0 ? 0 : weight / p; };
  for (int i = 0; i < kBisections; ++i) {
    const double p = 0.5 * (low + high);
    if (p <= low || p >= high) break;
    const double slope =
        term(x1, p + delta) - term(n1 - x1, 1 - p - delta) + term(x2, p) - term(n2 - x2, 1 - p);
    (slope > 0 ? low : high) = p;
  }
  return 0.5 * (low + high);
}

// Miettinen and Nurminen's statistic for the difference δ; falls as δ grows.
double score(Proportion a, Proportion b, double delta) {
  const auto n1 = static_cast<double>(a.trials), n2 = static_cast<double>(b.trials);
  const double p2 = restricted_rate(a, b, delta);
  const double p1 = std::clamp(p2 + delta, 0.0, 1.0);
  const double variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1);
  const double distance = a.rate() - b.rate() - delta;
  if (distance == 0) return 0;
  return variance > 0 ? distance / std::sqrt(variance) : std::copysign(kInfinity, distance);
}

// The δ in [from, to] where the statistic passes `wanted`.
double solve_score(Proportion a, Proportion b, double wanted, double from, double to) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (from + to);
    if (middle <= from || middle >= to) break;
    (score(a, b, middle) > wanted ? from : to) = middle;
  }
  return 0.5 * (from + to);
}

}  // namespace

Result<Range> wilson_interval(Proportion p, double confidence) {
  TRACSEQ_CHECK(check("a", p));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  return wilson(p, normal_upper((1 - confidence) / 2));
}

Result<Range> clopper_pearson_interval(Proportion p, double confidence) {
  TRACSEQ_CHECK(check("a", p));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  const auto x = static_cast<double>(p.successes), n = static_cast<double>(p.trials);
  const double tail = (1 - confidence) / 2;
  return Range{p.successes == 0 ? 0 : beta_quantile(tail, x, n - x + 1),
               p.successes == p.trials ? 1 : beta_quantile(1 - tail, x + 1, n - x)};
}

Result<Range> newcombe_interval(Proportion a, Proportion b, double confidence) {
  TRACSEQ_CHECK(check("a", a));
  TRACSEQ_CHECK(check("b", b));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  const double z = normal_upper((1 - confidence) / 2);
  const Range one = wilson(a, z), two = wilson(b, z);
  const double p1 = a.rate(), p2 = b.rate();
  return Range{p1 - p2 - std::hypot(p1 - one.low, two.high - p2),
               p1 - p2 + std::hypot(one.high - p1, p2 - two.low)};
}

Result<Range> miettinen_nurminen_interval(Proportion a, Proportion b, double confidence) {
  TRACSEQ_CHECK(check("a", a));
  TRACSEQ_CHECK(check("b", b));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  const double z = normal_upper((1 - confidence) / 2);
  const double observed = a.rate() - b.rate();
  return Range{observed == -1 ? -1 : solve_score(a, b, z, -1, observed),
               observed == 1 ? 1 : solve_score(a, b, -z, observed, 1)};
}

Result<Comparison> two_proportion_test(Proportion a, Proportion b, const TestOptions& options) {
  TRACSEQ_TRY(const Range range, newcombe_interval(a, b, options.confidence));
  const auto n1 = static_cast<double>(a.trials), n2 = static_cast<double>(b.trials);
  const double pooled = static_cast<double>(a.successes + b.successes) / (n1 + n2);
  Comparison answer;
  answer.method = "two proportions, pooled z";
  answer.effect = a.rate() - b.rate();
  answer.std_error = std::sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2));
  answer.statistic = answer.std_error > 0 ? answer.effect / answer.std_error : 0;
  answer.p_value = answer.std_error > 0 ? p_of_tails(options.alternative, normal_cdf(answer.statistic),
                                                     normal_tail(answer.statistic))
                                        : 1;
  answer.low = range.low;
  answer.high = range.high;
  const double least = std::min(n1, n2) * std::min(pooled, 1 - pooled);
  if (least < kExpectedLeast)
    answer.warnings.push_back(
        fmt::format("a cell expects {:.3g}, below {}: the normal law is off, take Fisher's exact test", least,
                    kExpectedLeast));
  return answer;
}

}  // namespace tracseq::stats
