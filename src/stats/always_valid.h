// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stats/comparison.h"

// Tests and intervals that hold at every look at once, however often one looks and whenever one stops.
namespace tracseq::stats {

// One look: the estimate so far and its standard error. Looks are in order of time.
struct Look {
  double effect = 0;
  double std_error = 0;  // above 0
  double units = 0;      // both arms together; only the confidence sequence needs it
};

// What each look says. The p-values are the running minimum, so what was once significant stays so
// (definitions.md D15). Intervals are those of each look alone unless `intersect`: then they only shrink, and
// may become empty if the data is not what the law assumes (low > high is then reported as NaN and `empty`,
// never swapped; D16).
struct AlwaysValid {
  std::vector<double> p_values;
  std::vector<double> low;
  std::vector<double> high;
  std::vector<double> e_values;  // evidence at each look; under "no difference" their mean is at most 1
  bool empty = false;
};
TRACSEQ_DESCRIBE(AlwaysValid, (p_values, low, high, e_values, empty))

// Mixture sequential probability ratio test for a normal estimate (Robbins 1970; Johari et al. 2022): the
// alternative is mixed over N(0, tau²). Λ = √(V/(V+τ²))·exp(τ²Δ²/(2V(V+τ²))), V = se²; half-width
// √(2V(V+τ²)/τ²·ln(√((V+τ²)/V)/α)). tau is the size of effect the test is tuned for, in the effect's unit,
// fixed before the start; alpha in (0, 1).
Result<AlwaysValid> mixture_sprt(const std::vector<Look>& looks, double tau, double alpha, bool intersect);

// Asymptotic confidence sequence (Waudby-Smith et al., arXiv 2103.06476, eq. 9 and 161), with N units and ρ²
// chosen so that it is tightest at `tuned_for` units (GrowthBook's N*, 5000 there): half-width =
// se·√(2(Nρ²+1)/(Nρ²)·ln(√(Nρ²+1)/α)), ρ² = (−2 ln α + ln(1 − 2 ln α))/tuned_for.
Result<AlwaysValid> confidence_sequence(const std::vector<Look>& looks, double tuned_for, double alpha,
                                        bool intersect);

// Confidence sequence of one rate, exact at every n: all p with Beta(a, b)-mixture likelihood ratio below
// 1/alpha (Robbins's mixture; Ville's inequality). prior_a, prior_b > 0; 1, 1 is flat.
Result<Range> rate_sequence(std::int64_t successes, std::int64_t trials, double alpha, double prior_a,
                            double prior_b);

// Sample ratio mismatch that may be looked at continuously (Lindon and Malek 2022): Dirichlet(κ·shares)
// against the shares. p = running minimum of 1/BF; a unit in an arm of share 0 makes it 0. `counts` holds one
// look after the other, cumulative, as many as there are shares. κ > 0: 10,000 is blind on small tests, 100 …
// 1000 is sensible (D13).
struct SequentialRatio {
  std::vector<double> p_values;
  std::vector<double> log_bayes_factors;
};
TRACSEQ_DESCRIBE(SequentialRatio, (p_values, log_bayes_factors))
Result<SequentialRatio> sequential_ratio(std::span<const double> counts, std::span<const double> shares,
                                         double kappa);

}  // namespace tracseq::stats
