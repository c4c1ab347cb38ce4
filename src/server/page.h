// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"

namespace tracseq::server {

// One file of the page as built into the program: gzip only, made by page_files.cmake.
struct PageFile {
  const char* path;  // "assets/index-4f2a.js"
  const unsigned char* data;
  std::size_t size;
  const char* etag;  // of the gzip bytes, quotes included
};

// The dashboard: files of web/dist embedded at build time, or of a folder while the page is being developed.
// Immutable; thread-safe.
class Page {
 public:
  explicit Page(std::string ui_dir = {});
  // The answer for a path that is no route: a file, or index.html for the paths the page routes itself ("/",
  // "/dashboard", "/models/resnet-1.0"). Nothing for API paths and for missing files.
  [[nodiscard]] std::optional<api::Response> get(std::string_view path, std::string_view if_none_match,
                                                 bool takes_gzip) const;

 private:
  [[nodiscard]] std::optional<api::Response> from_folder(std::string_view path) const;
  std::string ui_dir_;
};

}  // namespace tracseq::server
