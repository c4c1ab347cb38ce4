// SPDX-License-Identifier: MIT
#include "api/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/json.h"

namespace tracseq::api {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { literal, space };

Result<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(Code::invalid, "the address has a % that is not followed by two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!is_utf8(out)) return fail(Code::invalid, "the address is not valid UTF-8");
  return out;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Result<void> check_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return fail(Code::invalid, "the path must begin with /");
  if (std::any_of(path.begin(), path.end(), is_control))
    return fail(Code::invalid, "the path holds a control character");
  if (path.find('\\') != std::string_view::npos) return fail(Code::invalid, "the path holds a backslash");
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "." || segment == "..") return fail(Code::invalid, "the path holds a '.' or '..' segment");
    at = end + 1;
  }
  return {};
}

Result<void> read_query(std::string_view query, Request& request) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    TRACSEQ_TRY(std::string name, decode(pair.substr(0, equals), Plus::space));
    TRACSEQ_TRY(std::string value, decode(pair.substr(std::min(equals + 1, pair.size())), Plus::space));
    const auto forbidden = [](char c) { return is_control(c) && c != '\t' && c != '\n' && c != '\r'; };
    if (std::any_of(name.begin(), name.end(), is_control) ||
        std::any_of(value.begin(), value.end(), forbidden))
      return fail(Code::invalid, "the query string holds a control character");
    if (request.query.size() >= kQueryParametersMax)
      return fail(Code::invalid,
                  fmt::format("the query string has more than {} parameters", kQueryParametersMax));
    request.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

Code code_of_status(int status) {
  for (const Code code :
       {Code::invalid, Code::unauthenticated, Code::forbidden, Code::not_found, Code::conflict,
        Code::too_large, Code::precondition_failed, Code::unprocessable, Code::resource_exhausted,
        Code::cancelled, Code::unsupported, Code::unavailable, Code::deadline, Code::storage_full})
    if (http_status(code) == status) return code;
  if (status == 502) return Code::unavailable;
  return status >= 400 && status < 500 ? Code::invalid : Code::internal;
}

}  // namespace

Result<Request> make_request(Method method, std::string_view path_and_query, std::string body) {
  Request request;
  request.method = method;
  const std::size_t mark = std::min(path_and_query.find('?'), path_and_query.size());
  TRACSEQ_TRY(request.path, decode(path_and_query.substr(0, mark), Plus::literal));
  TRACSEQ_CHECK(check_path(request.path));
  TRACSEQ_CHECK(read_query(path_and_query.substr(std::min(mark + 1, path_and_query.size())), request));
  if (!body.empty()) request.content_length = body.size();
  request.body = std::move(body);
  return request;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  static constexpr std::string_view kUnreserved = "-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || kUnreserved.find(c) != std::string_view::npos ||
                        keep.find(c) != std::string_view::npos);
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Error error_of(int status, std::string_view body) {
  Error error;
  error.code = code_of_status(status);
  error.message = fmt::format("the server answered {}", status);
  const auto document = parse_json(body);
  const Json* inner = document ? document->find("error") : nullptr;
  if (inner == nullptr || !inner->is_object()) {
    error.detail = std::string(body.substr(0, 500));
    if (status != 404) return error;
    // Ours says what is not found.
    error.code = Code::unavailable;
    error.message = "no TracSeq server is at this address: what is there answered 404 without saying of what";
    return error;
  }
  if (const Json* code = inner->find("code")) error.code = code_from_name(code->string_or("internal"));
  if (const Json* message = inner->find("message")) error.message = message->string_or(error.message);
  if (const Json* field = inner->find("field")) error.field = field->string_or("");
  if (const Json* id = inner->find("request_id")) error.detail = "request_id " + id->string_or("");
  return error;
}

Result<std::string> Client::call(Method method, std::string_view path_and_query, std::string body,
                                 std::chrono::milliseconds timeout) {
  const bool has_body = !body.empty();
  TRACSEQ_TRY(Request request, make_request(method, path_and_query, std::move(body)));
  if (has_body) request.headers.emplace("content-type", "application/json");
  TRACSEQ_TRY(Response response, send(std::move(request), timeout));
  if (response.stream) {
    std::byte buffer[16'384];
    for (;;) {
      TRACSEQ_TRY(const std::size_t count, response.stream->read(buffer));
      if (count == 0) break;
      response.body.append(reinterpret_cast<const char*>(buffer), count);
      if (response.body.size() > kJsonBytesMax)
        return fail(Code::too_large, fmt::format("the answer has more than {} bytes", kJsonBytesMax));
    }
  }
  if (response.status >= 200 && response.status < 300) return std::move(response.body);
  return fail(error_of(response.status, response.body));
}

}  // namespace tracseq::api
