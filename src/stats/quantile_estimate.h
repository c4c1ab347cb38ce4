// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "stats/comparison.h"

namespace tracseq::stats {

// Ranks (from 1) whose values enclose a quantile, whatever the law of the values.
struct RankInterval {
  std::int64_t low = 0;    // 0: the data does not bound it from below at this confidence
  std::int64_t high = 0;   // n + 1: nor from above
  double coverage = kNaN;  // P(X₍low₎ ≤ quantile < X₍high₎), at least the confidence
};
TRACSEQ_DESCRIBE(RankInterval, (low, high, coverage))
// The binomial law of how many values lie below the quantile, each tail at most (1 − confidence)/2 (David and
// Nagaraja 2003, §7.1). q in (0, 1), n ≥ 1. A sketch turns the ranks into values, within its rank error.
Result<RankInterval> quantile_ranks(std::int64_t n, double q, double confidence);

struct QuantileEstimate {
  double value = kNaN;  // numpy's "linear" quantile
  double low = kNaN;    // −∞ and ∞ where the data does not bound it
  double high = kNaN;
  double coverage = kNaN;
  double std_error =
      kNaN;  // (X₍U₎ − X₍L₎)/(2z), L, U = n(q ∓ z√(q(1−q)/n)) (Deng et al. 2018); NaN beyond the data
};
TRACSEQ_DESCRIBE(QuantileEstimate, (value, low, high, coverage, std_error))
Result<QuantileEstimate> quantile_estimate(std::span<const double> values, double q, double confidence);
// The same where the values come in clusters (the requests of a user): the variance is multiplied by that of
// the clusters' shares of values ≤ the quantile over the binomial one. `clusters` has an id for each value.
Result<QuantileEstimate> clustered_quantile_estimate(std::span<const double> values,
                                                     std::span<const double> clusters, double q,
                                                     double confidence);
// The difference of two quantiles, normal law with the standard errors above. Not testable where one is
// unknown.
Result<Comparison> quantile_test(const QuantileEstimate& a, const QuantileEstimate& b,
                                 const TestOptions& options = {});

}  // namespace tracseq::stats
