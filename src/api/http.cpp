// SPDX-License-Identifier: MIT
#include "api/http.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace tracseq::api {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 5> kMethods{{{Method::get, "GET"},
                                                                       {Method::post, "POST"},
                                                                       {Method::put, "PUT"},
                                                                       {Method::patch, "PATCH"},
                                                                       {Method::del, "DELETE"}}};

// Messages repeat what the caller sent, which need not be UTF-8.
std::string printable(std::string text) {
  if (is_utf8(text)) return text;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text;
}

}  // namespace

std::string_view method_name(Method method) noexcept {
  for (const auto& [value, name] : kMethods)
    if (value == method) return name;
  return "GET";
}

std::optional<Method> method_from(std::string_view name) noexcept {
  for (const auto& [value, text] : kMethods)
    if (text == name) return value;
  return std::nullopt;
}

Response error_response(const Error& error, std::string_view request_id, int status) {
  Json inner = Json::object();
  inner.set("code", code_name(error.code));
  inner.set("message", printable(error.message));
  if (!error.field.empty()) inner.set("field", printable(error.field));
  inner.set("request_id", printable(std::string(request_id)));
  Json document = Json::object();
  document.set("error", std::move(inner));
  Response response = Response::json(dump_json(document), status != 0 ? status : http_status(error.code));
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (response.status == 429 || response.status == 503 || response.status == 507)
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace tracseq::api
