// SPDX-License-Identifier: MIT
#include "stats/quantile_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "stats/compare_means.h"
#include "stats/order_statistics.h"
#include "stats/sorting.h"

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(RankInterval)
TRACSEQ_DEFINE_TYPE(QuantileEstimate)

Result<RankInterval> quantile_ranks(std::int64_t n, double q, double confidence) {
  TRACSEQ_CHECK(check_between("q", q, 0, 1));
  TRACSEQ_CHECK(check_between("confidence", confidence, 0, 1));
  if (n < 1) return fail_field("n", fmt::format("n is {}; allowed are whole numbers from 1", n));
  const double tail = (1 - confidence) / 2;
  const auto size = static_cast<double>(n);
  // Greatest l with P(B ≤ l − 1) ≤ tail, least u with P(B ≥ u) ≤ tail; B is how many values lie below.
  std::int64_t low = 0, above = n + 1;
  while (above - low > 1) {
    const std::int64_t middle = low + (above - low) / 2;
    (binomial_cdf(static_cast<double>(middle - 1), size, q) <= tail ? low : above) = middle;
  }
  std::int64_t below = 0, high = n + 1;
  while (high - below > 1) {
    const std::int64_t middle = below + (high - below) / 2;
    (binomial_tail(static_cast<double>(middle - 1), size, q) <= tail ? high : below) = middle;
  }
  const double missed = (low == 0 ? 0 : binomial_cdf(static_cast<double>(low - 1), size, q)) +
                        (high == n + 1 ? 0 : binomial_tail(static_cast<double>(high - 1), size, q));
  return RankInterval{low, high, 1 - missed};
}

namespace {

QuantileEstimate estimate(const std::vector<double>& ordered, double q, double confidence,
                          const RankInterval& ranks) {
  QuantileEstimate answer;
  const auto n = static_cast<std::int64_t>(ordered.size());
  const auto at = [&](std::int64_t rank) {
    return rank < 1 ? -kInfinity : rank > n ? kInfinity : ordered[static_cast<std::size_t>(rank - 1)];
  };
  const auto place = quantile_place(n, q);
  const auto low = static_cast<std::size_t>(place.low);
  answer.value = interpolate(ordered[low], ordered[std::min(low + 1, ordered.size() - 1)], place.fraction);
  answer.low = at(ranks.low);
  answer.high = at(ranks.high);
  answer.coverage = ranks.coverage;
  const double z = normal_upper((1 - confidence) / 2), size = static_cast<double>(n);
  const double reach = z * std::sqrt(q * (1 - q) / size);
  const auto lower = static_cast<std::int64_t>(std::floor(size * (q - reach)));
  const auto upper = static_cast<std::int64_t>(std::ceil(size * (q + reach)));
  if (lower >= 1 && upper <= n) answer.std_error = (at(upper) - at(lower)) / (2 * z);
  return answer;
}

}  // namespace

Result<QuantileEstimate> quantile_estimate(std::span<const double> values, double q, double confidence) {
  TRACSEQ_CHECK(check_sample("values", values));
  TRACSEQ_TRY(const RankInterval ranks,
              quantile_ranks(static_cast<std::int64_t>(values.size()), q, confidence));
  return estimate(sorted(values), q, confidence, ranks);
}

Result<QuantileEstimate> clustered_quantile_estimate(std::span<const double> values,
                                                     std::span<const double> clusters, double q,
                                                     double confidence) {
  TRACSEQ_TRY(QuantileEstimate answer, quantile_estimate(values, q, confidence));
  if (clusters.size() != values.size())
    return fail_field("clusters", fmt::format("clusters has {} values for {}; there must be as many",
                                              clusters.size(), values.size()));
  struct Cluster {
    double below = 0, size = 0;
  };
  std::map<double, Cluster> found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Cluster& cluster = found[clusters[i]];
    cluster.below += values[i] <= answer.value ? 1 : 0;
    cluster.size += 1;
  }
  if (found.size() < 2) return fail_field("clusters", "clusters are fewer than 2: their variance is unknown");
  // The share Σ below/Σ size is a ratio over clusters: delta method.
  const auto k = static_cast<double>(found.size()), n = static_cast<double>(values.size());
  double below = 0;
  for (const auto& [id, cluster] : found) below += cluster.below;
  const double share = below / n, mean_size = n / k;
  double squares = 0;
  for (const auto& [id, cluster] : found) {
    const double residual = cluster.below - share * cluster.size;
    squares += residual * residual;
  }
  const double clustered = squares / (k - 1) / (mean_size * mean_size * k);
  const double inflation = std::sqrt(clustered / (q * (1 - q) / n));
  answer.std_error *= inflation;
  const double z = normal_upper((1 - confidence) / 2);
  answer.low = answer.value - z * answer.std_error;
  answer.high = answer.value + z * answer.std_error;
  answer.coverage = kNaN;  // normal, not the binomial law
  return answer;
}

Result<Comparison> quantile_test(const QuantileEstimate& a, const QuantileEstimate& b,
                                 const TestOptions& options) {
  const double effect = a.value - b.value;
  if (std::isfinite(a.std_error) && std::isfinite(b.std_error))
    return estimate_test("quantiles", effect, std::hypot(a.std_error, b.std_error), kInfinity, options);
  Comparison answer;
  answer.method = "quantiles";
  answer.testable = false;
  answer.reason = "too few values for a standard error of this quantile";
  answer.effect = effect;
  return answer;
}

}  // namespace tracseq::stats
