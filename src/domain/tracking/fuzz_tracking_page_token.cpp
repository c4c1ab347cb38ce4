// SPDX-License-Identifier: MIT
// A page token of runs or series that is let in has what the statement binds, each of its kind, and is given
// out the same. The input is the token, and what the token hides.
// Built with: domain/tracking/page_token.cpp domain/tracking/errors.cpp
#include <cstdint>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "domain/tracking/page_token.h"

using namespace tracseq;

namespace {

void check_runs(const std::string& token, const std::vector<tracking::Order>& orders) {
  const auto place = tracking::run_place(token, orders);
  if (!place) return;
  TRACSEQ_ENSURE(place->keys.size() == orders.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Json& key = place->keys[i];
    if (key.is_null()) continue;
    if (orders[i].type == tracking::Order::Type::text) TRACSEQ_ENSURE(key.is_string());
    if (orders[i].type == tracking::Order::Type::integer) TRACSEQ_ENSURE(key.is_integer());
    if (orders[i].type == tracking::Order::Type::real) TRACSEQ_ENSURE(key.is_number());
  }
  const std::string given = tracking::page_token(*place);
  const auto again = tracking::run_place(given, orders);
  TRACSEQ_ENSURE(again && tracking::page_token(*again) == given);
}

void check_series(const std::string& token) {
  const auto place = tracking::series_place(token);
  if (!place) return;
  TRACSEQ_ENSURE(place->has_value() != token.empty());
  if (token.empty()) return;
  const auto again = tracking::series_place(tracking::page_token(**place));
  TRACSEQ_ENSURE(again && *again);
  const tracking::SeriesPlace& one = **place;
  const tracking::SeriesPlace& two = **again;
  TRACSEQ_ENSURE(one.run_id == two.run_id && one.key == two.key && one.after.step == two.after.step &&
                 one.after.time == two.after.time && one.after.arrival == two.after.arrival &&
                 one.after.bits == two.after.bits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Type = tracking::Order::Type;
  const std::string input(reinterpret_cast<const char*>(data), size);
  for (const std::string& token : {input, hex(bytes_of(input))}) {
    for (const Type type : {Type::text, Type::integer, Type::real}) {
      check_runs(token, {{{}, type, false}});
      check_runs(token, {{{}, type, true}, {{}, Type::integer, false}});
    }
    check_series(token);
  }
  return 0;
}
