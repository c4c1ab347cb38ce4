// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Locks of byte ranges that belong to an open file, not to a process (Linux "open file description" locks):
// closing another descriptor of the same file does not drop them, and the kernel drops them when the last
// copy is closed.
namespace tracseq::sql::sqlite {

// Takes an exclusive lock if nobody else has one on the range; never waits.
// Returns 0, EAGAIN if it is taken, or another errno.
int try_lock_range(int fd, std::int64_t start, std::int64_t length) noexcept;
// 0 if nobody else has a lock on the range, EAGAIN if somebody has, or another errno.
int probe_range(int fd, std::int64_t start, std::int64_t length) noexcept;
void unlock_range(int fd, std::int64_t start, std::int64_t length) noexcept;

// Descriptors that a forked child must not keep: a copy there would hold the parent's locks beyond its death.
// Remembered ones are closed in the child. Thread-safe.
void close_after_fork(int fd);
void forget_after_fork(int fd) noexcept;

}  // namespace tracseq::sql::sqlite
