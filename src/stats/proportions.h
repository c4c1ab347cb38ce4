// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "stats/comparison.h"

namespace tracseq::stats {

// `successes` of `trials`; 0 ≤ successes ≤ trials and trials ≥ 1 everywhere below, else `invalid`.
struct Proportion {
  std::int64_t successes = 0;
  std::int64_t trials = 0;
  [[nodiscard]] double rate() const { return static_cast<double>(successes) / static_cast<double>(trials); }
};

// Wilson's score interval of one proportion (JASA 1927).
Result<Range> wilson_interval(Proportion p, double confidence);
// Clopper and Pearson's exact interval of one proportion (Biometrika 1934).
Result<Range> clopper_pearson_interval(Proportion p, double confidence);
// Newcombe's hybrid score interval of p₁ − p₂ (Statistics in Medicine 1998, method 10). Never degenerate.
Result<Range> newcombe_interval(Proportion a, Proportion b, double confidence);
// Miettinen and Nurminen's score interval of p₁ − p₂ (Statistics in Medicine 1985), with the factor N/(N −
// 1), by bisection on the restricted likelihood (statsmodels 0.15's restricted estimates are not its
// maximum).
Result<Range> miettinen_nurminen_interval(Proportion a, Proportion b, double confidence);
// z with the pooled standard error; the interval is Newcombe's. Two arms without, or with only, successes: z
// 0, p 1. Warns where a cell expects fewer than 10.
Result<Comparison> two_proportion_test(Proportion a, Proportion b, const TestOptions& options = {});

}  // namespace tracseq::stats
