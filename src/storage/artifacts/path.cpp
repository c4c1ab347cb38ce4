// SPDX-License-Identifier: MIT
#include "storage/artifacts/path.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace tracseq::artifacts {
namespace {

constexpr std::size_t kShownBytesMax = 120;

// The path as an error may show it: bytes that are no printable ASCII as \xNN.
std::string shown(std::string_view path) {
  std::string text;
  for (const char c : path.substr(0, kShownBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      text += c;
    else
      text += fmt::format("\\x{:02x}", byte);
  }
  return path.size() > kShownBytesMax ? text + "..." : text;
}

tl::unexpected<Error> refuse(std::string_view field, std::string_view path, std::string_view why) {
  return fail_field(std::string(field), fmt::format("{} '{}' {}", field, shown(path), why));
}

// The length of the UTF-8 sequence at the front, 0 if it is none (overlong forms and surrogates included).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0) == 0x80; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool beyond = lead == 0xF4 && at(1) >= 0x90;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

const char* bad_characters(std::string_view path) {
  for (std::size_t i = 0; i < path.size();) {
    const auto byte = static_cast<unsigned char>(path[i]);
    if (byte < 0x20 || byte == 0x7f) return "holds a control character";
    if (path[i] == '\\') return "holds a backslash";
    const bool encoded = path[i] == '%' && i + 2 < path.size() &&
                         std::isxdigit(static_cast<unsigned char>(path[i + 1])) != 0 &&
                         std::isxdigit(static_cast<unsigned char>(path[i + 2])) != 0;
    if (encoded) return "is still percent-encoded";
    const std::size_t length = utf8_length(path.substr(i));
    if (length == 0) return "is not UTF-8";
    // C1 controls (U+0080 to U+009F) are control characters too.
    if (length == 2 && byte == 0xC2 && static_cast<unsigned char>(path[i + 1]) < 0xA0)
      return "holds a control character";
    i += length;
  }
  return nullptr;
}

const char* bad_segment(std::string_view segment, bool first) {
  if (segment.empty()) return "has an empty segment (a leading, trailing or doubled '/')";
  if (segment == ".") return "has a segment '.'";
  if (segment.starts_with("..")) return "has a segment that begins with '..'";
  if (segment.size() > kSegmentBytesMax) return "has a segment of more than 250 bytes";
  if (first && segment.ends_with(':')) return "begins with a drive or a scheme";
  return nullptr;
}

}  // namespace

Result<void> check_artifact_path(std::string_view field, std::string_view path) {
  if (path.empty())
    return fail_field(std::string(field), fmt::format("{} is empty; it must name a file", field));
  if (path.size() > kPathBytesMax) return refuse(field, path, "is longer than 1000 bytes");
  if (const char* why = bad_characters(path)) return refuse(field, path, why);
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (const char* why = bad_segment(path.substr(begin, end - begin), begin == 0))
      return refuse(field, path, why);
    begin = end + 1;
  }
  return {};
}

Result<void> check_artifact_prefix(std::string_view field, std::string_view prefix) {
  if (prefix.empty()) return {};
  return check_artifact_path(field, prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix);
}

std::string_view file_name(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string safe_content_type(std::string_view path) {
  struct Entry {
    std::string_view extension;
    const char* type;
  };
  static constexpr std::array<Entry, 26> kTypes{{
      {"txt", "text/plain; charset=utf-8"},
      {"log", "text/plain; charset=utf-8"},
      {"md", "text/plain; charset=utf-8"},
      {"yaml", "text/plain; charset=utf-8"},
      {"yml", "text/plain; charset=utf-8"},
      {"toml", "text/plain; charset=utf-8"},
      {"html", "text/plain; charset=utf-8"},
      {"htm", "text/plain; charset=utf-8"},
      {"svg", "text/plain; charset=utf-8"},
      {"xml", "text/plain; charset=utf-8"},
      {"js", "text/plain; charset=utf-8"},
      {"css", "text/plain; charset=utf-8"},
      {"py", "text/plain; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"tsv", "text/plain; charset=utf-8"},
      {"json", "application/json"},
      {"jsonl", "application/x-ndjson"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},
      {"webp", "image/webp"},
      {"pdf", "application/pdf"},
      {"zip", "application/zip"},
      {"gz", "application/gzip"},
      {"parquet", "application/vnd.apache.parquet"},
  }};
  const std::string_view name = file_name(path);
  if (name == "MLmodel") return "text/plain; charset=utf-8";
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  std::string extension(name.substr(dot + 1));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const Entry& e) { return e.extension == extension; });
  return found == kTypes.end() ? "application/octet-stream" : found->type;
}

}  // namespace tracseq::artifacts
