// SPDX-License-Identifier: MIT
// Loaded before the C library (LD_PRELOAD), this makes the folder $TRACSEQ_SMALL_DISK a disk of
// $TRACSEQ_SMALL_DISK_BYTES: what would make its files longer than that altogether ends with ENOSPC, as on a
// full disk, and statvfs tells the room that is left. For machines where nothing may be mounted
// (tests/faults/disk.py). Thread-safe; writes of several threads or processes at once may go over the edge by
// what they write.
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace {

namespace fs = std::filesystem;

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

const std::string& folder() {
  static const std::string path = [] {
    const char* given = std::getenv("TRACSEQ_SMALL_DISK");
    return given == nullptr ? std::string() : std::string(given) + "/";
  }();
  return path;
}

std::int64_t room() {
  static const std::int64_t size = std::strtoll(std::getenv("TRACSEQ_SMALL_DISK_BYTES"), nullptr, 10);
  std::int64_t left = size;
  std::error_code gone;  // files come and go meanwhile
  for (fs::recursive_directory_iterator at(folder(), gone), end; !gone && at != end; at.increment(gone)) {
    struct stat status{};
    if (lstat(at->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) left -= status.st_size;
  }
  return left;
}

bool is_below(std::string_view path) { return !folder().empty() && path.starts_with(folder()); }

// Whether the file may grow to this size.
bool fits(int fd, std::int64_t size) {
  const int before = errno;
  char path[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  struct stat status{};
  const bool ours = length > 0 && is_below({path, static_cast<std::size_t>(length)});
  const bool full = ours && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && size > status.st_size &&
                    size - status.st_size > room();
  errno = full ? ENOSPC : before;
  return !full;
}

// The same for a write where the file stands.
bool fits_here(int fd, std::size_t bytes) {
  const int before = errno;
  struct stat status{};
  if (folder().empty() || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    errno = before;
    return true;
  }
  const bool appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  const std::int64_t place = appends ? status.st_size : lseek(fd, 0, SEEK_CUR);
  errno = before;
  return fits(fd, place + static_cast<std::int64_t>(bytes));
}

std::size_t bytes_in(const iovec* pieces, int count) {
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += pieces[i].iov_len;
  return bytes;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, std::size_t bytes) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t)>("write");
  return fits_here(fd, bytes) ? real(fd, data, bytes) : -1;
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  return fits_here(fd, bytes_in(pieces, count)) ? real(fd, pieces, count) : -1;
}

ssize_t pwrite64(int fd, const void* data, std::size_t bytes, off64_t place) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t, off64_t)>("pwrite64");
  return fits(fd, place + static_cast<std::int64_t>(bytes)) ? real(fd, data, bytes, place) : -1;
}

ssize_t pwrite(int fd, const void* data, std::size_t bytes, off_t place) {
  return pwrite64(fd, data, bytes, place);
}

int ftruncate64(int fd, off64_t size) noexcept {
  static auto* const real = next<int(int, off64_t)>("ftruncate64");
  return fits(fd, size) ? real(fd, size) : -1;
}

int ftruncate(int fd, off_t size) noexcept { return ftruncate64(fd, size); }

int fallocate64(int fd, int mode, off64_t place, off64_t bytes) {
  static auto* const real = next<int(int, int, off64_t, off64_t)>("fallocate64");
  return fits(fd, place + bytes) ? real(fd, mode, place, bytes) : -1;
}

int fallocate(int fd, int mode, off_t place, off_t bytes) { return fallocate64(fd, mode, place, bytes); }

int posix_fallocate64(int fd, off64_t place, off64_t bytes) {
  static auto* const real = next<int(int, off64_t, off64_t)>("posix_fallocate64");
  return fits(fd, place + bytes) ? real(fd, place, bytes) : ENOSPC;
}

int posix_fallocate(int fd, off_t place, off_t bytes) { return posix_fallocate64(fd, place, bytes); }

int statvfs64(const char* path, struct statvfs64* found) noexcept {
  static auto* const real = next<int(const char*, struct statvfs64*)>("statvfs64");
  const int result = real(path, found);
  if (result == 0 && is_below(std::string(path) + "/"))
    found->f_bavail = found->f_bfree =
        static_cast<fsblkcnt64_t>(std::max<std::int64_t>(room(), 0)) / found->f_frsize;
  return result;
}

int statvfs(const char* path, struct statvfs* found) noexcept {
  return statvfs64(path, reinterpret_cast<struct statvfs64*>(found));  // the same where off_t has 64 bits
}
}
