// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <fstream>
#include <span>
#include <string>

#include "base/byte_source.h"

namespace tracseq::tables {

// The bytes of a file, pulled. Used by one thread.
class FileSource final : public ByteSource {
 public:
  static Result<FileSource> open(const std::string& path) {
    FileSource source;
    source.file_.open(path, std::ios::binary);
    if (!source.file_) return fail(Code::not_found, fmt::format("the file '{}' cannot be opened", path));
    return source;
  }
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    file_.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
    if (file_.bad()) return fail(Code::unavailable, "reading the file failed");
    return static_cast<std::size_t>(file_.gcount());
  }

 private:
  FileSource() = default;
  std::ifstream file_;
};

}  // namespace tracseq::tables
