// SPDX-License-Identifier: MIT
#include "api/answers.h"

#include <cmath>

namespace tracseq::api {

std::optional<Json> Answers::get(std::string path, Query query) const {
  Request request;
  request.path = std::move(path);
  request.query = std::move(query);
  const Router::Match match = router_.match(request);
  if (match.route == nullptr) return std::nullopt;
  if (match.route->permission != "public" && !ctx_.actor.may(match.route->permission)) return std::nullopt;
  auto response = match.route->handler(ctx_, request);
  if (!response || response->status != 200) return std::nullopt;
  auto body = parse_json(response->body);
  if (!body) return std::nullopt;
  return std::move(*body);
}

Json::Array Answers::list(std::string path, Query query) const {
  std::optional<Json> body = get(std::move(path), std::move(query));
  if (!body) return {};
  const Json* items = body->find("items");
  if (items == nullptr || items->as_array() == nullptr) return {};
  return *items->as_array();
}

std::string text_of(const Json& row, std::string_view key) {
  const Json* value = row.find(key);
  return value == nullptr ? std::string() : value->string_or("");
}

std::optional<double> number_of(const Json& row, std::string_view key) {
  const Json* value = row.find(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double number = value->number_or(0);
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<Timestamp> time_of(const Json& row, std::string_view key) {
  const std::string text = text_of(row, key);
  if (text.empty()) return std::nullopt;
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  return *time;
}

}  // namespace tracseq::api
