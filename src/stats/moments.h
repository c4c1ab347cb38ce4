// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace tracseq::stats {

// Count, mean and centred second moment of a stream of finite numbers. Merging two halves gives what one pass
// over both would; nothing is lost where the mean is far larger than the spread (1e9 ± 1).
struct Moments {
  std::int64_t count = 0;
  double mean = 0;
  double m2 = 0;  // Σ (x − mean)²
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void add(double x) noexcept {
    ++count;
    const double before = x - mean;
    mean += before / static_cast<double>(count);
    m2 += before * (x - mean);
    min = std::min(min, x);
    max = std::max(max, x);
  }

  // Two tight loops over the block, then a merge: no division per value.
  void add_block(std::span<const double> values) noexcept {
    if (values.empty()) return;
    Moments block;
    block.count = static_cast<std::int64_t>(values.size());
    double sum = 0;
    const double shift = values.front();
    for (const double x : values) {
      sum += x - shift;
      block.min = std::min(block.min, x);
      block.max = std::max(block.max, x);
    }
    block.mean = shift + sum / static_cast<double>(block.count);
    double rest = 0;
    for (const double x : values) {
      const double d = x - block.mean;
      block.m2 += d * d;
      rest += d;
    }
    block.m2 -= rest * rest / static_cast<double>(block.count);  // the rounding of the mean, corrected
    merge(block);
  }

  void merge(const Moments& other) noexcept {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const auto n = static_cast<double>(count);
    const auto m = static_cast<double>(other.count);
    const double difference = other.mean - mean;
    m2 += other.m2 + difference * difference * n * m / (n + m);
    mean += difference * m / (n + m);
    count += other.count;
    min = std::min(min, other.min);
    max = std::max(max, other.max);
  }

  // Population variance; NaN of nothing.
  [[nodiscard]] double variance() const noexcept { return m2 / static_cast<double>(count); }
};

}  // namespace tracseq::stats
