// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Rates that may be looked at after every observation: bounds for the probability of an event (an error, a
// slow answer) that hold at all times at once, so that stopping at any look, for any reason, keeps their
// level. Pure functions, thread-safe.
namespace tracseq::stats {

struct RateBounds {
  double lower = 0;
  double upper = 1;
};

// The confidence sequence of a Bernoulli rate after `events` in `trials`: all p whose likelihood is not less
// than `alpha` of that of the Beta(1/2, 1/2) mixture (Robbins 1970; by Ville's inequality it misses the true
// rate at any time with probability at most alpha). Needs 0 <= events <= trials and 0 < alpha < 1; without
// trials: [0, 1].
RateBounds rate_sequence(std::int64_t events, std::int64_t trials, double alpha);

// Bounds of the difference a - b of two rates from a sequence of alpha/2 each (union bound).
RateBounds rate_difference_sequence(std::int64_t events_a, std::int64_t trials_a, std::int64_t events_b,
                                    std::int64_t trials_b, double alpha);

}  // namespace tracseq::stats
