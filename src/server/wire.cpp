// SPDX-License-Identifier: MIT
#include "server/wire.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "server/gzip.h"
#include "server/header_text.h"
#include "server/limits.h"

namespace tracseq::server {
namespace {

// On every answer. An answer may bring a stricter policy of its own (previews of artifacts do).
constexpr std::string_view kSecurityHeaders =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";
constexpr std::string_view kPolicy =
    "Content-Security-Policy: default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri "
    "'none'; "
    "form-action 'self'; frame-ancestors 'none'\r\n";

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

// The Date header, made once a second per thread.
std::string_view date_header() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const std::time_t time = std::time(nullptr);
  if (time != made_at) {
    text = fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(time));
    made_at = time;
  }
  return text;
}

void append_value(std::string& out, std::string_view value) {
  for (const char c : value)
    if ((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t') out += c;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_value(out, name);
  out += ": ";
  append_value(out, value);
  out += "\r\n";
}

bool has_field(const api::Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& header) { return same_text(header.first, name); });
}

}  // namespace

std::string_view Head::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return {};
}

std::size_t Head::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; }));
}

std::string write_head(const api::Response& response, const AnswerHead& answer, std::string_view request_id) {
  std::string out;
  out.reserve(1'024);
  out += answer.http_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ";
  out += fmt::format_int(response.status).c_str();
  out += ' ';
  out += reason(response.status);
  out += "\r\n";
  out += date_header();
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) append_field(out, "Content-Type", response.content_type);
  if (answer.framing == Framing::length && !bodiless) {
    out += "Content-Length: ";
    out += fmt::format_int(answer.length).c_str();
    out += "\r\n";
  } else if (answer.framing == Framing::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  for (const auto& [name, value] : response.headers) append_field(out, name, value);
  if (!has_field(response, "cache-control")) out += "Cache-Control: no-cache\r\n";
  if (!has_field(response, "content-security-policy")) out += kPolicy;
  out += kSecurityHeaders;
  if (!request_id.empty()) append_field(out, "X-Request-Id", request_id);
  if (!answer.keep_alive)
    out += "Connection: close\r\n";
  else if (!answer.http_1_1)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return out;
}

std::string chunk_head(std::size_t size) { return fmt::format("{:x}\r\n", size); }

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/javascript") || type.starts_with("image/svg");
}

void compress(api::Response& response) {
  if (response.stream || response.feed || response.status != 200 || response.body.size() < kGzipBytesMin)
    return;
  if (!is_text(response.content_type) || has_field(response, "content-encoding")) return;
  response.body = gzip(response.body);
  for (auto& [name, value] : response.headers)
    if (same_text(name, "etag") && value.ends_with('"')) value.insert(value.size() - 1, "-gzip");
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace tracseq::server
