// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include "base/describe.h"

namespace tracseq::stats {

// What a test needs of an arm: count, means, centred second moments and the cross product of a metric y with
// a second value x of the same unit (the covariate of CUPED, the denominator of a ratio). Merging two halves
// gives what one pass over both would; nothing is lost where means are far larger than spreads.
struct PairMoments {
  std::int64_t count = 0;
  double mean_y = 0;
  double mean_x = 0;
  double m2_y = 0;  // Σ (y − mean)²
  double m2_x = 0;
  double cross = 0;  // Σ (y − mean_y)(x − mean_x)

  void add(double y, double x) noexcept {
    ++count;
    const double n = static_cast<double>(count), dy = y - mean_y, dx = x - mean_x;
    mean_y += dy / n;
    mean_x += dx / n;
    m2_y += dy * (y - mean_y);
    m2_x += dx * (x - mean_x);
    cross += dy * (x - mean_x);
  }

  void merge(const PairMoments& other) noexcept {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const auto n = static_cast<double>(count), m = static_cast<double>(other.count);
    const double dy = other.mean_y - mean_y, dx = other.mean_x - mean_x, weight = n * m / (n + m);
    m2_y += other.m2_y + dy * dy * weight;
    m2_x += other.m2_x + dx * dx * weight;
    cross += other.cross + dy * dx * weight;
    mean_y += dy * m / (n + m);
    mean_x += dx * m / (n + m);
    count += other.count;
  }

  // Takes back what merge() or add() brought in: a unit's state before it changed. Rounding may leave a sum
  // of squares a hair below 0; it is 0 then.
  void remove(const PairMoments& other) noexcept {
    if (other.count == 0) return;
    if (other.count >= count) {
      *this = {};
      return;
    }
    const auto all = static_cast<double>(count), m = static_cast<double>(other.count), n = all - m;
    const double y = (all * mean_y - m * other.mean_y) / n, x = (all * mean_x - m * other.mean_x) / n;
    const double dy = other.mean_y - y, dx = other.mean_x - x, weight = n * m / all;
    m2_y = std::fmax(0, m2_y - other.m2_y - dy * dy * weight);
    m2_x = std::fmax(0, m2_x - other.m2_x - dx * dx * weight);
    cross -= other.cross + dy * dx * weight;
    mean_y = y;
    mean_x = x;
    count -= other.count;
  }

  // From plain sums over n units; what they lost to rounding stays lost.
  static PairMoments from_sums(std::int64_t n, double y, double yy, double x = 0, double xx = 0,
                               double xy = 0) noexcept {
    PairMoments out;
    if (n <= 0) return out;
    const auto count = static_cast<double>(n);
    out.count = n;
    out.mean_y = y / count;
    out.mean_x = x / count;
    out.m2_y = std::fmax(0, yy - y * out.mean_y);
    out.m2_x = std::fmax(0, xx - x * out.mean_x);
    out.cross = xy - y * out.mean_x;
    return out;
  }

  // Sample variances and covariance (n − 1); NaN below two units.
  [[nodiscard]] double variance_y() const noexcept { return over(m2_y); }
  [[nodiscard]] double variance_x() const noexcept { return over(m2_x); }
  [[nodiscard]] double covariance() const noexcept { return over(cross); }

 private:
  [[nodiscard]] double over(double sum) const noexcept {
    return count < 2 ? std::nan("") : sum / static_cast<double>(count - 1);
  }
};
TRACSEQ_DESCRIBE(PairMoments, (count, mean_y, mean_x, m2_y, m2_x, cross))

}  // namespace tracseq::stats
