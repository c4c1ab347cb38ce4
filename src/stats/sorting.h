// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace tracseq::stats {

// Unsigned integers that sort as the doubles do (−0 and 0 are one), and back. Not for NaN.
inline std::uint64_t ordered_bits(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);
  return (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
}
inline double from_ordered_bits(std::uint64_t ordered) noexcept {
  return std::bit_cast<double>((ordered >> 63) != 0 ? ordered & ~(std::uint64_t{1} << 63) : ~ordered);
}

// Ascending order of numbers without NaN: by digits (radix, least first) where there are many, which is about
// four times as fast as comparing. Needs as much memory again. Not stable between −0 and 0, which are equal.
void sort_numbers(std::vector<double>& values);
std::vector<double> sorted(std::span<const double> values);

}  // namespace tracseq::stats
