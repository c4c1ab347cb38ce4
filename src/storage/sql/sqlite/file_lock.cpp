// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/file_lock.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace tracseq::sql::sqlite {
namespace {

struct flock range(short type, std::int64_t start, std::int64_t length) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

// Only async-signal-safe things may happen in a forked child: a fixed table, no allocation, no mutex. A
// process that opens more databases than this at once keeps the copies of the rest.
constexpr std::size_t kRememberedMax = 256;
std::array<std::atomic<int>, kRememberedMax>& remembered() {
  static auto* table = [] {
    auto* made = new std::array<std::atomic<int>, kRememberedMax>;
    for (auto& slot : *made) slot = -1;
    pthread_atfork(nullptr, nullptr, [] {
      for (auto& slot : remembered())
        if (const int fd = slot.exchange(-1); fd >= 0) ::close(fd);
    });
    return made;
  }();
  return *table;
}

}  // namespace

int try_lock_range(int fd, std::int64_t start, std::int64_t length) noexcept {
  struct flock lock = range(F_WRLCK, start, length);
  if (::fcntl(fd, F_OFD_SETLK, &lock) == 0) return 0;
  return errno == EACCES ? EAGAIN : errno;
}

int probe_range(int fd, std::int64_t start, std::int64_t length) noexcept {
  struct flock lock = range(F_WRLCK, start, length);
  if (::fcntl(fd, F_OFD_GETLK, &lock) != 0) return errno;
  return lock.l_type == F_UNLCK ? 0 : EAGAIN;
}

void unlock_range(int fd, std::int64_t start, std::int64_t length) noexcept {
  struct flock lock = range(F_UNLCK, start, length);
  ::fcntl(fd, F_OFD_SETLK, &lock);
}

void close_after_fork(int fd) {
  for (auto& slot : remembered()) {
    int empty = -1;
    if (slot.compare_exchange_strong(empty, fd)) return;
  }
}

void forget_after_fork(int fd) noexcept {
  for (auto& slot : remembered()) {
    int mine = fd;
    if (slot.compare_exchange_strong(mine, -1)) return;
  }
}

}  // namespace tracseq::sql::sqlite
