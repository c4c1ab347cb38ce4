// SPDX-License-Identifier: MIT
#include "server/proxy_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>

#include "server/header_text.h"
#include "server/limits.h"

namespace tracseq::server {
namespace {

using Id = Message::Id;

constexpr std::size_t kBodyKept = 256UL << 10;    // memory beyond is given back after a large body
constexpr std::size_t kBodyPrepared = 1UL << 20;  // an announced length is no reason to take more at once
constexpr std::string_view kOwnPrefix = "x-tracseq-";
constexpr std::string_view kFetchPrefix = "sec-fetch-";

bool begins(std::string_view name, std::string_view lower_case_prefix) {
  return name.size() >= lower_case_prefix.size() &&
         same_text(name.substr(0, lower_case_prefix.size()), lower_case_prefix);
}

// What the next hop is told anew, or what has been dealt with here.
bool is_ours(const Message& request, const Message::Field& field) {
  switch (field.id) {
    case Id::host:
    case Id::content_length:
    case Id::expect:
    case Id::origin:  // judged here; to the replica every caller is the gateway
      return true;
    default:
      break;
  }
  const std::string_view name = request.name(field);
  if (name.size() < 2 || (name[1] != '-' && name[0] != 's' && name[0] != 'S')) return false;
  return begins(name, kOwnPrefix) || begins(name, kFetchPrefix) || same_text(name, "x-request-id") ||
         same_text(name, "x-timeout-ms") || same_text(name, "x-forwarded-for");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_number_field(std::string& out, std::string_view name, std::int64_t value) {
  const fmt::format_int text(value);
  append_field(out, name, {text.data(), text.size()});
}

}  // namespace

void Message::clear() {
  text_.clear();
  fields_.clear();
  method.clear();
  target.clear();
  reason.clear();
  status = 0;
  version = 11;
  body.clear();
  if (body.capacity() > kBodyKept) body.shrink_to_fit();
}

void Message::add_field(Id id, std::string_view name, std::string_view value) {
  Field field;
  field.id = id;
  field.name = static_cast<std::uint32_t>(text_.size());
  field.name_size = static_cast<std::uint32_t>(name.size());
  text_ += name;
  field.value = static_cast<std::uint32_t>(text_.size());
  field.value_size = static_cast<std::uint32_t>(value.size());
  text_ += value;
  fields_.push_back(field);
}

std::string_view Message::value_of(Id id) const {
  for (const Field& field : fields_)
    if (field.id == id) return value(field);
  return {};
}

std::string_view Message::value_of(std::string_view lower_case_name) const {
  for (const Field& field : fields_)
    if (field.name_size == lower_case_name.size() && same_text(name(field), lower_case_name))
      return value(field);
  return {};
}

std::size_t Message::count(Id id) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(), [id](const Field& field) { return field.id == id; }));
}

bool Message::is_hop_by_hop(const Field& field) const {
  switch (field.id) {
    case Id::connection:
    case Id::keep_alive:
    case Id::proxy_connection:
    case Id::proxy_authenticate:
    case Id::proxy_authorization:
    case Id::te:
    case Id::trailer:
    case Id::transfer_encoding:
    case Id::upgrade:
      return true;
    default:
      break;
  }
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& other) {
    return other.id == Id::connection && has_item(value(other), name(field));
  });
}

template <bool is_request>
void MessageParser<is_request>::on_field_impl(Message::Id id, Text name, Text value, ErrorCode& error) {
  if (header_done_) return;
  if (message_.fields().size() >= kHeadersMax) {
    error = boost::beast::http::error::header_limit;
    return;
  }
  message_.add_field(id, view(name), view(value));
}

template <bool is_request>
void MessageParser<is_request>::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  if (length) message_.body.reserve(std::min<std::uint64_t>(*length, kBodyPrepared));
}

template class MessageParser<true>;
template class MessageParser<false>;

Result<void> check_framing(const Message& request) {
  const auto wrong = [](std::string message) { return fail(Code::invalid, std::move(message)); };
  if (request.version != 10 && request.version != 11) return wrong("the request is not HTTP/1.1");
  const std::size_t hosts = request.count(Id::host);
  if (hosts > 1 || (hosts == 0 && request.version == 11))
    return wrong("the request must have one Host header");
  if (request.count(Id::content_length) > 1) return wrong("the header Content-Length is given twice");
  const std::string_view length = request.value_of(Id::content_length);
  if (length.find_first_not_of("0123456789") != std::string_view::npos)
    return wrong("the header Content-Length must be one number");
  const std::size_t codings = request.count(Id::transfer_encoding);
  if (codings > 0 && request.count(Id::content_length) > 0)
    return wrong("the request has both Content-Length and Transfer-Encoding");
  if (codings > 1 || (codings == 1 && (request.version != 11 ||
                                       !same_text(request.value_of(Id::transfer_encoding), "chunked"))))
    return wrong("of transfer codings only chunked is understood, once, in HTTP/1.1");
  if (request.count(Id::authorization) > 1) return wrong("the header Authorization is given twice");
  const std::string_view target = origin_form(request.target);
  if (target.empty() || target.front() != '/' || target.find('#') != std::string_view::npos)
    return wrong("the request's target must be a path");
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (request.method == known) return {};
  return wrong(fmt::format("the method {} is not passed on", request.method.substr(0, 20)));
}

void write_request(const Message& request, const Passing& passing, std::string& line, std::string& fields) {
  line.clear();
  line += request.method;
  line += ' ';
  line += origin_form(request.target);
  line += " HTTP/1.1\r\n";
  fields.clear();
  for (const Message::Field& field : request.fields())
    if (!is_ours(request, field) && !request.is_hop_by_hop(field))
      append_field(fields, request.name(field), request.value(field));
  append_field(fields, "X-Request-Id", passing.request_id);
  append_field(fields, "X-Forwarded-For", passing.client);
  append_number_field(fields, "X-Timeout-Ms", passing.timeout_ms);
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD"))
    append_number_field(fields, "Content-Length", static_cast<std::int64_t>(request.body.size()));
  fields += "\r\n";
}

void write_answer(const Message& answer, std::string_view own_fields, bool head_only, bool keep_alive,
                  bool http_1_1, std::string& out) {
  out.clear();
  out += http_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ";
  const fmt::format_int status(answer.status);
  out.append(status.data(), status.size());
  out += ' ';
  out += answer.reason;
  out += "\r\n";
  for (const Message::Field& field : answer.fields())
    if (field.id != Id::content_length && !begins(answer.name(field), kOwnPrefix) &&
        !answer.is_hop_by_hop(field))
      append_field(out, answer.name(field), answer.value(field));
  out += own_fields;
  const bool bodiless = answer.status == 204 || answer.status == 304;
  if (head_only && answer.count(Id::content_length) == 1)
    append_field(out, "Content-Length", answer.value_of(Id::content_length));
  else if (!bodiless && !head_only)
    append_number_field(out, "Content-Length", static_cast<std::int64_t>(answer.body.size()));
  if (!keep_alive)
    out += "Connection: close\r\n";
  else if (!http_1_1)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

}  // namespace tracseq::server
