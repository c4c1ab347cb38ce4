// SPDX-License-Identifier: MIT
#include "storage/sql/value.h"

#include <bit>
#include <limits>

namespace tracseq::sql {

// Doubles are sign and magnitude, integers two's complement: turning the magnitude bits of negative values
// over makes the orders agree. Doing it twice gives the value back.
std::int64_t double_bits(double value) noexcept {
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits < 0 ? bits ^ std::numeric_limits<std::int64_t>::max() : bits;
}

double bits_double(std::int64_t bits) noexcept {
  return std::bit_cast<double>(bits < 0 ? bits ^ std::numeric_limits<std::int64_t>::max() : bits);
}

}  // namespace tracseq::sql
