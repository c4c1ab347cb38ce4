// SPDX-License-Identifier: MIT
#include "storage/artifacts/path.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/identifier.h"

namespace tracseq::artifacts {
namespace {

tl::unexpected<Error> refuse(std::string_view field, std::string_view path, std::string_view why) {
  return fail_field(std::string(field), fmt::format("{} '{}' {}", field, shown_name(path), why));
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
  if (const char* why = bad_name_characters(path)) return refuse(field, path, why);
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
