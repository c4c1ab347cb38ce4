// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tracseq::deployment::gateway {

// Evenly distributed numbers for choices that need no secrecy (SplitMix64). One thread each.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  // In [0, 1).
  double unit() noexcept { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  // In [0, n); n > 0, far below 2^32, so that no remainder shows.
  std::uint64_t below(std::uint64_t n) noexcept { return ((next() >> 32U) * n) >> 32U; }

 private:
  std::uint64_t state_;
};

}  // namespace tracseq::deployment::gateway
