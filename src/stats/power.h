// SPDX-License-Identifier: MIT
#pragma once

#include "stats/comparison.h"

namespace tracseq::stats {

// Power and size of a fixed-horizon test, two-sided unless `one_sided`. n is the first arm's (treatment's)
// size, the second (control) has n·ratio. All refuse alpha or power outside of (0, 1), ratio ≤ 0, n < 2.

struct PowerDesign {
  double alpha = 0.05;
  double ratio = 1;  // control units for each treatment unit
  bool one_sided = false;
};

// Student's t with equal variances, exact by the noncentral t law (statsmodels TTestIndPower): effect is in
// the values' unit, sd > 0. Both tails count in a two-sided test.
Result<double> power_means(double effect, double sd, double n, const PowerDesign& design);
// Rates p_treatment and p_control in (0, 1). Pooled (R power.prop.test, textbook): the null's error is
// pooled, the alternative's not. Unpooled: the alternative's error for both. Only the tail in the effect's
// direction counts.
Result<double> power_proportions(double p_treatment, double p_control, double n, bool pooled,
                                 const PowerDesign& design);

// What a plan needs: sizes rounded up to whole units, and the power they have.
struct SampleSize {
  double n_exact = kNaN;  // where power is exactly what was asked for
  double treatment = kNaN;
  double control = kNaN;
  double total = kNaN;
  double power = kNaN;
};
TRACSEQ_DESCRIBE(SampleSize, (n_exact, treatment, control, total, power))
Result<SampleSize> sample_size_means(double effect, double sd, double power, const PowerDesign& design);
Result<SampleSize> sample_size_proportions(double p_treatment, double p_control, double power, bool pooled,
                                           const PowerDesign& design);

// The least effect a test of that size finds with that power. Proportions: above the control's rate, pooled;
// the answer is a difference of rates; `invalid` field "n" where no rate below 1 reaches it.
Result<double> detectable_means(double sd, double n, double power, const PowerDesign& design);
Result<double> detectable_proportion(double p_control, double n, double power, bool pooled,
                                     const PowerDesign& design);

// Days until `total` units have come, at `per_day` units a day of which `share` (0, 1] enter the test.
Result<double> duration_days(double total, double per_day, double share);

}  // namespace tracseq::stats
