// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "domain/tracking/run_query.h"

namespace tracseq::tracking {

// Where a page of the list of runs ended: the sort keys' values (null for runs without one) and the run's id.
struct RunPlace {
  Json::Array keys;
  std::string run_id;
};
std::string page_token(const RunPlace& place);
// `invalid` for a text that no list gave, and for one that a list in another kind of order gave.
Result<RunPlace> run_place(const std::string& token, const std::vector<Order>& orders);

// A point in the order in which a series is read; the default stands before all.
struct PointPlace {
  static constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  std::int64_t step = kLowest;
  std::int64_t time = kLowest;
  std::int64_t arrival = kLowest;
  std::int64_t bits = kLowest;
};

// Where the next page of series begins: behind this point of this series, or with the series where there is
// no point.
struct SeriesPlace {
  std::string run_id;
  std::string key;
  PointPlace after;
};
std::string page_token(const SeriesPlace& place);
// Nothing for an empty token; `invalid` for a text that no page gave.
Result<std::optional<SeriesPlace>> series_place(const std::string& token);

}  // namespace tracseq::tracking
