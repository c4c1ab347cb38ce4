// SPDX-License-Identifier: MIT
#include "stats/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tracseq::stats {

TRACSEQ_DEFINE_ENUM(Alternative)
TRACSEQ_DEFINE_TYPE(Range)
TRACSEQ_DEFINE_TYPE(Comparison)

double p_of_tails(Alternative alternative, double lower, double upper) noexcept {
  if (alternative == Alternative::less) return lower;
  if (alternative == Alternative::greater) return upper;
  return std::min(1.0, 2 * std::min(lower, upper));
}

Result<void> check_between(const char* field, double value, double low, double high) {
  if (value > low && value < high) return {};
  return fail_field(
      field, fmt::format("{} is {}; allowed is a number above {} and below {}", field, value, low, high));
}

Result<void> check_sample(const char* field, std::span<const double> values, std::size_t least) {
  if (values.size() < least)
    return fail_field(field,
                      fmt::format("{} has {} values; at least {} are needed", field, values.size(), least));
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      return fail_field(field,
                        fmt::format("{}[{}] is {}; every value must be a finite number (count missing and "
                                    "infinite ones apart)",
                                    field, i, values[i]));
  return {};
}

}  // namespace tracseq::stats
