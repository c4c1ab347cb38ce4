// SPDX-License-Identifier: MIT
#include "server/page.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "server/gzip.h"

namespace tracseq::server {

// Made at build time by page_files.cmake.
extern const PageFile kPageFiles[];
extern const std::size_t kPageFileCount;

namespace {

constexpr std::size_t kFileBytesMax = 16UL << 20;

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
}};

constexpr std::array<std::string_view, 4> kApiFolders{"/api", "/v1", "/v2", "/docs"};

constexpr std::string_view kNoPage =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>TracSeq MLOps</title></head><body>"
    "<h1>TracSeq MLOps</h1><p>This program was built without its page. In <code>web/</code> run <code>npm "
    "ci</code> and "
    "<code>npm run build</code>, then build again.</p><p>The API is here: <a "
    "href=\"/docs/api\">reference</a>, "
    "<a href=\"/openapi.json\">OpenAPI</a>.</p></body></html>";

std::string_view type_of(std::string_view path) {
  for (const auto& [ending, type] : kTypes)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

bool is_api(std::string_view path) {
  return std::any_of(kApiFolders.begin(), kApiFolders.end(), [&](std::string_view folder) {
    return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
  });
}

// Files of the page lie in assets/ or at the root. Deeper paths are the page's own, dots included: a model
// may be called "resnet-1.0".
bool names_file(std::string_view path) {
  if (path.starts_with("/assets/")) return true;
  return path.rfind('/') == 0 && path.find('.') != std::string_view::npos;
}

const PageFile* find_file(std::string_view path) {
  const auto* end = kPageFiles + kPageFileCount;
  const auto* found = std::find_if(kPageFiles, end, [&](const PageFile& file) { return path == file.path; });
  return found == end ? nullptr : found;
}

api::Response from_file(const PageFile& file, std::string_view if_none_match, bool takes_gzip) {
  api::Response response;
  const std::string_view path = file.path;
  response.content_type = type_of(path);
  // Names under assets/ carry a hash of their content: they never change.
  response.headers.emplace_back(
      "Cache-Control", path.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back("ETag", file.etag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (if_none_match.find(file.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.body.assign(reinterpret_cast<const char*>(file.data), file.size);
  if (takes_gzip) {
    response.headers.emplace_back("Content-Encoding", "gzip");
  } else if (auto plain = gunzip(response.body, kFileBytesMax)) {
    response.body = std::move(*plain);
  }
  return response;
}

}  // namespace

Page::Page(std::string ui_dir) : ui_dir_(std::move(ui_dir)) {}

std::optional<api::Response> Page::from_folder(std::string_view path) const {
  // The path holds no "." or ".." segment (make_request refuses them); the folder is the developer's own.
  const std::filesystem::path base = std::filesystem::path(ui_dir_) / path;
  for (const bool packed : {false, true}) {
    std::error_code error;
    std::filesystem::path full = base;
    if (packed) full += ".gz";
    if (!std::filesystem::is_regular_file(full, error) ||
        std::filesystem::file_size(full, error) > kFileBytesMax)
      continue;
    std::ifstream file(full, std::ios::binary);
    api::Response response;
    response.content_type = type_of(path);
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body.assign(std::istreambuf_iterator<char>(file), {});
    if (!packed) return response;
    auto plain = gunzip(response.body, kFileBytesMax);
    if (!plain) continue;
    response.body = std::move(*plain);
    return response;
  }
  return std::nullopt;
}

std::optional<api::Response> Page::get(std::string_view path, std::string_view if_none_match,
                                       bool takes_gzip) const {
  if (is_api(path)) return std::nullopt;
  const std::string_view name = names_file(path) ? path.substr(1) : std::string_view("index.html");
  if (!ui_dir_.empty()) return from_folder(name);
  if (const PageFile* file = find_file(name)) return from_file(*file, if_none_match, takes_gzip);
  if (name != "index.html") return std::nullopt;
  api::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = kNoPage;
  return response;
}

}  // namespace tracseq::server
