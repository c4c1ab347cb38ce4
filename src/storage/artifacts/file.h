// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/result.h"

// The system calls of this folder, with errors as values.
namespace tracseq::artifacts {

// An open file descriptor, closed at the end. Movable.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { reset(); }
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] bool open() const noexcept { return descriptor_ >= 0; }
  void reset() noexcept;

 private:
  int descriptor_ = -1;
};

// The error of errno: ENOSPC, EDQUOT and EFBIG are `storage_full`, ENOENT is `not_found`, EMFILE and ENFILE
// are `unavailable`, all else `internal`. `what` is for the caller; path and system text go to the detail.
Error file_error(std::string_view what, std::string_view path, int error_number);

// Opens `path` below the folder without leaving it and without following any link: openat2 with
// RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS; where the kernel lacks it, segment by
// segment with O_NOFOLLOW. A path that would leave the folder or meets a link is `not_found`.
Result<FileHandle> open_beneath(int folder, const std::string& path, int flags, mode_t mode = 0);

// Makes the folder and its parents. An existing folder is fine.
Result<void> make_folders(const std::string& path, mode_t mode);
// Makes `name` below the folder and syncs the folder, also if it was there (another process may be about to).
Result<void> make_folder_at(int folder, const std::string& name, mode_t mode);
Result<void> sync(int descriptor, std::string_view what);
Result<void> write_whole(int descriptor, ByteView bytes);
// Reads at the offset until the buffer is full or the file ends.
Result<std::size_t> read_at(int descriptor, std::span<std::byte> buffer, std::uint64_t offset);

}  // namespace tracseq::artifacts
