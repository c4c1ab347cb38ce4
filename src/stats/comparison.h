// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/describe.h"
#include "stats/distributions.h"

namespace tracseq::stats {

// Which differences count against "no difference": both, the first sample smaller, the first sample greater.
enum class Alternative { two_sided, less, greater };
TRACSEQ_DESCRIBE_ENUM(Alternative, two_sided, less, greater)

// Low and high end; an end that the data does not bound is infinite.
struct Range {
  double low = kNaN;
  double high = kNaN;
};
TRACSEQ_DESCRIBE(Range, (low, high))

// What a test of two samples says. Fields that a test does not have are NaN. The effect is the first sample's
// minus the second's, its interval [low, high] always two-sided at the confidence asked for.
struct Comparison {
  std::string method;
  bool testable = true;  // false: there is nothing to test, `reason` says why, and the p-value is NaN
  std::string reason;
  double statistic = kNaN;
  double dof = kNaN;
  double p_value = kNaN;
  double effect = kNaN;
  double std_error = kNaN;
  double low = kNaN;
  double high = kNaN;
  std::vector<std::string> warnings;  // where the law behind the p-value is known to be off
};
TRACSEQ_DESCRIBE(Comparison,
                 (method, testable, reason, statistic, dof, p_value, effect, std_error, low, high, warnings))

struct TestOptions {
  Alternative alternative = Alternative::two_sided;
  double confidence = 0.95;  // in (0, 1)
};

// The p-value of a statistic whose tails are P(T ≤ t) and P(T ≥ t) under "no difference".
double p_of_tails(Alternative alternative, double lower, double upper) noexcept;

// `invalid` naming the field unless value lies in the open interval (low, high), which NaN never does.
Result<void> check_between(const char* field, double value, double low, double high);
// `invalid` naming the field unless there is a value and all are finite.
Result<void> check_sample(const char* field, std::span<const double> values, std::size_t least = 1);

}  // namespace tracseq::stats
