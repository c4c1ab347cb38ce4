// SPDX-License-Identifier: MIT
// Downloads: ranges, names, and headers that keep a browser from running what was stored.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "api/artifact_routes.h"
#include "storage/artifacts/path.h"

namespace tracseq::api {
namespace {

struct Range {
  bool satisfiable = true;
  std::optional<artifacts::ByteRange> bytes;  // nothing: the whole content
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One range of bytes as RFC 9110 has it. Several ranges, other units and what is no range are passed over,
// which the RFC allows: the whole content is the answer.
Range requested_range(std::string_view header, std::uint64_t size) {
  if (!header.starts_with("bytes=")) return {};
  header.remove_prefix(6);
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return {};
  const std::string_view first_text = header.substr(0, dash);
  const std::string_view last_text = header.substr(dash + 1);
  if (first_text.empty()) {
    const auto suffix = number(last_text);
    if (!suffix) return {};
    if (*suffix == 0 || size == 0) return {false, {}};
    const std::uint64_t length = std::min(*suffix, size);
    return {true, artifacts::ByteRange{size - length, length}};
  }
  const auto first = number(first_text);
  const auto last = last_text.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : number(last_text);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {false, {}};
  return {true, artifacts::ByteRange{*first, std::min(*last, size - 1) - *first + 1}};
}

// The name for ASCII-only readers and, in UTF-8, for all others (RFC 6266).
std::string disposition(std::string_view path) {
  std::string plain;
  std::string encoded;
  for (const char c : artifacts::file_name(path)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool token = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') || c == '.' || c == '-' || c == '_';
    plain += token || c == ' ' ? c : '_';
    if (token)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", byte);
  }
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain, encoded);
}

}  // namespace

Result<Response> artifact_content(artifacts::ArtifactCatalog& catalog, const artifacts::Artifact& artifact,
                                  const Request& request) {
  const std::string tag = fmt::format("\"{}\"", artifact.digest);
  Response response;
  response.content_type = artifact.content_type;
  response.headers = {{"Content-Disposition", disposition(artifact.path)},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Content-Security-Policy", "sandbox; default-src 'none'"},
                      {"Accept-Ranges", "bytes"},
                      {"ETag", tag}};
  if (!artifact.digest.empty() && request.header("if-none-match") == tag) {
    response.status = 304;
    return response;
  }
  const auto size = static_cast<std::uint64_t>(artifact.size_bytes);
  const std::string_view if_range = request.header("if-range");
  Range range =
      if_range.empty() || if_range == tag ? requested_range(request.header("range"), size) : Range{};
  if (!range.satisfiable) {
    response.status = 416;
    response.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  TRACSEQ_TRY(response.stream, catalog.open(artifact, range.bytes));
  response.stream_length = range.bytes ? range.bytes->length : size;
  if (range.bytes) {
    response.status = 206;
    response.headers.emplace_back("Content-Range",
                                  fmt::format("bytes {}-{}/{}", range.bytes->offset,
                                              range.bytes->offset + range.bytes->length - 1, size));
  }
  return response;
}

}  // namespace tracseq::api
