// SPDX-License-Identifier: MIT
#include "stats/sorting.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tracseq::stats {
namespace {

constexpr std::size_t kRadixLeast = 4096;  // below, the tables cost more than comparing
constexpr int kDigitBits = 11;
constexpr int kDigits = 6;  // 6 × 11 ≥ 64
constexpr std::uint64_t kDigitMask = (1U << kDigitBits) - 1;

}  // namespace

void sort_numbers(std::vector<double>& values) {
  if (values.size() < kRadixLeast) {
    std::sort(values.begin(), values.end());
    return;
  }
  std::vector<std::array<std::size_t, std::size_t{1} << kDigitBits>> places(kDigits);
  for (auto& place : places) place.fill(0);
  std::vector<std::uint64_t> from(values.size()), to(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t key = from[i] = ordered_bits(values[i]);
    for (std::size_t d = 0; d < kDigits; ++d) ++places[d][key >> (d * kDigitBits) & kDigitMask];
  }
  for (std::size_t d = 0; d < kDigits; ++d) {
    auto& place = places[d];
    const auto one = place[from[0] >> (d * kDigitBits) & kDigitMask];
    if (one == values.size()) continue;  // all the same digit
    std::size_t before = 0;
    for (auto& count : place) before += std::exchange(count, before);
    for (const std::uint64_t key : from) to[place[key >> (d * kDigitBits) & kDigitMask]++] = key;
    from.swap(to);
  }
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = from_ordered_bits(from[i]);
}

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  sort_numbers(copy);
  return copy;
}

}  // namespace tracseq::stats
