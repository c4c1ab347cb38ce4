// SPDX-License-Identifier: MIT
#include "stats/always_valid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(AlwaysValid)
TRACSEQ_DEFINE_TYPE(SequentialRatio)

namespace {

Result<void> check(const std::vector<Look>& looks, double alpha) {
  TRACSEQ_CHECK(check_between("alpha", alpha, 0, 1));
  for (const Look& look : looks)
    if (!std::isfinite(look.effect) || !(look.std_error > 0) || !std::isfinite(look.std_error))
      return fail_field("std_errors",
                        fmt::format("a look has effect {} and standard error {}; both must be finite, the "
                                    "error above 0 (a look without variance is not a look)",
                                    look.effect, look.std_error));
  return {};
}

// Adds a look whose log evidence and half-width are known.
void append(AlwaysValid& out, const Look& look, double log_evidence, double half, bool intersect) {
  const double p =
      std::min(out.p_values.empty() ? 1.0 : out.p_values.back(), std::min(1.0, std::exp(-log_evidence)));
  out.p_values.push_back(p);
  out.e_values.push_back(std::exp(log_evidence));
  double low = look.effect - half, high = look.effect + half;
  if (intersect && !out.low.empty()) {
    low = std::max(low, out.low.back());
    high = std::min(high, out.high.back());
  }
  out.empty = out.empty || !(low <= high);
  out.low.push_back(out.empty && intersect ? kNaN : low);
  out.high.push_back(out.empty && intersect ? kNaN : high);
}

}  // namespace

Result<AlwaysValid> mixture_sprt(const std::vector<Look>& looks, double tau, double alpha, bool intersect) {
  TRACSEQ_CHECK(check(looks, alpha));
  TRACSEQ_CHECK(check_between("tau", tau, 0, kInfinity));
  AlwaysValid out;
  for (const Look& look : looks) {
    const double v = look.std_error * look.std_error, t = tau * tau;
    const double log_shrink = 0.5 * std::log1p(t / v);  // ln √((V + τ²)/V)
    const double log_evidence = t * look.effect * look.effect / (2 * v * (v + t)) - log_shrink;
    append(out, look, log_evidence, std::sqrt(2 * v * (v + t) / t * (log_shrink - std::log(alpha))),
           intersect);
  }
  return out;
}

Result<AlwaysValid> confidence_sequence(const std::vector<Look>& looks, double tuned_for, double alpha,
                                        bool intersect) {
  TRACSEQ_CHECK(check(looks, alpha));
  TRACSEQ_CHECK(check_between("tuned_for", tuned_for, 0, kInfinity));
  const double log_alpha = std::log(alpha);
  const double rho2 = (-2 * log_alpha + std::log1p(-2 * log_alpha)) / tuned_for;
  AlwaysValid out;
  for (const Look& look : looks) {
    if (!(look.units > 0))
      return fail_field("units", fmt::format("units is {}; allowed are numbers above 0", look.units));
    const double information = look.units * rho2, log_root = 0.5 * std::log1p(information);
    const double z = look.effect / look.std_error;
    const double log_evidence = information * z * z / (2 * (information + 1)) - log_root;
    append(out, look, log_evidence,
           look.std_error * std::sqrt(2 * (information + 1) / information * (log_root - log_alpha)),
           intersect);
  }
  return out;
}

Result<Range> rate_sequence(std::int64_t successes, std::int64_t trials, double alpha, double prior_a,
                            double prior_b) {
  TRACSEQ_CHECK(check_between("alpha", alpha, 0, 1));
  TRACSEQ_CHECK(check_between("prior_a", prior_a, 0, kInfinity));
  TRACSEQ_CHECK(check_between("prior_b", prior_b, 0, kInfinity));
  if (successes < 0 || trials < successes)
    return fail_field("successes",
                      fmt::format("{} successes of {} trials; allowed are 0 to trials", successes, trials));
  if (trials == 0) return Range{0, 1};
  const auto s = static_cast<double>(successes), f = static_cast<double>(trials - successes);
  const double mixture = log_beta(prior_a + s, prior_b + f) - log_beta(prior_a, prior_b);
  const auto outside = [&](double p) {
    const double likelihood = (s > 0 ? s * std::log(p) : 0) + (f > 0 ? f * std::log1p(-p) : 0);
    return mixture - likelihood >= -std::log(alpha);
  };
  const auto bisect = [&](double inside, double out) {
    if (!outside(out)) return out;
    for (int i = 0; i < 200; ++i) {
      const double middle = 0.5 * (inside + out);
      if (middle == inside || middle == out) break;
      (outside(middle) ? out : inside) = middle;
    }
    return inside;
  };
  const double seen = s / (s + f);
  return Range{bisect(seen, 0), bisect(seen, 1)};
}

Result<SequentialRatio> sequential_ratio(std::span<const double> counts, std::span<const double> shares,
                                         double kappa) {
  TRACSEQ_CHECK(check_between("kappa", kappa, 0, kInfinity));
  double whole = 0;
  for (const double share : shares) {
    if (!(share >= 0) || !std::isfinite(share))
      return fail_field("shares", fmt::format("shares hold {}; allowed are numbers from 0", share));
    whole += share;
  }
  if (!(whole > 0)) return fail_field("shares", "shares are empty or all 0");
  if (counts.size() % shares.size() != 0)
    return fail_field("counts", fmt::format("counts has {} values, which are not looks of {}", counts.size(),
                                            shares.size()));
  SequentialRatio out;
  double least = 1;
  for (std::size_t at = 0; at < counts.size(); at += shares.size()) {
    double log_bf = 0, prior = 0, total = 0;
    bool impossible = false;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const double n = counts[at + i], share = shares[i] / whole;
      const bool falls = at > 0 && n < counts[at + i - shares.size()];
      if (!(n >= 0) || !std::isfinite(n) || falls)
        return fail_field("counts", fmt::format("counts hold {}{}; allowed are cumulative counts from 0", n,
                                                falls ? " after a greater one" : ""));
      total += n;
      if (share == 0) {
        impossible = impossible || n > 0;
        continue;
      }
      prior += kappa * share;
      log_bf += log_gamma(kappa * share + n) - log_gamma(kappa * share) - n * std::log(share);
    }
    log_bf += log_gamma(prior) - log_gamma(prior + total);
    if (impossible) log_bf = kInfinity;
    least = std::min(least, std::exp(-log_bf));
    out.p_values.push_back(least);
    out.log_bayes_factors.push_back(log_bf);
  }
  return out;
}

}  // namespace tracseq::stats
