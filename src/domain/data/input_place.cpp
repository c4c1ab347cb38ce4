// SPDX-License-Identifier: MIT
#include "domain/data/input_place.h"

#include <fcntl.h>
#include <fmt/core.h>

namespace tracseq::data {

Result<InputPlace> InputPlace::open(const std::string& root, const std::string& path) {
  if (root.empty()) return InputPlace(path, {});
  const artifacts::FileHandle folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open()) return fail(Code::unavailable, "the data folder cannot be opened", root);
  auto file = artifacts::open_beneath(folder.get(), path, O_RDONLY | O_CLOEXEC);
  if (!file)
    return fail(Error{Code::not_found,
                      fmt::format("there is no file '{}' below the server's data folder", path),
                      file.error().detail, "path"});
  std::string opened = fmt::format("/proc/self/fd/{}", file->get());
  return InputPlace(std::move(opened), std::move(*file));
}

Result<void> check_digest(const tables::InputFile& file, const std::string& expected) {
  if (expected.empty() || file.digest == expected) return {};
  return fail(Code::conflict,
              fmt::format("the input's content has the SHA-256 {}, but the upload has {}: the "
                          "stored file was changed or is damaged; upload it again",
                          file.digest, expected));
}

}  // namespace tracseq::data
