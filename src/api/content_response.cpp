// SPDX-License-Identifier: MIT
// Downloads: ranges, names, and headers that keep a browser from running what was stored.
#include <fmt/core.h>

#include "api/artifact_routes.h"
#include "api/byte_range.h"
#include "storage/artifacts/path.h"

namespace tracseq::api {
namespace {

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
  RequestedRange range =
      if_range.empty() || if_range == tag ? requested_range(request.header("range"), size) : RequestedRange{};
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
