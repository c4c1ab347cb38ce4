// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "stats/comparison.h"

namespace tracseq::stats {

struct OmnibusTest {
  std::string method;
  bool testable = true;
  std::string reason;
  double statistic = kNaN;
  double p_value = kNaN;
  double dof = kNaN;
};
TRACSEQ_DESCRIBE(OmnibusTest, (method, testable, reason, statistic, p_value, dof))

// Two-sample Cramér–von Mises (Anderson 1962) with mid-ranks; T = U/(nm(n+m)) − (4nm − 1)/(6(n+m)), p from
// the limit law of the statistic brought to that law's mean and variance, as scipy's "asymptotic".
Result<OmnibusTest> cramer_von_mises(std::span<const double> a, std::span<const double> b);

// k-sample Anderson–Darling (Scholz and Stephens 1987, mid-rank form A²akN, standardised). p from the paper's
// critical values by interpolation of ln p, not clipped to their range (definitions.md D8), at most 1.
Result<OmnibusTest> anderson_darling(std::span<const std::vector<double>> samples);

// Epps and Singleton (1986): empirical characteristic functions at 0.4 and 0.8 over half the pooled
// interquartile range, χ² with 4 degrees of freedom; the small-sample factor below 25 values. Needs 5 values
// in each sample.
Result<OmnibusTest> epps_singleton(std::span<const double> a, std::span<const double> b);

}  // namespace tracseq::stats
