// SPDX-License-Identifier: MIT
#include "domain/tracking/page_token.h"

#include <algorithm>

#include "base/crypto.h"
#include "domain/tracking/errors.h"

namespace tracseq::tracking {
namespace {

std::string token_of(Json::Array parts) { return hex(bytes_of(dump_json(Json(std::move(parts))))); }

Result<Json> document_of(const std::string& token) {
  const auto text = unhex(token);
  return text ? parse_json(*text) : Result<Json>(fail(Code::invalid, ""));
}

bool is_key_of(const Json& key, Order::Type type) {
  if (key.is_null()) return true;
  if (type == Order::Type::text) return key.is_string();
  return type == Order::Type::integer ? key.is_integer() : key.is_number();
}

}  // namespace

std::string page_token(const RunPlace& place) {
  Json::Array parts = place.keys;
  parts.emplace_back(place.run_id);
  return token_of(std::move(parts));
}

Result<RunPlace> run_place(const std::string& token, const std::vector<Order>& orders) {
  const auto document = document_of(token);
  const Json::Array* parts = document ? document->as_array() : nullptr;
  if (parts == nullptr || parts->size() != orders.size() + 1 || !parts->back().is_string())
    return fail(errors::bad_page_token());
  RunPlace place{{parts->begin(), parts->end() - 1}, parts->back().string_or("")};
  for (std::size_t i = 0; i < orders.size(); ++i)
    if (!is_key_of(place.keys[i], orders[i].type)) return fail(errors::bad_page_token());
  return place;
}

std::string page_token(const SeriesPlace& place) {
  return token_of(
      {place.run_id, place.key, place.after.step, place.after.time, place.after.arrival, place.after.bits});
}

Result<std::optional<SeriesPlace>> series_place(const std::string& token) {
  if (token.empty()) return std::optional<SeriesPlace>{};
  const auto document = document_of(token);
  const Json::Array* parts = document ? document->as_array() : nullptr;
  if (parts == nullptr || parts->size() != 6 || !(*parts)[0].is_string() || !(*parts)[1].is_string() ||
      !std::all_of(parts->begin() + 2, parts->end(), [](const Json& part) { return part.is_integer(); }))
    return fail(errors::bad_page_token());
  return std::optional(SeriesPlace{(*parts)[0].string_or(""),
                                   (*parts)[1].string_or(""),
                                   {(*parts)[2].integer_or(0), (*parts)[3].integer_or(0),
                                    (*parts)[4].integer_or(0), (*parts)[5].integer_or(0)}});
}

}  // namespace tracseq::tracking
