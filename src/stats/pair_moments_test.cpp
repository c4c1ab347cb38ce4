// SPDX-License-Identifier: MIT
#include "stats/pair_moments.h"

#include <gtest/gtest.h>

#include <random>

namespace tracseq::stats {
namespace {

PairMoments drawn(std::uint64_t seed, int n, double far) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  PairMoments out;
  for (int i = 0; i < n; ++i) {
    const double x = normal(random);
    out.add(far + 0.5 * x + normal(random), far + x);
  }
  return out;
}

void expect_same(const PairMoments& a, const PairMoments& b, double tolerance) {
  EXPECT_EQ(a.count, b.count);
  EXPECT_NEAR(a.mean_y, b.mean_y, tolerance);
  EXPECT_NEAR(a.mean_x, b.mean_x, tolerance);
  EXPECT_NEAR(a.m2_y, b.m2_y, tolerance * 1000);
  EXPECT_NEAR(a.m2_x, b.m2_x, tolerance * 1000);
  EXPECT_NEAR(a.cross, b.cross, tolerance * 1000);
}

TEST(PairMoments, MergingHalvesGivesTheWhole) {
  const PairMoments a = drawn(1, 700, 0), b = drawn(2, 300, 3);
  PairMoments merged = a, other = b;
  merged.merge(b);
  other.merge(a);
  expect_same(merged, other, 1e-12);
  merged.merge({});
  EXPECT_EQ(merged.count, 1000);
  PairMoments empty;
  empty.merge(a);
  expect_same(empty, a, 0);
}

TEST(PairMoments, RemovingTakesBackWhatWasMerged) {
  const PairMoments a = drawn(3, 500, 100), b = drawn(4, 200, 101);
  PairMoments merged = a;
  merged.merge(b);
  merged.remove(b);
  expect_same(merged, a, 1e-10);
  merged.remove(a);
  EXPECT_EQ(merged.count, 0);
  EXPECT_EQ(merged.m2_y, 0);
}

TEST(PairMoments, KeepTheDigitsOfASmallSpreadAroundALargeMean) {
  PairMoments far = drawn(5, 1000, 1e9);
  const PairMoments near = drawn(5, 1000, 0);
  EXPECT_NEAR(far.variance_y(), near.variance_y(), 1e-6);
  EXPECT_NEAR(far.covariance(), near.covariance(), 1e-6);
}

TEST(PairMoments, SumsSayTheSame) {
  const PairMoments sums = PairMoments::from_sums(3, 6, 14, 9, 29, 20);  // y 1 2 3, x 2 3 4
  EXPECT_DOUBLE_EQ(sums.variance_y(), 1);
  EXPECT_DOUBLE_EQ(sums.variance_x(), 1);
  EXPECT_DOUBLE_EQ(sums.covariance(), 1);
  EXPECT_TRUE(std::isnan(PairMoments::from_sums(1, 1, 1).variance_y()));
}

}  // namespace
}  // namespace tracseq::stats
