// SPDX-License-Identifier: MIT
#include "stats/sequential_rates.h"

#include <cmath>

#include "base/result.h"

namespace tracseq::stats {
namespace {

constexpr double kPrior = 0.5;   // Jeffreys: within a constant of the best mixture for every rate
constexpr int kBisections = 60;  // more than a double has digits

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

// log of the mixture's likelihood over that of the rate p.
double log_evidence(double events, double trials, double p) {
  const double quiet = trials - events;
  double likelihood = 0;
  if (events > 0) likelihood += events * std::log(p);
  if (quiet > 0) likelihood += quiet * std::log1p(-p);
  return log_beta(kPrior + events, kPrior + quiet) - log_beta(kPrior, kPrior) - likelihood;
}

// Where the evidence against a rate reaches `limit`, between `outside` (where it does) and `inside`.
double crossing(double events, double trials, double limit, double outside, double inside) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (outside + inside);
    (log_evidence(events, trials, middle) >= limit ? outside : inside) = middle;
  }
  return outside;  // the wider of the two: never short of the level
}

}  // namespace

RateBounds rate_sequence(std::int64_t events, std::int64_t trials, double alpha) {
  TRACSEQ_ENSURE(events >= 0 && events <= trials && alpha > 0 && alpha < 1);
  if (trials == 0) return {};
  const auto k = static_cast<double>(events);
  const auto n = static_cast<double>(trials);
  const double limit = -std::log(alpha);
  const double mean = k / n;
  RateBounds bounds;
  if (events > 0) bounds.lower = crossing(k, n, limit, 0, mean);
  if (events < trials) bounds.upper = crossing(k, n, limit, 1, mean);
  return bounds;
}

RateBounds rate_difference_sequence(std::int64_t events_a, std::int64_t trials_a, std::int64_t events_b,
                                    std::int64_t trials_b, double alpha) {
  const RateBounds a = rate_sequence(events_a, trials_a, alpha / 2);
  const RateBounds b = rate_sequence(events_b, trials_b, alpha / 2);
  return {a.lower - b.upper, a.upper - b.lower};
}

}  // namespace tracseq::stats
