// SPDX-License-Identifier: MIT
#include "stats/distances.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

#include "stats/moments.h"
#include "stats/sorting.h"

namespace tracseq::stats {

TRACSEQ_DEFINE_TYPE(CellDistances)
TRACSEQ_DEFINE_TYPE(SampleDistances)
TRACSEQ_DEFINE_TYPE(NullThresholds)
TRACSEQ_DEFINE_TYPE(DistancePValues)

namespace {

Result<double> total_of(const char* field, std::span<const double> counts) {
  double total = 0;
  for (const double count : counts) {
    if (!(count >= 0) || !std::isfinite(count))
      return fail_field(field, fmt::format("{} holds {}; allowed are numbers from 0", field, count));
    total += count;
  }
  if (!(total > 0)) return fail_field(field, fmt::format("{} is empty or all 0", field));
  return total;
}

double x_log_ratio(double x, double y) { return x == 0 ? 0 : x * std::log(x / y); }

// Sums over the cells, of any two histograms.
CellDistances measure(std::span<const double> current, std::span<const double> reference, double n,
                      double m) {
  CellDistances d;
  const auto k = static_cast<double>(current.size());
  double psi = 0, raw = 0, kl = 0, reverse = 0, js = 0, hellinger = 0, variation = 0, largest = 0;
  for (std::size_t i = 0; i < current.size(); ++i) {
    const double c = current[i] / n, r = reference[i] / m;
    if (c == 0 && r == 0) {
      // An empty cell still has smoothed shares.
    } else {
      d.cells_occupied += 1;
      raw += c == r ? 0 : c == 0 || r == 0 ? kInfinity : (c - r) * std::log(c / r);
      const double middle = (c + r) / 2;
      js += (x_log_ratio(c, middle) + x_log_ratio(r, middle)) / 2;
      hellinger += (std::sqrt(c) - std::sqrt(r)) * (std::sqrt(c) - std::sqrt(r)) / 2;
      variation += std::abs(c - r) / 2;
      largest = std::max(largest, std::abs(c - r));
    }
    const double sc = (current[i] + 0.5) / (n + k / 2), sr = (reference[i] + 0.5) / (m + k / 2);
    const double log_ratio = std::log(sc / sr);
    psi += (sc - sr) * log_ratio;
    kl += sc * log_ratio;
    reverse -= sr * log_ratio;
  }
  js = std::max(0.0, js);
  d.psi = psi;
  d.psi_raw = raw;
  d.kl = kl;
  d.kl_reverse = reverse;
  d.js_divergence = js;
  d.js_distance = std::sqrt(js);
  d.js_divergence_2 = js / std::numbers::ln2;
  d.js_distance_2 = std::sqrt(d.js_divergence_2);
  d.hellinger = std::sqrt(hellinger);
  d.total_variation = variation;
  d.l_infinity = largest;
  return d;
}

struct Totals {
  double n = 0, m = 0;
};

Result<Totals> totals(std::span<const double> current, std::span<const double> reference) {
  if (current.size() != reference.size())
    return fail_field("reference", fmt::format("current has {} cells and reference {}; there must be as many",
                                               current.size(), reference.size()));
  Totals out;
  TRACSEQ_TRY(out.n, total_of("current", current));
  TRACSEQ_TRY(out.m, total_of("reference", reference));
  return out;
}

}  // namespace

Result<CellDistances> cell_distances(std::span<const double> current, std::span<const double> reference) {
  TRACSEQ_TRY(const Totals total, totals(current, reference));
  return measure(current, reference, total.n, total.m);
}

Result<SampleDistances> sample_distances(std::span<const double> current, std::span<const double> reference) {
  TRACSEQ_CHECK(check_sample("current", current));
  TRACSEQ_CHECK(check_sample("reference", reference));
  const auto a = sorted(current), b = sorted(reference);
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  SampleDistances d{0, 0, 0, 0, 0};
  std::size_t i = 0, j = 0;
  double before = std::min(a.front(), b.front());
  while (i < a.size() || j < b.size()) {
    const double value = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    const double gap = static_cast<double>(i) / n - static_cast<double>(j) / m;
    d.wasserstein += std::abs(gap) * (value - before);
    d.energy_squared += 2 * gap * gap * (value - before);
    d.ks = std::max(d.ks, std::abs(gap));
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    before = value;
  }
  d.energy = std::sqrt(d.energy_squared);
  Moments moments;
  moments.add_block(reference);
  const double sigma = std::sqrt(moments.variance());
  d.wasserstein_scaled = moments.min < moments.max && sigma > 0 ? d.wasserstein / sigma : kNaN;
  return d;
}

Result<NullThresholds> null_thresholds(double n, double m, double occupied, double alpha) {
  TRACSEQ_CHECK(check_between("n", n, 0, kInfinity));
  TRACSEQ_CHECK(check_between("m", m, 0, kInfinity));
  TRACSEQ_CHECK(check_between("alpha", alpha, 0, 1));
  if (!(occupied >= 2) || std::isinf(occupied))
    return fail_field("occupied", fmt::format("occupied is {}; allowed are whole numbers from 2", occupied));
  NullThresholds out;
  out.psi = (1 / n + 1 / m) * chi2_upper(alpha, occupied - 1);
  out.js_divergence = out.psi / 8;
  out.js_distance = std::sqrt(out.js_divergence);
  out.js_divergence_2 = out.js_divergence / std::numbers::ln2;
  out.js_distance_2 = std::sqrt(out.js_divergence_2);
  out.hellinger = out.js_distance;
  return out;
}

namespace {

constexpr std::int64_t kDrawsLeast = 99;
constexpr std::int64_t kDrawsMost = 1'000'000;
constexpr double kSame = 1 - 1e-12;  // as far, but for rounding

// n values over the cells with those shares, by conditional binomials.
void draw(std::mt19937_64& random, const std::vector<double>& shares, std::int64_t n,
          std::vector<double>& out) {
  double left = 1;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const bool last = i + 1 == shares.size() || left <= shares[i];
    const double p = last ? 1 : std::clamp(shares[i] / left, 0.0, 1.0);
    const std::int64_t here = n == 0 ? 0 : std::binomial_distribution<std::int64_t>(n, p)(random);
    out[i] = static_cast<double>(here);
    n -= here;
    left -= shares[i];
  }
}

}  // namespace

Result<DistancePValues> distance_p_values(std::span<const double> current, std::span<const double> reference,
                                          std::int64_t draws, std::uint64_t seed) {
  TRACSEQ_TRY(const Totals total, totals(current, reference));
  if (draws < kDrawsLeast || draws > kDrawsMost)
    return fail_field("draws",
                      fmt::format("draws is {}; allowed are {} to {}", draws, kDrawsLeast, kDrawsMost));
  for (const double n : {total.n, total.m})
    if (n != std::floor(n) || n > 9e15)
      return fail_field("current", "counts must be whole numbers to be drawn again: shares are not enough");
  const CellDistances seen = measure(current, reference, total.n, total.m);
  // Empty cells stay empty in every draw; the occupied ones are drawn.
  std::vector<double> shares;
  for (std::size_t i = 0; i < current.size(); ++i)
    shares.push_back((current[i] + reference[i]) / (total.n + total.m));
  std::vector<double> a(shares.size()), b(shares.size());
  std::mt19937_64 random(seed);
  std::int64_t psi = 1, js = 1, hellinger = 1, variation = 1, largest = 1;
  for (std::int64_t i = 0; i < draws; ++i) {
    draw(random, shares, static_cast<std::int64_t>(total.n), a);
    draw(random, shares, static_cast<std::int64_t>(total.m), b);
    const CellDistances d = measure(a, b, total.n, total.m);
    psi += d.psi >= seen.psi * kSame ? 1 : 0;
    js += d.js_divergence >= seen.js_divergence * kSame ? 1 : 0;
    hellinger += d.hellinger >= seen.hellinger * kSame ? 1 : 0;
    variation += d.total_variation >= seen.total_variation * kSame ? 1 : 0;
    largest += d.l_infinity >= seen.l_infinity * kSame ? 1 : 0;
  }
  const auto all = static_cast<double>(draws + 1);
  return DistancePValues{static_cast<double>(psi) / all, static_cast<double>(js) / all,
                         static_cast<double>(hellinger) / all, static_cast<double>(variation) / all,
                         static_cast<double>(largest) / all};
}

}  // namespace tracseq::stats
