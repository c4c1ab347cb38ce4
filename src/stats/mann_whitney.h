// SPDX-License-Identifier: MIT
#pragma once

#include "stats/comparison.h"

namespace tracseq::stats {

struct RankTest {
  std::string method;  // "exact conditional" or "normal, mid-ranks, continuity correction"
  bool testable = true;
  std::string reason;
  double statistic = kNaN;  // U₁: pairs in which the first is greater, ties one half
  double p_value = kNaN;
  double z = kNaN;            // of the normal law, with the continuity correction
  double superiority = kNaN;  // U₁/(n₁n₂) = P(X > Y) + P(X = Y)/2, the effect
  double shift = kNaN;        // Hodges and Lehmann: median of all differences x − y
};
TRACSEQ_DESCRIBE(RankTest, (method, testable, reason, statistic, p_value, z, superiority, shift))

enum class RankMethod { automatic, exact, normal };
TRACSEQ_DESCRIBE_ENUM(RankMethod, automatic, exact, normal)

inline constexpr std::size_t kRankExactMax = 50;  // values of both samples together

// Mann and Whitney's U (1947). Automatic: the exact law given the ties (by counting all choices of ranks) up
// to kRankExactMax values, two-sided P(|U − E| ≥ |u − E|); else the normal law with the variance corrected
// for ties and a continuity correction of ½, as R and scipy do. Exact is refused beyond kRankExactMax. O((n +
// m) log(n + m)); the samples are copied.
Result<RankTest> mann_whitney(std::span<const double> a, std::span<const double> b,
                              Alternative alternative = Alternative::two_sided,
                              RankMethod method = RankMethod::automatic);

// The median of all n·m differences a − b without forming them (mean of the two middle ones if n·m is even).
double hodges_lehmann(std::span<const double> sorted_a, std::span<const double> sorted_b);

}  // namespace tracseq::stats
