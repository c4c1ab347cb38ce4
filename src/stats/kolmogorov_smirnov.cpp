// SPDX-License-Identifier: MIT
#include "stats/kolmogorov_smirnov.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "stats/sorting.h"

namespace tracseq::stats {

TRACSEQ_DEFINE_ENUM(KsMethod)
TRACSEQ_DEFINE_TYPE(KsTest)

namespace {

constexpr std::size_t kHistogramLeast = 200'000;  // values of both samples; below, sorting is as fast
constexpr std::size_t kCells = std::size_t{1} << 16;
constexpr std::size_t kProbes = 4096;  // values looked at to place the cells
constexpr std::int64_t kGapFactorMax = std::int64_t{1} << 31;

void take_greater(KsGap& best, std::int64_t gap, double location) {
  if (gap > best.gap) best = {gap, location};
}

// Walks the merged order from i of n and j of m values before.
void walk(KsGap& best, std::span<const double> a, std::span<const double> b, std::int64_t i, std::int64_t j,
          std::int64_t n, std::int64_t m) {
  std::size_t x = 0, y = 0;
  while (x < a.size() || y < b.size()) {
    const double value = y == b.size() || (x < a.size() && a[x] <= b[y]) ? a[x] : b[y];
    while (x < a.size() && a[x] == value) ++x;
    while (y < b.size() && b[y] == value) ++y;
    take_greater(best,
                 std::abs((i + static_cast<std::int64_t>(x)) * m - (j + static_cast<std::int64_t>(y)) * n),
                 value);
  }
}

// Equal cells over the bulk of the values; all that lies outside falls into the first or the last one. The
// cell of a value never falls as the value grows, whatever the rounding.
struct Cells {
  double low = 0, scale = 0;
  [[nodiscard]] std::size_t of(double value) const {
    const double place = (value - low) * scale;
    return static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(kCells - 1)));
  }
};

Cells place_cells(std::span<const double> a, std::span<const double> b) {
  std::vector<double> probes;
  for (const auto& sample : {a, b})
    for (std::size_t i = 0; i < kProbes; ++i) probes.push_back(sample[i * sample.size() / kProbes]);
  std::sort(probes.begin(), probes.end());
  const double low = probes[probes.size() / 1000], high = probes[probes.size() - 1 - probes.size() / 1000];
  const double scale = static_cast<double>(kCells) / (high - low);
  if (!std::isfinite(scale) || !std::isfinite(high - low)) return {low, 0};
  return {low, scale};
}

struct Counted {
  std::vector<std::int64_t> a, b;
};

// The values of the cells that are marked, cell by cell in the order of the cells.
std::vector<std::vector<double>> collect(std::span<const double> sample, const Cells& cells,
                                         const std::vector<std::int32_t>& slot,
                                         const std::vector<std::int64_t>& counts, std::size_t slots) {
  std::vector<std::vector<double>> kept(slots);
  for (std::size_t cell = 0; cell < kCells; ++cell)
    if (slot[cell] >= 0)
      kept[static_cast<std::size_t>(slot[cell])].reserve(static_cast<std::size_t>(counts[cell]));
  for (const double value : sample)
    if (const std::int32_t s = slot[cells.of(value)]; s >= 0)
      kept[static_cast<std::size_t>(s)].push_back(value);
  return kept;
}

KsGap gap_by_cells(std::span<const double> a, std::span<const double> b) {
  const Cells cells = place_cells(a, b);
  Counted counted{std::vector<std::int64_t>(kCells, 0), std::vector<std::int64_t>(kCells, 0)};
  for (const double value : a) ++counted.a[cells.of(value)];
  for (const double value : b) ++counted.b[cells.of(value)];
  const auto n = static_cast<std::int64_t>(a.size()), m = static_cast<std::int64_t>(b.size());
  // The gap at the end of each cell is a lower bound of the greatest; within a cell it can grow by no more
  // than the cell's own values, so most cells need no look inside.
  std::int64_t reached = 0;
  for (std::size_t cell = 0, i = 0, j = 0; cell < kCells; ++cell) {
    i += static_cast<std::size_t>(counted.a[cell]), j += static_cast<std::size_t>(counted.b[cell]);
    reached =
        std::max(reached, std::abs(static_cast<std::int64_t>(i) * m - static_cast<std::int64_t>(j) * n));
  }
  std::vector<std::int32_t> slot(kCells, -1);
  struct Start {
    std::int64_t i, j;
  };
  std::vector<Start> starts;
  std::int64_t i = 0, j = 0;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    const std::int64_t before = i * m - j * n;
    const std::int64_t most = std::max(before + counted.a[cell] * m, -(before - counted.b[cell] * n));
    if (most >= reached && counted.a[cell] + counted.b[cell] > 0) {
      slot[cell] = static_cast<std::int32_t>(starts.size());
      starts.push_back({i, j});
    }
    i += counted.a[cell], j += counted.b[cell];
  }
  auto kept_a = collect(a, cells, slot, counted.a, starts.size());
  auto kept_b = collect(b, cells, slot, counted.b, starts.size());
  KsGap best;
  for (std::size_t s = 0; s < starts.size(); ++s) {
    sort_numbers(kept_a[s]);
    sort_numbers(kept_b[s]);
    walk(best, kept_a[s], kept_b[s], starts[s].i, starts[s].j, n, m);
  }
  return best;
}

// The probability that a random order of the pooled values reaches the gap: the last step of a path to (i, j)
// came from (i − 1, j) with probability i/(i + j). Only the ends of tied groups count.
double exact_p(std::span<const double> a, std::span<const double> b, std::int64_t gap) {
  const auto n = static_cast<std::int64_t>(a.size()), m = static_cast<std::int64_t>(b.size());
  std::vector<double> pooled(a.begin(), a.end());
  pooled.insert(pooled.end(), b.begin(), b.end());
  std::sort(pooled.begin(), pooled.end());
  const auto group_ends = [&](std::int64_t at) {
    return at == 0 || at == n + m ||
           pooled[static_cast<std::size_t>(at - 1)] != pooled[static_cast<std::size_t>(at)];
  };
  std::vector<double> reach(static_cast<std::size_t>(m) + 1, 0);
  for (std::int64_t i = 0; i <= n; ++i)
    for (std::int64_t j = 0; j <= m; ++j) {
      double& here = reach[static_cast<std::size_t>(j)];
      if (std::abs(i * m - j * n) >= gap && group_ends(i + j)) {
        here = 1;
        continue;
      }
      const auto steps = static_cast<double>(i + j);
      const double up = i > 0 ? here * static_cast<double>(i) / steps : 0;
      const double left = j > 0 ? reach[static_cast<std::size_t>(j - 1)] * static_cast<double>(j) / steps : 0;
      here = up + left;
    }
  return reach.back();
}

}  // namespace

KsGap ks_gap_sorted(std::span<const double> a, std::span<const double> b) {
  KsGap best;
  walk(best, a, b, 0, 0, static_cast<std::int64_t>(a.size()), static_cast<std::int64_t>(b.size()));
  return best;
}

KsGap ks_gap(std::span<const double> a, std::span<const double> b) {
  if (a.size() >= kProbes && b.size() >= kProbes && a.size() + b.size() >= kHistogramLeast)
    return gap_by_cells(a, b);
  return ks_gap_sorted(sorted(a), sorted(b));
}

double ks_critical(double alpha, double n, double m) {
  return std::sqrt(-0.5 * std::log(alpha / 2)) * std::sqrt((n + m) / (n * m));
}

Result<KsTest> ks_test(std::span<const double> a, std::span<const double> b, KsMethod method) {
  TRACSEQ_CHECK(check_sample("a", a));
  TRACSEQ_CHECK(check_sample("b", b));
  if (std::max(a.size(), b.size()) >= static_cast<std::size_t>(kGapFactorMax))
    return fail_field("a", fmt::format("samples of {} and {} values; allowed are fewer than {}", a.size(),
                                       b.size(), kGapFactorMax));
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  if (method == KsMethod::exact && n * m > kKsExactPairsMost)
    return fail_field("method",
                      fmt::format("exact counts n·m = {} steps; allowed are {}", n * m, kKsExactPairsMost));
  const KsGap gap = ks_gap(a, b);
  KsTest answer;
  answer.n = static_cast<std::int64_t>(a.size());
  answer.m = static_cast<std::int64_t>(b.size());
  answer.statistic = static_cast<double>(gap.gap) / (n * m);
  answer.location = gap.location;
  const bool exact = method == KsMethod::exact || (method == KsMethod::automatic && n * m <= kKsExactPairs);
  answer.method = exact ? "exact" : "limit";
  answer.p_value = exact ? (gap.gap == 0 ? 1 : exact_p(a, b, gap.gap))
                         : kolmogorov_tail(answer.statistic * std::sqrt(n * m / (n + m)));
  return answer;
}

}  // namespace tracseq::stats
