// SPDX-License-Identifier: MIT
#include "stats/group_sequential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tracseq::stats {
namespace {

std::vector<double> even_looks(int count) {
  std::vector<double> out;
  for (int i = 1; i <= count; ++i) out.push_back(static_cast<double>(i) / count);
  return out;
}

// Whatever the looks, all of alpha is spent at the end and no more: checked by the law of the bounds
// themselves.
TEST(GroupSequential, SpendsWhatWasPlannedHoweverManyLooks) {
  for (const int count : {1, 2, 7, 50, 200})
    for (const Spending spending : {Spending::obrien_fleming, Spending::pocock, Spending::power}) {
      const auto information = even_looks(count);
      const auto bounds = sequential_bounds(information, {spending, 0.05, 2, false}).value();
      const auto stopped = stopping_probabilities(information, bounds.z, 0, false).value();
      EXPECT_NEAR(stopped.back(), 0.05, 1e-9) << count;
      for (std::size_t i = 0; i < stopped.size(); ++i)
        EXPECT_NEAR(stopped[i], bounds.spent[i], 1e-9) << count << " " << i;
    }
}

TEST(GroupSequential, UnevenLooksAndCrowdedOnesKeepTheirPrecision) {
  const std::vector<double> information{0.05, 0.0502, 0.051, 0.3, 0.3003, 0.9, 0.9998, 1};
  const auto bounds = sequential_bounds(information, {Spending::pocock, 0.05, 2, false}).value();
  const auto stopped = stopping_probabilities(information, bounds.z, 0, false).value();
  EXPECT_NEAR(stopped.back(), 0.05, 1e-8);
}

TEST(GroupSequential, ARepeatedLookKeepsItsBoundAndATinyStepGetsNone) {
  const std::vector<double> information{0.3, 0.3, 0.30001, 1};
  const auto bounds = sequential_bounds(information, {}).value();
  EXPECT_EQ(bounds.z[0], bounds.z[1]);
  EXPECT_TRUE(std::isinf(bounds.z[2]));
  EXPECT_EQ(bounds.spent[1], bounds.spent[2]);
  EXPECT_NEAR(bounds.spent[3], 0.05, 1e-15);
}

TEST(GroupSequential, WhatCannotBeSpentEarlyIsNotLost) {
  const auto bounds = sequential_bounds(std::vector<double>{0.005, 0.01, 1}, {}).value();
  EXPECT_TRUE(std::isinf(bounds.z[0]));
  EXPECT_TRUE(std::isinf(bounds.z[1]));
  EXPECT_NEAR(bounds.z[2], 1.959963984540054, 1e-9);
}

TEST(GroupSequential, TheEstimateAtTheStopIsPulledIn) {
  const std::vector<double> information{0.2, 0.4};
  const auto seen = stopped_estimate(information, {Spending::pocock, 0.05, 2, false}, 3, 1, 0.95).value();
  EXPECT_LT(seen.median_unbiased, seen.estimate);
  EXPECT_LT(seen.low, seen.median_unbiased);
  EXPECT_GT(seen.high, seen.median_unbiased);
  const auto mirrored =
      stopped_estimate(information, {Spending::pocock, 0.05, 2, false}, -3, 1, 0.95).value();
  EXPECT_NEAR(mirrored.p_value, seen.p_value, 1e-9);
}

}  // namespace
}  // namespace tracseq::stats
