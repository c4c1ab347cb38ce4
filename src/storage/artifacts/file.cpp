// SPDX-License-Identifier: MIT
#include "storage/artifacts/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tracseq::artifacts {

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    reset();
    descriptor_ = other.descriptor_;
    other.descriptor_ = -1;
  }
  return *this;
}

void FileHandle::reset() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Error file_error(std::string_view what, std::string_view path, int error_number) {
  const std::string detail = fmt::format("{}: {}", path, std::strerror(error_number));
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {Code::storage_full, fmt::format("{}: the disk is full", what), detail, {}};
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV:
      return {Code::not_found, fmt::format("{}: there is no such file", what), detail, {}};
    case EMFILE:
    case ENFILE:
      return {Code::unavailable, fmt::format("{}: too many open files", what), detail, {}};
    default:
      return {Code::internal, fmt::format("{} failed", what), detail, {}};
  }
}

namespace {

// The same containment where openat2 is missing: no segment may be a link, none is "..", by
// check_artifact_path or by construction of the caller.
Result<FileHandle> open_by_segments(int folder, const std::string& path, int flags, mode_t mode) {
  FileHandle here;
  int at = folder;
  std::size_t begin = 0;
  while (true) {
    const std::size_t slash = path.find('/', begin);
    const bool last = slash == std::string::npos;
    const std::string segment = path.substr(begin, last ? std::string::npos : slash - begin);
    if (segment.empty() || segment == "..") return fail(file_error("opening an artifact", path, EXDEV));
    const int how = last ? flags : O_PATH | O_DIRECTORY;
    const int opened = ::openat(at, segment.c_str(), how | O_NOFOLLOW | O_CLOEXEC, mode);
    if (opened < 0) return fail(file_error("opening an artifact", path, errno));
    here = FileHandle(opened);
    at = opened;
    if (last) return here;
    begin = slash + 1;
  }
}

}  // namespace

Result<FileHandle> open_beneath(int folder, const std::string& path, int flags, mode_t mode) {
  struct open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long opened = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
  if (opened >= 0) return FileHandle(static_cast<int>(opened));
  if (errno == ENOSYS || errno == EPERM) return open_by_segments(folder, path, flags, mode);
  return fail(file_error("opening an artifact", path, errno));
}

Result<void> make_folders(const std::string& path, mode_t mode) {
  const std::filesystem::path whole(path);
  std::filesystem::path so_far;
  for (const auto& part : whole) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), mode) == 0 || errno == EEXIST) continue;
    // A parent that may not be written but exists (EROFS, EACCES) is no obstacle.
    struct stat info{};
    if (::stat(so_far.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
    return fail(file_error("making the artifact folder", so_far.native(), errno));
  }
  return {};
}

Result<void> make_folder_at(int folder, const std::string& name, mode_t mode) {
  if (::mkdirat(folder, name.c_str(), mode) != 0 && errno != EEXIST)
    return fail(file_error("making an artifact folder", name, errno));
  return sync(folder, "making an artifact folder");
}

Result<void> sync(int descriptor, std::string_view what) {
  if (::fsync(descriptor) != 0) return fail(file_error(what, "fsync", errno));
  return {};
}

Result<void> write_whole(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(file_error("storing an artifact", "write", errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> read_at(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count = ::pread(descriptor, buffer.data() + filled, buffer.size() - filled,
                                  static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(file_error("reading an artifact", "pread", errno));
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

}  // namespace tracseq::artifacts
