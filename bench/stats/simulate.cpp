// SPDX-License-Identifier: MIT
// stats_simulate [RUNS] [SEED]: the error rates of the tests that decide, by simulation, beside what the
// naive peer does on the same data. Prints a table; the exit code is 1 if a rate of ours is not what it is
// said to be.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "stats/always_valid.h"
#include "stats/compare_means.h"
#include "stats/contingency.h"
#include "stats/distances.h"
#include "stats/effects.h"
#include "stats/group_sequential.h"
#include "stats/kolmogorov_smirnov.h"
#include "stats/proportions.h"
#include "stats/quantile_estimate.h"

namespace {

using namespace tracseq::stats;

constexpr int kLooks = 100;
constexpr double kAlpha = 0.05;
constexpr int kRunsLeast = 20'000;
constexpr double kCoverageWithin = 0.005;
constexpr double kLimitLeast = 500;  // values below which distances are judged by draws here
constexpr std::int64_t kDraws = 199;

struct Simulation {
  int runs = kRunsLeast;
  std::mt19937_64 random;
  bool wrong = false;
  double normal() { return std::normal_distribution<double>()(random); }
  double binomial(double n, double p) {
    return static_cast<double>(
        std::binomial_distribution<std::int64_t>(static_cast<std::int64_t>(n), p)(random));
  }
  [[nodiscard]] double error(double rate) const { return std::sqrt(rate * (1 - rate) / runs); }
};

void heading(const char* text) {
  fmt::print("\n{}\n\n| what | rate | demanded | |\n|---|---|---|---|\n", text);
}

void row(Simulation& sim, const std::string& what, double rate, double low, double high) {
  const bool right = rate >= low && rate <= high;
  sim.wrong = sim.wrong || !right;
  fmt::print("| {} | {:.4f} | {:.4f} … {:.4f} | {} |\n", what, rate, low, high,
             right ? "right" : "**wrong**");
  std::fflush(stdout);
}

void peer(const std::string& what, double rate) { fmt::print("| *peer:* {} | {:.4f} | | |\n", what, rate); }

// A rate of false alarms: at most nominal + 3 Monte-Carlo errors.
void alarm(Simulation& sim, const std::string& what, double rate, double nominal = kAlpha) {
  row(sim, what, rate, 0, nominal + 3 * sim.error(nominal));
}

// 100 looks at the difference of two arms of normal values; nothing is different. Also whether the intervals
// of all looks hold the truth.
void peeking(Simulation& sim) {
  std::vector<double> information;
  for (int k = 1; k <= kLooks; ++k) information.push_back(static_cast<double>(k) / kLooks);
  const auto obf = sequential_bounds(information, {Spending::obrien_fleming, kAlpha, 2, false}).value();
  const auto pocock = sequential_bounds(information, {Spending::pocock, kAlpha, 2, false}).value();
  const auto power = sequential_bounds(information, {Spending::power, kAlpha, 2, false}).value();
  constexpr double kUnits = 100;  // both arms together, between looks
  int naive = 0, by_obf = 0, by_pocock = 0, by_power = 0, by_mixture = 0, by_sequence = 0;
  for (int run = 0; run < sim.runs; ++run) {
    double score = 0;
    bool alarms[4] = {};
    std::vector<Look> looks;
    for (std::size_t k = 0; k < kLooks; ++k) {
      score += sim.normal();
      const auto seen = static_cast<double>(k + 1);
      const double z = std::abs(score) / std::sqrt(seen), se = 2 / std::sqrt(kUnits * seen);
      looks.push_back({score / std::sqrt(seen) * se, se, kUnits * seen});
      alarms[0] |= z > 1.959963984540054;
      alarms[1] |= z > obf.z[k];
      alarms[2] |= z > pocock.z[k];
      alarms[3] |= z > power.z[k];
    }
    naive += alarms[0], by_obf += alarms[1], by_pocock += alarms[2], by_power += alarms[3];
    by_mixture += mixture_sprt(looks, 0.1, kAlpha, false).value().p_values.back() <= kAlpha;
    by_sequence += confidence_sequence(looks, 5000, kAlpha, false).value().p_values.back() <= kAlpha;
  }
  const auto rate = [&](int count) { return static_cast<double>(count) / sim.runs; };
  heading("Type I error, stopped at any of 100 looks (nominal .05)");
  alarm(sim, "mixture sequential test", rate(by_mixture));
  alarm(sim, "asymptotic confidence sequence", rate(by_sequence));
  alarm(sim, "group sequential, O'Brien–Fleming spending", rate(by_obf));
  alarm(sim, "group sequential, Pocock spending", rate(by_pocock));
  alarm(sim, "group sequential, power spending", rate(by_power));
  peer("z test at every look", rate(naive));
}

// A rate of .1, looked at 100 times, and the split of units looked at as often.
void counted(Simulation& sim) {
  constexpr double kUnits = 100, kRate = 0.1, kKappa = 1000;
  const std::vector<double> shares{0.5, 0.5};
  int missed = 0, wilson = 0, by_ratio = 0, by_chi2 = 0;
  for (int run = 0; run < sim.runs; ++run) {
    double successes = 0, first = 0;
    bool out = false, out_wilson = false, chi2 = false;
    std::vector<double> counts;
    for (int k = 1; k <= kLooks; ++k) {
      successes += sim.binomial(kUnits, kRate);
      first += sim.binomial(kUnits, 0.5);
      counts.insert(counts.end(), {first, k * kUnits - first});
      const auto s = static_cast<std::int64_t>(successes), n = static_cast<std::int64_t>(k * kUnits);
      const Range fixed = wilson_interval({s, n}, 1 - kAlpha).value();
      out_wilson = out_wilson || kRate < fixed.low || kRate > fixed.high;
      // The truth is outside of the sequence where its evidence reaches 1/alpha: the same without the
      // bisection.
      const double evidence = log_beta(1 + successes, 1 + k * kUnits - successes) -
                              successes * std::log(kRate) - (k * kUnits - successes) * std::log1p(-kRate);
      out = out || evidence >= -std::log(kAlpha);
      const double half = k * kUnits / 2, square = 2 * (first - half) * (first - half) / half;
      chi2 = chi2 || square > 10.827566170662733;  // χ² of 1 degree of freedom, .001
    }
    missed += out, wilson += out_wilson, by_chi2 += chi2;
    by_ratio += sequential_ratio(counts, shares, kKappa).value().p_values.back() <= 0.001;
  }
  const auto rate = [&](int count) { return static_cast<double>(count) / sim.runs; };
  heading(
      "Intervals of a rate that hold at all of 100 looks (at least .95), and the split of units (alarm "
      ".001)");
  row(sim, "confidence sequence of a rate, coverage of all looks", 1 - rate(missed),
      1 - kAlpha - 3 * sim.error(kAlpha), 1);
  peer("Wilson's interval at every look, coverage of all looks", 1 - rate(wilson));
  alarm(sim, "sequential sample ratio test", rate(by_ratio), 0.001);
  peer("χ² at every look", rate(by_chi2));
}

Moments moments_of(Simulation& sim, int n, double mean, double sd) {
  Moments out;
  for (int i = 0; i < n; ++i) out.add(mean + sd * sim.normal());
  return out;
}

bool holds(double low, double high, double truth) { return low <= truth && truth <= high; }

void fixed_horizon(Simulation& sim) {
  int welch = 0, newcombe = 0, score = 0, fieller = 0, delta = 0, fieller_small = 0, delta_small = 0,
      cuped = 0, ratio = 0, median = 0;
  for (int run = 0; run < sim.runs; ++run) {
    const Moments a = moments_of(sim, 60, 1.3, 1), b = moments_of(sim, 40, 1, 2);
    const Comparison test = welch_test(a, b).value();
    welch += holds(test.low, test.high, 0.3);
    const Proportion p{static_cast<std::int64_t>(sim.binomial(2000, 0.12)), 2000};
    const Proportion q{static_cast<std::int64_t>(sim.binomial(2000, 0.10)), 2000};
    const Range one = newcombe_interval(p, q, 0.95).value(),
                two = miettinen_nurminen_interval(p, q, 0.95).value();
    newcombe += holds(one.low, one.high, 0.02);
    score += holds(two.low, two.high, 0.02);
    for (const double scale : {1.0, 0.4}) {  // control means of 8 and of 3.5 standard errors
      const double mean_a = 0.96 * scale + 0.1 * sim.normal(), mean_b = 0.8 * scale + 0.1 * sim.normal();
      const LiftInterval f = fieller_lift(mean_a, 0.1, mean_b, 0.1, 0.95).value();
      const LiftInterval d = delta_lift(mean_a, 0.1, mean_b, 0.1, 0.95).value();
      (scale == 1 ? fieller : fieller_small) += holds(f.low, f.high, 0.2);
      (scale == 1 ? delta : delta_small) += holds(d.low, d.high, 0.2);
    }
    PairMoments x, y;
    std::vector<double> values;
    for (int i = 0; i < 200; ++i) {
      const double u = sim.normal(), v = sim.normal();
      x.add(0.2 + u + 0.5 * sim.normal(), u);
      y.add(v + 0.5 * sim.normal(), v);
      values.push_back(std::exp(u));
    }
    const Comparison adjusted = cuped_test(x, y).value().test;
    cuped += holds(adjusted.low, adjusted.high, 0.2);
    PairMoments clicks;
    for (int i = 0; i < 400; ++i) {
      const double views = 1 + sim.binomial(8, 0.5);
      clicks.add(sim.binomial(views, 0.3), views);
    }
    const RatioEstimate r = ratio_estimate(clicks).value();
    ratio += std::abs(r.ratio - 0.3) <= 1.959963984540054 * r.std_error;
    const QuantileEstimate quantile = quantile_estimate(values, 0.5, 0.95).value();
    median += holds(quantile.low, quantile.high, 1);
  }
  const auto rate = [&](int count) { return static_cast<double>(count) / sim.runs; };
  const auto about = [&](const char* what, int count) {
    row(sim, what, rate(count), 0.95 - kCoverageWithin, 0.95 + kCoverageWithin);
  };
  heading("Coverage of 95 % intervals, looked at once (.95 ± .005)");
  about("Welch, 60 v 40 values, variances 1 v 4", welch);
  about("Newcombe, .12 v .10, 2000 each", newcombe);
  about("Miettinen–Nurminen, the same", score);
  about("relative lift, Fieller, control mean of 8 standard errors", fieller);
  peer("the same, delta method", rate(delta));
  row(sim, "relative lift, Fieller, 3.5 standard errors (unbounded at times, then all is held)",
      rate(fieller_small), 0.95 - kCoverageWithin, 1);
  peer("the same, delta method", rate(delta_small));
  about("CUPED, 200 units each", cuped);
  about("ratio, delta method, 400 units", ratio);
  // The ranks' law is discrete: what they hold is known.
  const double known = quantile_ranks(200, 0.5, 0.95).value().coverage;
  row(sim, "median by order statistics, 200 values", rate(median), known - kCoverageWithin,
      known + kCoverageWithin);
}

// Nothing drifts: how often a distance of 10 equal cells, or KS, says it does.
void drift(Simulation& sim) {
  heading("False alarms of drift without drift (nominal .05)");
  for (const double n : {100.0, 1000.0, 100'000.0, 1'000'000.0}) {
    const NullThresholds limit = null_thresholds(n, n, 10, kAlpha).value();
    int js = 0, drawn = 0, hellinger = 0, fixed_js = 0, fixed_psi = 0, goodness = 0, homogeneity = 0;
    std::vector<double> a(10), b(10);
    for (int run = 0; run < sim.runs; ++run) {
      for (auto* side : {&a, &b}) {
        double left = n;
        for (std::size_t i = 0; i < 10; ++i)
          left -= (*side)[i] = i == 9 ? left : sim.binomial(left, 1.0 / static_cast<double>(10 - i));
      }
      const CellDistances d = cell_distances(a, b).value();
      js += d.js_divergence > limit.js_divergence;
      hellinger += d.hellinger > limit.hellinger;
      if (n < kLimitLeast)
        drawn += distance_p_values(a, b, kDraws, sim.random()).value().js_divergence <= kAlpha;
      fixed_js += d.js_distance_2 >= 0.1;
      fixed_psi += d.psi_raw >= 0.1;
      goodness += chi2_goodness(a, b).value().p_value <= kAlpha;
      std::vector<double> table = a;
      table.insert(table.end(), b.begin(), b.end());
      homogeneity += chi2_homogeneity({table, 2}).value().p_value <= kAlpha;
    }
    const auto rate = [&](int count) { return static_cast<double>(count) / sim.runs; };
    if (n < kLimitLeast) {  // cells that expect 10: the limit law is a little off, draws are not
      alarm(sim, fmt::format("n = {:.0f}: JS divergence, judged by draws", n), rate(drawn));
      peer(fmt::format("n = {:.0f}: JS divergence, judged by the limit law", n), rate(js));
      peer(fmt::format("n = {:.0f}: Hellinger, judged by the limit law", n), rate(hellinger));
    } else {
      alarm(sim, fmt::format("n = {:.0f}: JS divergence above its calibrated threshold", n), rate(js));
      alarm(sim, fmt::format("n = {:.0f}: Hellinger above its calibrated threshold", n), rate(hellinger));
    }
    alarm(sim, fmt::format("n = {:.0f}: χ² of homogeneity", n), rate(homogeneity));
    peer(fmt::format("n = {:.0f}: JS distance ≥ .1", n), rate(fixed_js));
    peer(fmt::format("n = {:.0f}: PSI ≥ .1", n), rate(fixed_psi));
    peer(fmt::format("n = {:.0f}: χ² with the reference as the law", n), rate(goodness));
  }
  int ks = 0;
  std::vector<double> a(100), b(150);
  for (int run = 0; run < sim.runs; ++run) {
    for (auto* side : {&a, &b})
      for (double& value : *side) value = sim.normal();
    ks += ks_test(a, b).value().p_value <= kAlpha;
  }
  alarm(sim, "Kolmogorov–Smirnov, 100 v 150", static_cast<double>(ks) / sim.runs);
}

// Five looks, a true drift of 2.5 at the end: what is said of the effect at the stop.
void at_the_stop(Simulation& sim) {
  const std::vector<double> information{0.2, 0.4, 0.6, 0.8, 1};
  const SpendingPlan plan{Spending::pocock, kAlpha, 2, false};
  const auto bounds = sequential_bounds(information, plan).value();
  constexpr double kDrift = 2.5;
  const int runs = kRunsLeast;
  int above = 0, covered = 0, naive_above = 0, naive_covered = 0;
  for (int run = 0; run < runs; ++run) {
    double score = 0;
    for (std::size_t k = 0; k < information.size(); ++k) {
      const double t = information[k];
      score += kDrift * 0.2 + std::sqrt(0.2) * sim.normal();
      const double z = score / std::sqrt(t);
      if (std::abs(z) < bounds.z[k] && k + 1 < information.size()) continue;
      const double se = 1 / std::sqrt(t);
      const auto seen = stopped_estimate(std::span(information).first(k + 1), plan, z * se, se, 0.95).value();
      above += seen.median_unbiased > kDrift;
      covered += holds(seen.low, seen.high, kDrift);
      naive_above += seen.estimate > kDrift;
      naive_covered +=
          holds(seen.estimate - 1.959963984540054 * se, seen.estimate + 1.959963984540054 * se, kDrift);
      break;
    }
  }
  const auto rate = [&](int count) { return static_cast<double>(count) / runs; };
  heading("The effect at the stop of a sequential test (5 looks, Pocock spending)");
  row(sim, "median-unbiased estimate above the truth", rate(above), 0.5 - 3 * 0.5 / std::sqrt(runs),
      0.5 + 3 * 0.5 / std::sqrt(runs));
  peer("plain estimate above the truth", rate(naive_above));
  row(sim, "coverage of its interval", rate(covered), 0.95 - kCoverageWithin, 0.95 + kCoverageWithin);
  peer("coverage of the plain interval", rate(naive_covered));
}

}  // namespace

int main(int argc, char** argv) {
  Simulation sim;
  if (argc > 1) sim.runs = std::atoi(argv[1]);
  if (sim.runs < kRunsLeast) {
    fmt::print(stderr, "usage: stats_simulate [RUNS] [SEED]: at least {} runs\n", kRunsLeast);
    return 2;
  }
  sim.random.seed(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20261123);
  fmt::print("{} runs of each\n", sim.runs);
  for (const auto& part : {peeking, counted, fixed_horizon, drift, at_the_stop}) part(sim);
  return sim.wrong ? 1 : 0;
}
