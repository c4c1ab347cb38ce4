// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/abtest/plan.h"
#include "domain/abtest/types.h"
#include "stats/pair_moments.h"

// What is kept of one user: count and sum of each measure. A metric's unit is a function of it, so that a
// user counts once however often he came.
namespace tracseq::abtest {

using Measured = std::vector<std::pair<std::string, double>>;

// The measures of one interaction: success, error_rate, latency, conversion and value where given, and the
// finite numbers and booleans of the answer by their dotted names. At most kMeasuresMax.
Measured measures_of(const Interaction& interaction);

struct Tally {
  std::int64_t count = 0;
  double sum = 0;
};

class UserState {
 public:
  void add(std::int64_t measure, double value);
  // Of a value that is known once: a covariate. Does nothing where there is one.
  void set_once(std::int64_t measure, double value);
  // Null where nothing was measured.
  [[nodiscard]] const Tally* find(std::int64_t measure) const noexcept;
  [[nodiscard]] std::string encode() const;
  static Result<UserState> decode(std::string_view bytes);

 private:
  Tally& place(std::int64_t measure);
  std::vector<std::pair<std::int64_t, Tally>> tallies_;  // by measure
};

// A metric and the numbers of the measures it is made of; −1 for one it has none of.
struct MetricPlace {
  Metric metric;
  std::int64_t field = -1;
  std::int64_t denominator = -1;
  std::int64_t covariate = -1;
  double shift = 0;  // what units are kept less of: the field's first value
  double covariate_shift = 0;
};

// What a user counts as in a metric; nothing where he has no value of it. y is the unit less the place's
// shift (of a quantile: how many values; of a ratio per interaction: the sum less the shift times x), x the
// denominator, or the covariate less its shift (0 without: the first value seen).
struct Unit {
  double y = 0;
  double x = 0;
};
std::optional<Unit> unit_of(const MetricPlace& place, const UserState& state);

}  // namespace tracseq::abtest
