// SPDX-License-Identifier: MIT
// Private to the server: requests and answers as they stand on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http.h"

namespace tracseq::server {

// A request's header, parsed; names in lower case, in order.
struct Head {
  std::string verb;
  std::string target;
  bool http_1_1 = true;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  std::vector<std::pair<std::string, std::string>> fields;
  // With a transfer coding we do not know there may be one: such a connection cannot be read on.
  [[nodiscard]] bool has_body() const {
    return chunked || content_length.value_or(0) > 0 || count("transfer-encoding") > 0;
  }
  [[nodiscard]] std::string_view field(std::string_view name) const;  // the first; empty if there is none
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

// How the body of an answer follows its header.
enum class Framing { length, chunked, until_close, none };

struct AnswerHead {
  Framing framing = Framing::length;
  std::uint64_t length = 0;
  bool keep_alive = true;
  bool http_1_1 = true;
};

// The bytes of a header, security headers and date included. Control characters in values are dropped, so
// that no value can begin a header of its own.
std::string write_head(const api::Response& response, const AnswerHead& answer, std::string_view request_id);
// "1a2b\r\n", which goes before a chunk of that size.
std::string chunk_head(std::size_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Whether an answer of this type gets smaller by gzip.
bool is_text(std::string_view content_type);
// Packs an answer whose caller takes gzip, if it is worth it; marks its entity tag.
void compress(api::Response& response);

}  // namespace tracseq::server
