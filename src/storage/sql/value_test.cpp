// SPDX-License-Identifier: MIT
#include "storage/sql/value.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace tracseq::sql {
namespace {

std::uint64_t raw(double value) { return std::bit_cast<std::uint64_t>(value); }

TEST(DoubleBits, ComesBackBitForBit) {
  const std::vector<std::uint64_t> patterns{raw(0.0),
                                            raw(-0.0),
                                            raw(0.1),
                                            raw(std::numeric_limits<double>::denorm_min()),
                                            raw(std::numeric_limits<double>::max()),
                                            raw(std::numeric_limits<double>::infinity()),
                                            raw(-std::numeric_limits<double>::infinity()),
                                            0x7ff8000000000000,   // the usual NaN
                                            0xfff8000000000001,   // negative, with a payload
                                            0x7ff0000000000123};  // signalling, with a payload
  for (const std::uint64_t pattern : patterns)
    EXPECT_EQ(raw(bits_double(double_bits(std::bit_cast<double>(pattern)))), pattern) << std::hex << pattern;
}

TEST(DoubleBits, SortsAsTheDoublesDo) {
  const std::vector<double> ascending{
      -std::numeric_limits<double>::infinity(), -1e300, -1.5, -1e-300, -0.0, 0.0, 1e-300, 1.5, 1e300,
      std::numeric_limits<double>::infinity()};
  for (std::size_t i = 1; i < ascending.size(); ++i)
    EXPECT_LT(double_bits(ascending[i - 1]), double_bits(ascending[i])) << ascending[i];
  EXPECT_GT(double_bits(std::bit_cast<double>(0x7ff8000000000000)), double_bits(ascending.back()));
  EXPECT_LT(double_bits(std::bit_cast<double>(0xfff8000000000000)), double_bits(ascending.front()));
}

}  // namespace
}  // namespace tracseq::sql
