// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "storage/artifacts/file.h"
#include "storage/tables/inspect.h"

namespace tracseq::data {

// The input file of a job as a path to open. A file below a data root is opened here, by the process that
// reads it, without leaving the root or following a link, and read through its descriptor: what is put in its
// place afterwards is not seen. The place outlives every use of its path.
class InputPlace {
 public:
  // `root` empty: `path` as it is. Else `path` is relative to it. `not_found` if it is not there or leaves
  // it.
  static Result<InputPlace> open(const std::string& root, const std::string& path);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  InputPlace(std::string path, artifacts::FileHandle file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  artifacts::FileHandle file_;
};

// `conflict` if the file is not the content that was meant.
Result<void> check_digest(const tables::InputFile& file, const std::string& expected);

}  // namespace tracseq::data
