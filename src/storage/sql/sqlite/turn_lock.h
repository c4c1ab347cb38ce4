// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace tracseq::sql::sqlite {

// First come, first served between the processes that write one SQLite file. SQLite's own lock is taken by
// whoever happens to look when it is free; with several busy writers one may wait for minutes. How:
// `<db>.turn` holds a counter. Under a short lock of byte 0 a caller draws the next number and locks the byte
// of that number; it has its turn when no byte of an earlier number is locked. The locks belong to the open
// file (OFD locks), so those of a process that died are gone at once. Lifecycle: one per Database.
// Thread-safety: acquire and release by one thread at a time.
class TurnLock {
 public:
  // `unavailable` if the file cannot be made.
  static Result<std::unique_ptr<TurnLock>> open(const std::string& path);
  ~TurnLock();
  TurnLock(const TurnLock&) = delete;
  TurnLock& operator=(const TurnLock&) = delete;

  // Waits for the turn. `unavailable` past the time; the number drawn is given up.
  Result<void> acquire(Steady::time_point until);
  void release() noexcept;
  // In a forked child, where the parent's file was closed: the next turn opens its own.
  void forget_file() noexcept { fd_ = -1; }

 private:
  explicit TurnLock(std::string path) : path_(std::move(path)) {}
  Result<void> open_file();
  Result<std::int64_t> draw(Steady::time_point until);

  const std::string path_;
  int fd_ = -1;
  std::int64_t held_ = 0;  // 0: none
};

// Holds the turn while it lives.
class Turn {
 public:
  static Result<Turn> take(TurnLock& lock, Steady::time_point until) {
    TRACSEQ_CHECK(lock.acquire(until));
    return Turn(lock);
  }
  Turn(Turn&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (lock_ != nullptr) lock_->release();
  }

 private:
  explicit Turn(TurnLock& lock) : lock_(&lock) {}
  TurnLock* lock_;
};

}  // namespace tracseq::sql::sqlite
