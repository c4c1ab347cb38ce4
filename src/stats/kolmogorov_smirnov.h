// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "stats/comparison.h"

namespace tracseq::stats {

struct KsTest {
  std::string method;       // "exact" or "limit"
  double statistic = kNaN;  // D = sup |F − G|, exact
  double p_value = kNaN;
  double location = kNaN;  // a value at which the distance is reached
  std::int64_t n = 0;
  std::int64_t m = 0;
};
TRACSEQ_DESCRIBE(KsTest, (method, statistic, p_value, location, n, m))

enum class KsMethod { automatic, exact, limit };
TRACSEQ_DESCRIBE_ENUM(KsMethod, automatic, exact, limit)

inline constexpr double kKsExactPairs = 10'000;   // n·m up to which automatic counts (definitions.md D1)
inline constexpr double kKsExactPairsMost = 1e8;  // and up to which exact may be asked for

// Two-sample Kolmogorov–Smirnov, two-sided. Exact: the probability, given the ties, that a random order of
// the pooled values reaches D (lattice paths; Schröer and Trenkler 1995, as R). Limit: 2Σ(−1)^(j−1)
// e^(−2j²λ²) with λ = D√(nm/(n+m)). scipy's "asymp" is another law (the one-sample law at nm/(n+m)) and not
// offered. D is exact at every size; large samples are not sorted as a whole: only the cells of a histogram
// in which the distance can be reached are. Nothing is changed.
Result<KsTest> ks_test(std::span<const double> a, std::span<const double> b,
                       KsMethod method = KsMethod::automatic);

// max |i·m − j·n| over the merged order: D is that over n·m. For samples already sorted.
struct KsGap {
  std::int64_t gap = 0;
  double location = kNaN;
};
KsGap ks_gap_sorted(std::span<const double> a, std::span<const double> b);
// The same of samples in any order.
KsGap ks_gap(std::span<const double> a, std::span<const double> b);

// Critical distance of the limit law: √(−½ ln(α/2))·√((n+m)/(nm)).
double ks_critical(double alpha, double n, double m);

}  // namespace tracseq::stats
