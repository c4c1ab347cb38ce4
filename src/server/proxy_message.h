// SPDX-License-Identifier: MIT
// Private to the proxy: requests and answers as they are read and passed on.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tracseq::server {

// A message, read whole. Used again and again: its memory stays, so that passing a request on takes none.
class Message {
 public:
  using Id = boost::beast::http::field;
  struct Field {
    std::uint32_t name = 0;  // offsets and sizes in the text
    std::uint32_t name_size = 0;
    std::uint32_t value = 0;
    std::uint32_t value_size = 0;
    Id id = Id::unknown;
  };

  void clear();
  void add_field(Id id, std::string_view name, std::string_view value);
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::string_view name(const Field& field) const {
    return std::string_view(text_).substr(field.name, field.name_size);
  }
  [[nodiscard]] std::string_view value(const Field& field) const {
    return std::string_view(text_).substr(field.value, field.value_size);
  }
  // The first of that name; empty if there is none.
  [[nodiscard]] std::string_view value_of(Id id) const;
  [[nodiscard]] std::string_view value_of(std::string_view lower_case_name) const;
  [[nodiscard]] std::size_t count(Id id) const;
  // Whether a field is for this connection alone: by its own name or because Connection names it.
  [[nodiscard]] bool is_hop_by_hop(const Field& field) const;

  std::string method;  // of a request
  std::string target;  // of a request, in origin form
  std::string reason;  // of an answer
  int status = 0;      // of an answer
  int version = 11;    // 10 or 11
  std::string body;    // without transfer coding

 private:
  std::string text_;
  std::vector<Field> fields_;
};

// Reads a message into its place. Trailers are passed over.
template <bool is_request>
class MessageParser final : public boost::beast::http::basic_parser<is_request> {
 public:
  explicit MessageParser(Message& message) : message_(message) {}

 private:
  using Text = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;
  static std::string_view view(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, ErrorCode&) override {
    message_.method.assign(view(method));
    message_.target.assign(view(target));
    message_.version = version;
  }
  void on_response_impl(int status, Text reason, int version, ErrorCode&) override {
    message_.status = status;
    message_.reason.assign(view(reason));
    message_.version = version;
  }
  void on_field_impl(Message::Id id, Text name, Text value, ErrorCode& error) override;
  void on_header_impl(ErrorCode&) override { header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override;
  std::size_t on_body_impl(Text body, ErrorCode&) override {
    message_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, ErrorCode&) override {
    message_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  Message& message_;
  bool header_done_ = false;
};

extern template class MessageParser<true>;
extern template class MessageParser<false>;

// Whether a request's header is framed in one way only, and asks for something a proxy passes on. The error's
// status is 400 unless it says otherwise by its code.
Result<void> check_framing(const Message& request);

// What goes on of a request: "METHOD target HTTP/1.1\r\n" into `line`, the fields that are passed on and the
// empty line into `fields`. Host is the connection's own and not among them.
struct Passing {
  std::string_view client;      // its address
  std::string_view request_id;  // sent on as x-request-id
  std::int64_t timeout_ms = 0;  // what is left of the caller's time
};
void write_request(const Message& request, const Passing& passing, std::string& line, std::string& fields);

// The header that goes back for an answer, the gateway's own fields among the replica's. `out` is emptied
// first. The body's length is `body_bytes`, or what the answer says where it has none to a HEAD.
void write_answer(const Message& answer, std::string_view own_fields, bool head_only, bool keep_alive,
                  bool http_1_1, std::string& out);

}  // namespace tracseq::server
