// SPDX-License-Identifier: MIT
// A query becomes SQL made of fixed pieces: one value for each `?`, and none of the caller's text in between.
// Built with: domain/tracking/run_query.cpp storage/sql/value.cpp
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "domain/tracking/run_query.h"

namespace {

void check(const tracseq::tracking::Condition& condition) {
  const auto marks = std::count(condition.sql.begin(), condition.sql.end(), '?');
  TRACSEQ_ENSURE(static_cast<std::size_t>(marks) == condition.values.size());
  TRACSEQ_ENSURE(condition.sql.find(';') == std::string::npos &&
                 condition.sql.find("--") == std::string::npos);
  TRACSEQ_ENSURE(
      std::all_of(condition.sql.begin(), condition.sql.end(), [](char c) { return c >= ' ' && c <= '~'; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto condition = tracseq::tracking::parse_run_query(text)) {
    TRACSEQ_ENSURE(size <= tracseq::tracking::kQueryBytesMax);
    check(*condition);
  }
  if (const auto orders = tracseq::tracking::parse_run_orders(text))
    for (const auto& order : *orders) check(order.key);
  return 0;
}
