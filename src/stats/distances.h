// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "stats/comparison.h"

namespace tracseq::stats {

// How far two histograms over the same cells are apart. The first is the current data, the second the
// reference. Counts may be shares as well (they are scaled to sum 1), none negative, each side above 0; as
// many cells on both.
struct CellDistances {
  double psi = kNaN;              // Σ(c−r)ln(c/r) of smoothed shares (count + ½)/(n + k/2), k cells
  double psi_raw = kNaN;          // of the plain shares; ∞ where a cell is empty on one side only
  double kl = kNaN;               // KL(current‖reference) of the smoothed shares, nats
  double kl_reverse = kNaN;       // KL(reference‖current), Evidently's direction
  double js_divergence = kNaN;    // nats; /ln 2 is bits
  double js_distance = kNaN;      // √ of it, base e
  double js_divergence_2 = kNaN;  // base 2 (bits)
  double js_distance_2 = kNaN;    // √ of that: scipy's and NannyML's
  double hellinger = kNaN;        // √(½Σ(√p − √q)²), in [0, 1]
  double total_variation = kNaN;  // ½Σ|p − q|, in [0, 1]
  double l_infinity = kNaN;       // max |p − q|
  double cells_occupied = 0;      // on either side
};
TRACSEQ_DESCRIBE(CellDistances, (psi, psi_raw, kl, kl_reverse, js_divergence, js_distance, js_divergence_2,
                                 js_distance_2, hellinger, total_variation, l_infinity, cells_occupied))
Result<CellDistances> cell_distances(std::span<const double> current, std::span<const double> reference);

// Distances of samples, exact: both are sorted and walked together.
struct SampleDistances {
  double wasserstein = kNaN;  // ∫|F − G|dx, in the values' unit
  double wasserstein_scaled =
      kNaN;              // over the reference's standard deviation (ddof 0, no floor); NaN where that is 0
  double energy = kNaN;  // √(2∫(F − G)²dx): scipy's and Evidently's
  double energy_squared = kNaN;  // its square: dcor's and R's; R's test statistic is nm/(n+m) times it
  double ks = kNaN;              // sup|F − G|
};
TRACSEQ_DESCRIBE(SampleDistances, (wasserstein, wasserstein_scaled, energy, energy_squared, ks))
Result<SampleDistances> sample_distances(std::span<const double> current, std::span<const double> reference);

// What a distance exceeds with probability alpha although nothing has changed, for n current and m reference
// values: PSI ≈ s·χ²(B−1), JS divergence (nats) and Hellinger² ≈ s·χ²(B−1)/8, s = 1/n + 1/m, B occupied
// cells. Good where the cells expect a few values each; for sparse ones take distance_p_values().
struct NullThresholds {
  double psi = kNaN;
  double js_divergence = kNaN;
  double js_distance = kNaN;
  double js_divergence_2 = kNaN;
  double js_distance_2 = kNaN;
  double hellinger = kNaN;
};
TRACSEQ_DESCRIBE(NullThresholds, (psi, js_divergence, js_distance, js_divergence_2, js_distance_2, hellinger))
// alpha in (0, 1), n and m above 0, occupied ≥ 2.
Result<NullThresholds> null_thresholds(double n, double m, double occupied, double alpha);

// P-values of the distances by drawing both sides from the pooled shares (multinomial): cost independent of
// rows, right for sparse cells too. (1 + draws as far)/(1 + draws); `draws` 99 … 10⁶; the same answer for the
// same seed.
struct DistancePValues {
  double psi = kNaN;
  double js_divergence = kNaN;
  double hellinger = kNaN;
  double total_variation = kNaN;
  double l_infinity = kNaN;
};
TRACSEQ_DESCRIBE(DistancePValues, (psi, js_divergence, hellinger, total_variation, l_infinity))
Result<DistancePValues> distance_p_values(std::span<const double> current, std::span<const double> reference,
                                          std::int64_t draws, std::uint64_t seed);

}  // namespace tracseq::stats
