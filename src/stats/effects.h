// SPDX-License-Identifier: MIT
#pragma once

#include "stats/comparison.h"
#include "stats/pair_moments.h"

namespace tracseq::stats {

// A ratio of sums per unit, Σy/Σx, by the delta method: variance (s²_y − 2R·s_xy + R²·s²_x)/(n·mean_x²)
// (statistics.md §2.3). `invalid` below two units or where the denominator's mean is 0.
struct RatioEstimate {
  double ratio = kNaN;
  double std_error = kNaN;
};
TRACSEQ_DESCRIBE(RatioEstimate, (ratio, std_error))
Result<RatioEstimate> ratio_estimate(const PairMoments& arm);
// The difference of two ratios, normal law. Not testable where neither varies.
Result<Comparison> ratio_test(const PairMoments& a, const PairMoments& b, const TestOptions& options = {});

// μ_a/μ_b − 1 of two independent means.
struct LiftInterval {
  std::string method;
  double lift = kNaN;
  double low = kNaN;
  double high = kNaN;
  bool bounded = true;  // false: the control's mean is not different from 0, any lift fits (low −∞, high ∞)
};
TRACSEQ_DESCRIBE(LiftInterval, (method, lift, low, high, bounded))
// Fieller (1954): all ρ with (μ_a − ρμ_b)² ≤ t²(v_a + ρ²v_b), v the squared standard errors; dof may be
// infinite. Coverage ≥ .943 where the delta method's falls to .85 (definitions.md D4).
Result<LiftInterval> fieller_lift(double mean_a, double se_a, double mean_b, double se_b, double confidence,
                                  double dof = kInfinity);
// GrowthBook's: lift ± z·√(v_a/μ_b² + v_b·μ_a²/μ_b⁴), offered under its own name.
Result<LiftInterval> delta_lift(double mean_a, double se_a, double mean_b, double se_b, double confidence);

// A covariate that precedes exposure takes variance away (Deng et al. 2013). θ is pooled within the arms, so
// that a real effect cannot leak into it (definitions.md D6).
struct CupedTest {
  Comparison test;              // Welch on the adjusted values
  double theta = kNaN;          // 0 where the covariate does not vary
  double variance_kept = kNaN;  // squared standard error after over before
  double adjusted_a = kNaN;     // means moved to the covariate's pooled mean
  double adjusted_b = kNaN;
};
TRACSEQ_DESCRIBE(CupedTest, (test, theta, variance_kept, adjusted_a, adjusted_b))
Result<CupedTest> cuped_test(const PairMoments& a, const PairMoments& b, const TestOptions& options = {});

// Values below `low` become low, above `high` high. `invalid` unless low ≤ high.
Result<std::vector<double>> winsorize(std::span<const double> values, double low, double high);

// Two one-sided tests (Schuirmann 1987) or one against a margin, from an estimate and its standard error.
struct MarginTest {
  double p_value = kNaN;
  bool passed = false;
  double bound_low = kNaN;  // one-sided bounds at `confidence`
  double bound_high = kNaN;
};
TRACSEQ_DESCRIBE(MarginTest, (p_value, passed, bound_low, bound_high))
// Passes if the effect is above −margin. margin > 0; 1 − confidence is the one-sided level.
Result<MarginTest> non_inferiority(double effect, double std_error, double margin, double confidence,
                                   double dof);
// Passes if the effect lies within (−margin, margin).
Result<MarginTest> equivalence(double effect, double std_error, double margin, double confidence, double dof);

}  // namespace tracseq::stats
