// SPDX-License-Identifier: MIT
#include "stats/sequential_rates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tracseq::stats {
namespace {

TEST(SequentialRates, NothingSeenSaysNothing) {
  const RateBounds bounds = rate_sequence(0, 0, 0.05);
  EXPECT_EQ(bounds.lower, 0);
  EXPECT_EQ(bounds.upper, 1);
}

// No events in n: the upper bound solves (1 - p)^n = alpha * B(1/2, n + 1/2) / B(1/2, 1/2) in closed form.
TEST(SequentialRates, WithoutEventsTheBoundIsTheClosedForm) {
  for (const int n : {1, 10, 100, 10'000}) {
    const double log_ratio = std::lgamma(0.5) + std::lgamma(n + 0.5) - std::lgamma(n + 1.0) - std::log(M_PI);
    const double expected = -std::expm1((std::log(0.05) + log_ratio) / n);
    EXPECT_NEAR(rate_sequence(0, n, 0.05).upper, expected, 1e-12) << n;
    EXPECT_EQ(rate_sequence(0, n, 0.05).lower, 0);
    EXPECT_NEAR(rate_sequence(n, n, 0.05).lower, 1 - expected, 1e-12) << n;
  }
}

TEST(SequentialRates, BoundsHoldTheMeanAndNarrow) {
  double width = 1;
  for (const int n : {10, 100, 1'000, 100'000, 10'000'000}) {
    const RateBounds bounds = rate_sequence(n / 10, n, 0.05);
    EXPECT_LT(bounds.lower, 0.1);
    EXPECT_GT(bounds.upper, 0.1);
    EXPECT_LT(bounds.upper - bounds.lower, width);
    width = bounds.upper - bounds.lower;
  }
  EXPECT_LT(width, 0.002);
}

// Looked at after each of 2,000 observations, the true rate is missed ever in at most alpha of the runs.
TEST(SequentialRates, LookingAlwaysKeepsTheLevel) {
  constexpr int kRuns = 1'000;
  constexpr int kLooks = 2'000;
  constexpr double kAlpha = 0.05;
  std::mt19937_64 random(20261123);
  for (const double rate : {0.01, 0.1, 0.5}) {
    std::bernoulli_distribution event(rate);
    int missed = 0;
    for (int run = 0; run < kRuns; ++run) {
      std::int64_t events = 0;
      for (int n = 1; n <= kLooks; ++n) {
        events += event(random) ? 1 : 0;
        if (n > 50 && n % 10 != 0) continue;  // looks are what cost time
        const RateBounds bounds = rate_sequence(events, n, kAlpha);
        if (bounds.lower <= rate && rate <= bounds.upper) continue;
        ++missed;
        break;
      }
    }
    const double error = std::sqrt(kAlpha * (1 - kAlpha) / kRuns);
    EXPECT_LE(missed, kRuns * (kAlpha + 3 * error)) << rate;
  }
}

TEST(SequentialRates, ARealDifferenceIsFound) {
  EXPECT_GT(rate_difference_sequence(60, 300, 3, 300, 0.05).lower, 0);
  EXPECT_LT(rate_difference_sequence(6, 300, 3, 300, 0.05).lower, 0);
  EXPECT_GT(rate_difference_sequence(6, 300, 3, 300, 0.05).upper, 0);
}

}  // namespace
}  // namespace tracseq::stats
