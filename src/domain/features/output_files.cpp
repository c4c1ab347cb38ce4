// SPDX-License-Identifier: MIT
#include "domain/features/output_files.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "storage/artifacts/file.h"

namespace tracseq::features {
namespace {

namespace fs = std::filesystem;
using artifacts::FileHandle;

constexpr mode_t kFileMode = 0644;

tl::unexpected<Error> cannot(std::string_view what, const std::string& path, const std::error_code& why) {
  const bool full = why == std::errc::no_space_on_device || why == std::errc::file_too_large ||
                    why == std::error_code(EDQUOT, std::system_category());
  return fail(full ? Code::storage_full : Code::unavailable,
              fmt::format("'{}' cannot be {}: {}", path, what, why.message()));
}

tl::unexpected<Error> cannot(std::string_view what, const std::string& path) {
  return cannot(what, path, std::error_code(errno, std::system_category()));
}

}  // namespace

Result<void> write_synced(const std::string& path, std::string_view text) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (!file.open()) return cannot("made", path);
  if (const auto written = artifacts::write_whole(file.get(), bytes_of(text)); !written)
    return fail(written.error().code == Code::storage_full ? Code::storage_full : Code::unavailable,
                fmt::format("'{}' cannot be written: {}", path, written.error().message),
                written.error().detail);
  // A device such as /dev/full or a pipe has nothing to sync.
  if (::fsync(file.get()) != 0 && errno != EINVAL) return cannot("written", path);
  return {};
}

Result<void> sync_path(const std::string& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return cannot("opened", path);
  if (::fsync(file.get()) != 0) return cannot("written", path);
  return {};
}

Result<void> move_file(const std::string& from, const std::string& to) {
  if (from == to) return {};
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {  // another file system
    error.clear();
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  }
  if (error) return cannot("written", to, error);
  return {};
}

Result<void> publish_folder(const std::string& from, const std::string& to) {
  TRACSEQ_CHECK(sync_path(from));
  std::error_code error;
  fs::remove_all(to, error);
  if (!error) fs::rename(from, to, error);
  if (error) return cannot("made", to, error);
  return sync_path(fs::path(to).parent_path().string());
}

}  // namespace tracseq::features
