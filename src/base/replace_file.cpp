// SPDX-License-Identifier: MIT
#include "base/replace_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace tracseq {
namespace {

tl::unexpected<Error> cannot_write(const std::string& path, int reason) {
  return fail(reason == ENOSPC || reason == EDQUOT ? Code::storage_full : Code::unavailable,
              fmt::format("{} cannot be written: {}", path, std::strerror(reason)));
}

// 0, or what went wrong.
int write_synced(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno;
  int reason = 0;
  while (reason == 0 && !text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote >= 0)
      text.remove_prefix(static_cast<std::size_t>(wrote));
    else if (errno != EINTR)
      reason = errno;
  }
  if (reason == 0 && ::fsync(fd) != 0) reason = errno;
  ::close(fd);
  return reason;
}

// The new name is durable only once its folder is.
int sync_folder(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const int fd = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int reason = ::fsync(fd) != 0 ? errno : 0;
  ::close(fd);
  return reason;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string temporary = fmt::format("{}.{}.new", path, ::getpid());
  int reason = write_synced(temporary, text);
  if (reason == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) reason = errno;
  if (reason != 0) {
    ::unlink(temporary.c_str());
    return cannot_write(path, reason);
  }
  reason = sync_folder(path);
  if (reason != 0) return cannot_write(path, reason);
  return {};
}

}  // namespace tracseq
