// SPDX-License-Identifier: MIT
#include "stats/order_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "stats/moments.h"

namespace tracseq::stats {
namespace {

// Reads the values in pieces until every wanted rank is known; returns the number of passes.
int run(OrderStatistics& order, const std::vector<double>& values, const std::vector<std::int64_t>& ranks,
        const std::vector<double>& places) {
  const auto observe = [&] {
    const std::size_t half = values.size() / 3;
    order.observe(std::span(values).first(half));
    order.observe(std::span(values).subspan(half));
    order.finish_pass();
  };
  observe();
  for (const auto rank : ranks) order.want(rank);
  for (const auto place : places) order.want_place_of(place);
  int passes = 1;
  for (; order.pass_needed(); ++passes) observe();
  return passes;
}

void expect_like_sort(std::vector<double> values, int passes_max) {
  const auto n = static_cast<std::int64_t>(values.size());
  const std::vector<std::int64_t> ranks{0, 1, n / 4, n / 2, n / 2 + 1, 3 * n / 4, n - 1};
  const std::vector<double> places{-1e300, 0.0, values.front(), 0.1234, 1e300};
  OrderStatistics order;
  EXPECT_LE(run(order, values, ranks, places), passes_max);
  std::sort(values.begin(), values.end());
  for (const auto rank : ranks)
    EXPECT_EQ(order.at(rank), values[static_cast<std::size_t>(std::clamp<std::int64_t>(rank, 0, n - 1))]);
  for (const auto place : places)
    EXPECT_EQ(order.count_below(place),
              std::lower_bound(values.begin(), values.end(), place) - values.begin());
}

TEST(OrderStatistics, FindsTheRanksOfRandomNumbers) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0, 3);
  std::vector<double> values(50'000);
  for (double& value : values) value = normal(random);
  expect_like_sort(values, 2);
}

TEST(OrderStatistics, DividesRangesThatHoldTooManyValues) {
  std::mt19937_64 random(2);
  std::vector<double> narrow(600'000);
  for (double& value : narrow) value = 1.0 + std::uniform_real_distribution<double>(0, 1e-9)(random);
  expect_like_sort(narrow, 5);
  std::vector<double> ties(600'000, 0.0);
  for (std::size_t i = 0; i < ties.size(); i += 5) ties[i] = static_cast<double>(i % 7) - 3;
  expect_like_sort(ties, 5);
}

TEST(OrderStatistics, HandlesFewValuesAndBothZeros) {
  expect_like_sort({3.5}, 2);
  expect_like_sort({2, 1}, 2);
  expect_like_sort({-0.0, 0.0, -0.0, -1.5, 1e308, -1e308, 5e-324, -5e-324}, 2);
}

TEST(OrderStatistics, QuantilesInterpolateAsNumpyDoes) {
  const auto place = quantile_place(4, 0.25);  // of 1, 2, 3, 10: between 1 and 2
  EXPECT_EQ(place.low, 0);
  EXPECT_DOUBLE_EQ(interpolate(1, 2, place.fraction), 1.75);
  const auto upper = quantile_place(4, 0.75);
  EXPECT_DOUBLE_EQ(interpolate(3, 10, upper.fraction), 4.75);
}

TEST(Moments, KeepTheDigitsOfASmallSpreadAroundALargeMean) {
  Moments by_block, by_value;
  std::vector<double> block;
  for (int i = 0; i < 10'000; ++i) {
    const double value = 1e9 + (i % 2 == 0 ? 1 : -1);
    by_value.add(value);
    block.push_back(value);
    if (block.size() == 333) by_block.add_block(block), block.clear();
  }
  by_block.add_block(block);
  EXPECT_NEAR(by_value.variance(), 1, 1e-9);
  EXPECT_NEAR(by_block.variance(), 1, 1e-9);
  EXPECT_EQ(by_block.min, 1e9 - 1);
  EXPECT_EQ(by_block.max, 1e9 + 1);
}

}  // namespace
}  // namespace tracseq::stats
