// SPDX-License-Identifier: MIT
#include "stats/mann_whitney.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/sorting.h"

namespace tracseq::stats {

TRACSEQ_DEFINE_ENUM(RankMethod)
TRACSEQ_DEFINE_TYPE(RankTest)

namespace {

// What the merged order of both samples says.
struct Ranks {
  double rank_sum = 0;                // of the first sample, mid-ranks from 1
  double ties = 0;                    // Σ t³ − t
  std::vector<std::int64_t> doubled;  // twice the mid-rank of every value, kept for small samples only
};

Ranks ranks_of(std::span<const double> a, std::span<const double> b) {
  Ranks ranks;
  const std::size_t total = a.size() + b.size();
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const double x = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    const std::size_t before = i + j;
    std::size_t of_a = 0;
    while (i < a.size() && a[i] == x) ++i, ++of_a;
    while (j < b.size() && b[j] == x) ++j;
    const auto group = static_cast<double>(i + j - before);
    const double rank = static_cast<double>(before) + (group + 1) / 2;
    ranks.rank_sum += static_cast<double>(of_a) * rank;
    ranks.ties += group * group * group - group;
    if (total <= kRankExactMax)
      ranks.doubled.insert(ranks.doubled.end(), i + j - before,
                           static_cast<std::int64_t>(2 * before + (i + j - before) + 1));
  }
  return ranks;
}

// Counts, for each sum, the choices of `chosen` of the doubled ranks that give it: at most C(50, 25) < 2^53,
// exact.
double exact_p(const std::vector<std::int64_t>& doubled, std::size_t chosen, double rank_sum,
               Alternative alternative) {
  std::int64_t most = 0;
  for (const auto rank : doubled) most += rank;
  const auto width = static_cast<std::size_t>(most) + 1;
  std::vector<std::vector<double>> ways(chosen + 1, std::vector<double>(width, 0));
  ways[0][0] = 1;
  for (const auto rank : doubled)
    for (std::size_t k = chosen; k >= 1; --k)
      for (std::size_t sum = width; sum-- > static_cast<std::size_t>(rank);)
        ways[k][sum] += ways[k - 1][sum - static_cast<std::size_t>(rank)];
  // Twice a doubled sum and twice its mean are whole numbers: compared exactly.
  const auto n = static_cast<double>(doubled.size());
  const double twice_mean = static_cast<double>(chosen) * 2 * (n + 1);
  const double seen = 4 * rank_sum;
  double lower = 0, upper = 0, both = 0, all = 0;
  for (std::size_t sum = 0; sum < width; ++sum) {
    const double way = ways[chosen][sum], place = 2 * static_cast<double>(sum);
    all += way;
    if (place <= seen) lower += way;
    if (place >= seen) upper += way;
    if (std::abs(place - twice_mean) >= std::abs(seen - twice_mean)) both += way;
  }
  return (alternative == Alternative::less      ? lower
          : alternative == Alternative::greater ? upper
                                                : both) /
         all;
}

// How many pairs have a − b ≤ limit.
std::uint64_t pairs_up_to(std::span<const double> a, std::span<const double> b, double limit) {
  std::uint64_t count = 0;
  std::size_t j = 0;
  for (const double x : a) {
    while (j < b.size() && x - b[j] > limit) ++j;
    count += b.size() - j;
  }
  return count;
}

// The difference of that rank (from 1): bisection over the doubles themselves, in their order.
double difference_at(std::span<const double> a, std::span<const double> b, std::uint64_t rank) {
  std::uint64_t low = ordered_bits(a.front() - b.back()), high = ordered_bits(a.back() - b.front());
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (pairs_up_to(a, b, from_ordered_bits(middle)) >= rank)
      high = middle;
    else
      low = middle + 1;
  }
  return from_ordered_bits(low);
}

}  // namespace

double hodges_lehmann(std::span<const double> sorted_a, std::span<const double> sorted_b) {
  if (sorted_a.empty() || sorted_b.empty()) return kNaN;
  const std::uint64_t pairs = static_cast<std::uint64_t>(sorted_a.size()) * sorted_b.size();
  const double low = difference_at(sorted_a, sorted_b, (pairs + 1) / 2);
  return pairs % 2 == 1 ? low : 0.5 * (low + difference_at(sorted_a, sorted_b, pairs / 2 + 1));
}

Result<RankTest> mann_whitney(std::span<const double> a, std::span<const double> b, Alternative alternative,
                              RankMethod method) {
  TRACSEQ_CHECK(check_sample("a", a));
  TRACSEQ_CHECK(check_sample("b", b));
  const bool small = a.size() + b.size() <= kRankExactMax;
  if (method == RankMethod::exact && !small)
    return fail_field("method", fmt::format("exact is counted up to {} values, there are {}", kRankExactMax,
                                            a.size() + b.size()));
  const auto sorted_a = sorted(a), sorted_b = sorted(b);
  const Ranks ranks = ranks_of(sorted_a, sorted_b);
  const auto n1 = static_cast<double>(a.size()), n2 = static_cast<double>(b.size()), n = n1 + n2;
  RankTest answer;
  answer.statistic = ranks.rank_sum - n1 * (n1 + 1) / 2;
  answer.superiority = answer.statistic / (n1 * n2);
  answer.shift = hodges_lehmann(sorted_a, sorted_b);
  const double variance = n1 * n2 / 12 * (n + 1 - ranks.ties / (n * (n - 1)));
  if (!(variance > 0)) {
    answer.testable = false;
    answer.reason = "all values of both samples are the same";
    return answer;
  }
  const double sd = std::sqrt(variance), away = answer.statistic - n1 * n2 / 2;
  if (alternative == Alternative::two_sided)
    answer.z = std::copysign(std::max(std::abs(away) - 0.5, 0.0), away) / sd;
  else
    answer.z = (away + (alternative == Alternative::less ? 0.5 : -0.5)) / sd;
  if (method == RankMethod::exact || (method == RankMethod::automatic && small)) {
    answer.method = "exact conditional";
    answer.p_value = exact_p(ranks.doubled, a.size(), ranks.rank_sum, alternative);
  } else {
    answer.method = "normal, mid-ranks, continuity correction";
    answer.p_value = alternative == Alternative::two_sided
                         ? std::min(1.0, 2 * normal_tail(std::abs(answer.z)))
                     : alternative == Alternative::less ? normal_cdf(answer.z)
                                                        : normal_tail(answer.z);
  }
  return answer;
}

}  // namespace tracseq::stats
