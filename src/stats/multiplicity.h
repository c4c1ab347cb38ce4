// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "stats/comparison.h"

namespace tracseq::stats {

enum class Correction { none, bonferroni, sidak, holm, hochberg, benjamini_hochberg, benjamini_yekutieli };
TRACSEQ_DESCRIBE_ENUM(Correction, none, bonferroni, sidak, holm, hochberg, benjamini_hochberg,
                      benjamini_yekutieli)

// Adjusted p-values in the order given, to be compared with the level of the whole family. NaN ("not
// testable") stays NaN and does not count in the family, as R does (definitions.md D26). Familywise:
// Bonferroni; Šidák (independent); Holm 1979 (any dependence); Hochberg 1988 (independent or positively
// dependent). False discovery rate: Benjamini and Hochberg 1995 (the same), Benjamini and Yekutieli 2001
// (any).
struct Corrected {
  std::vector<double> p_values;
  std::int64_t dropped = 0;  // how many were NaN
};
TRACSEQ_DESCRIBE(Corrected, (p_values, dropped))
// `invalid` for a value outside of [0, 1].
Result<Corrected> correct(std::span<const double> p_values, Correction correction);

// e-BH (Wang and Ramdas 2022): which of the e-values are rejected at that false discovery rate, under any
// dependence; 1 or 0 for each. NaN is never rejected and does not count; none may be negative.
Result<std::vector<double>> reject_e_values(std::span<const double> e_values, double alpha);

}  // namespace tracseq::stats
