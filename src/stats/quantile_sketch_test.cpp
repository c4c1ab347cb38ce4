// SPDX-License-Identifier: MIT
#include "stats/quantile_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace tracseq::stats {
namespace {

double exact(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

TEST(QuantileSketch, IsWithinOnePercentOfTheValue) {
  std::mt19937 generator(7);
  std::lognormal_distribution<double> latency(1.0, 1.5);
  std::vector<double> values;
  QuantileSketch sketch;
  for (int i = 0; i < 20'000; ++i) {
    const double value = i % 5 == 0 ? -latency(generator) : latency(generator);
    values.push_back(value);
    sketch.add(value);
  }
  for (const double q : {0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0}) {
    const double expected = exact(values, q);
    EXPECT_NEAR(sketch.quantile(q), expected, std::abs(expected) * 0.0101) << q;
  }
}

TEST(QuantileSketch, PartsMergeIntoTheWhole) {
  QuantileSketch whole;
  QuantileSketch even;
  QuantileSketch odd;
  for (int i = -500; i <= 500; ++i) {
    whole.add(i * 0.37);
    (i % 2 == 0 ? even : odd).add(i * 0.37);
  }
  even.merge(odd);
  EXPECT_EQ(even.count(), whole.count());
  for (const double q : {0.05, 0.5, 0.77, 0.999}) EXPECT_EQ(even.quantile(q), whole.quantile(q));
}

TEST(QuantileSketch, ComesBackFromItsBytes) {
  QuantileSketch sketch;
  for (int i = -50; i < 300; ++i) sketch.add(std::pow(1.7, i % 40) * (i < 0 ? -1 : 1), 1 + (i + 50) % 3);
  sketch.add(0, 12);
  const auto read = QuantileSketch::decode(sketch.encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->count(), sketch.count());
  EXPECT_EQ(read->encode(), sketch.encode());
  for (const double q : {0.0, 0.3, 0.5, 0.9, 1.0}) EXPECT_EQ(read->quantile(q), sketch.quantile(q));
}

TEST(QuantileSketch, RefusesOtherBytes) {
  QuantileSketch sketch;
  for (int i = 1; i < 100; ++i) sketch.add(i);
  const std::string bytes = sketch.encode();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(QuantileSketch::decode(bytes.substr(0, cut))) << cut;
  EXPECT_FALSE(QuantileSketch::decode(bytes + "x"));
  EXPECT_FALSE(QuantileSketch::decode("\xff\xff\xff"));
}

TEST(QuantileSketch, WithoutValuesIsZero) { EXPECT_EQ(QuantileSketch{}.quantile(0.5), 0); }

TEST(QuantileSketch, AnswersForMoreValuesThanADoubleCanCount) {
  QuantileSketch sketch;
  sketch.add(5, 1LL << 60);  // found by the fuzzer
  EXPECT_NEAR(sketch.quantile(1), 5, 0.1);
}

TEST(QuantileSketch, StaysSmall) {
  QuantileSketch sketch;
  for (double value = 1e-11; value < 1e300; value *= 1.05) sketch.add(value);
  EXPECT_LT(sketch.encode().size(), 3 * QuantileSketch::kBucketsMax + 16);
  EXPECT_NEAR(sketch.quantile(1), 1e300, 0.06e300);
}

}  // namespace
}  // namespace tracseq::stats
