// SPDX-License-Identifier: MIT
#include "stats/bayes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(BayesView)

namespace {

constexpr double kParameterMost = 1e12;
constexpr std::size_t kArmsMost = 1000;
constexpr double kNegligible = 1e-19;

Result<void> check(const char* field, BetaLaw law) {
  if (law.a > 0 && law.b > 0 && law.a <= kParameterMost && law.b <= kParameterMost) return {};
  return fail_field(field, fmt::format("{} is Beta({}, {}); allowed are parameters above 0 up to {}", field,
                                       law.a, law.b, kParameterMost));
}

// Spread of the law on the logit scale.
double logit_sd(BetaLaw law) { return std::sqrt(1 / law.a + 1 / law.b); }

// ln of the density of logit(X): a·t − (a + b)·ln(1 + e^t) − ln B(a, b).
double log_logit_density(BetaLaw law, double t) {
  const double softplus = t > 0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t));
  return law.a * t - (law.a + law.b) * softplus;
}

// ∫ density_i · Π_{j≠i} F_j, all on the logit scale; the density is brought to sum 1 by the same rule, so no
// ln B of huge parameters is needed.
double best_integral(const std::vector<BetaLaw>& arms, std::size_t i) {
  double narrowest = kInfinity;
  for (const BetaLaw& arm : arms) narrowest = std::min(narrowest, logit_sd(arm));
  const double h = std::min(narrowest / 4, 0.35);
  const double mode = std::log(arms[i].a / arms[i].b), peak = log_logit_density(arms[i], mode);
  double sum = 0, whole = 0;
  const auto add = [&](double t) {
    const double weight = std::exp(log_logit_density(arms[i], t) - peak);
    const double x = 1 / (1 + std::exp(-t));
    double product = weight;
    for (std::size_t j = 0; j < arms.size() && product > 0; ++j)
      if (j != i)
        product *= x < 0.5 ? beta_cdf(x, arms[j].a, arms[j].b)
                           : beta_tail(1 / (1 + std::exp(t)), arms[j].b, arms[j].a);
    sum += product;
    whole += weight;
    return weight > kNegligible * std::max(1.0, whole);
  };
  add(mode);
  for (double t = mode + h; add(t); t += h) {
  }
  for (double t = mode - h; add(t); t -= h) {
  }
  return sum / whole;
}

// P(X > Y), by the density of the narrower one.
double probability_greater(BetaLaw x, BetaLaw y) {
  return logit_sd(x) <= logit_sd(y) ? best_integral({x, y}, 0) : 1 - best_integral({x, y}, 1);
}

double mean_of(BetaLaw law) { return law.a / (law.a + law.b); }

// E[max(X − Y, 0)] = E[X]·P(X' > Y) − E[Y]·P(X > Y'), where the primes are weighted by their size: Beta(a +
// 1, b).
double expected_excess(BetaLaw x, BetaLaw y) {
  return std::max(0.0, mean_of(x) * probability_greater({x.a + 1, x.b}, y) -
                           mean_of(y) * probability_greater(x, {y.a + 1, y.b}));
}

}  // namespace

Result<BayesView> bayes_rates(BetaLaw a, BetaLaw b) {
  TRACSEQ_CHECK(check("a", a));
  TRACSEQ_CHECK(check("b", b));
  BayesView out;
  out.probability_better = probability_greater(a, b);
  out.mean = mean_of(a) - mean_of(b);
  out.expected_loss_control = expected_excess(a, b);
  out.expected_loss = expected_excess(b, a);
  return out;
}

Result<std::vector<double>> probability_best(const std::vector<BetaLaw>& arms) {
  if (arms.size() < 2 || arms.size() > kArmsMost)
    return fail_field("arms", fmt::format("there are {} arms; allowed are 2 to {}", arms.size(), kArmsMost));
  std::vector<double> out;
  for (const BetaLaw& arm : arms) TRACSEQ_CHECK(check("arms", arm));
  for (std::size_t i = 0; i < arms.size(); ++i) out.push_back(best_integral(arms, i));
  return out;
}

Result<BayesView> bayes_normal(double effect, double std_error, double prior_mean, double prior_sd,
                               double confidence) {
  TRACSEQ_CHECK(check_between("effect", effect, -kInfinity, kInfinity));
  TRACSEQ_CHECK(check_between("std_error", std_error, 0, kInfinity));
  TRACSEQ_CHECK(check_between("prior_mean", prior_mean, -kInfinity, kInfinity));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  if (!(prior_sd > 0))
    return fail_field("prior_sd",
                      fmt::format("prior_sd is {}; allowed is above 0, infinite is flat", prior_sd));
  const double data = 1 / (std_error * std_error), prior = 1 / (prior_sd * prior_sd);
  const double sd = 1 / std::sqrt(data + prior);
  BayesView out;
  out.mean = (effect * data + prior_mean * prior) / (data + prior);
  const double z = out.mean / sd;
  out.probability_better = normal_cdf(z);
  out.expected_loss = std::max(0.0, sd * normal_density(z) - out.mean * normal_cdf(-z));
  out.expected_loss_control = std::max(0.0, sd * normal_density(z) + out.mean * normal_cdf(z));
  const double half = normal_upper((1 - confidence) / 2) * sd;
  out.low = out.mean - half;
  out.high = out.mean + half;
  return out;
}

}  // namespace tracseq::stats
