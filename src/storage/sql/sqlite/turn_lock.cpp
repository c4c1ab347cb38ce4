// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/turn_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "storage/sql/sqlite/file_lock.h"

namespace tracseq::sql::sqlite {
namespace {

constexpr std::int64_t kDrawByte = 0;
constexpr off_t kCounterAt = 8;
constexpr std::int64_t kFirstTicketByte = 1024;
constexpr auto kEagerFor = std::chrono::milliseconds(20);  // as long as a turn lasts
constexpr auto kEagerPause = std::chrono::microseconds(100);
constexpr auto kPatientPause = std::chrono::milliseconds(1);

tl::unexpected<Error> lock_failed(const std::string& path, int error) {
  return fail(error == ENOSPC || error == EDQUOT ? Code::storage_full : Code::unavailable,
              "the database's turn lock cannot be used", fmt::format("{}: {}", path, std::strerror(error)));
}

// Calls `attempt` until it gives something other than EAGAIN or the time is over.
template <class F>
int poll_until(Steady::time_point until, F attempt) {
  int result = attempt();
  if (result != EAGAIN) return result;
  const auto started = Steady::now();
  for (;;) {
    const auto now = Steady::now();
    if (now >= until) return EAGAIN;
    std::this_thread::sleep_for(now - started < kEagerFor ? std::chrono::microseconds(kEagerPause)
                                                          : kPatientPause);
    result = attempt();
    if (result != EAGAIN) return result;
  }
}

}  // namespace

Result<std::unique_ptr<TurnLock>> TurnLock::open(const std::string& path) {
  std::unique_ptr<TurnLock> lock(new TurnLock(path));
  TRACSEQ_CHECK(lock->open_file());
  return lock;
}

Result<void> TurnLock::open_file() {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd_ < 0) return lock_failed(path_, errno);
  close_after_fork(fd_);
  return {};
}

TurnLock::~TurnLock() {
  if (fd_ < 0) return;
  forget_after_fork(fd_);
  ::close(fd_);
}

Result<std::int64_t> TurnLock::draw(Steady::time_point until) {
  const int locked = poll_until(until, [&] { return try_lock_range(fd_, kDrawByte, 1); });
  if (locked == EAGAIN) return fail(Code::unavailable, "the database is busy: too many writers are waiting");
  if (locked != 0) return lock_failed(path_, locked);
  std::int64_t ticket = 0;
  int error = 0;
  const ssize_t got = ::pread(fd_, &ticket, sizeof ticket, kCounterAt);
  if (got < 0) error = errno;
  if (got != sizeof ticket || ticket < 0) ticket = 0;  // a new file
  ++ticket;
  if (error == 0 && ::pwrite(fd_, &ticket, sizeof ticket, kCounterAt) != sizeof ticket)
    error = errno != 0 ? errno : EIO;
  if (error == 0) error = try_lock_range(fd_, kFirstTicketByte + ticket, 1);
  unlock_range(fd_, kDrawByte, 1);
  if (error != 0) return lock_failed(path_, error);
  return ticket;
}

Result<void> TurnLock::acquire(Steady::time_point until) {
  TRACSEQ_ENSURE(held_ == 0);
  if (fd_ < 0) TRACSEQ_CHECK(open_file());
  TRACSEQ_TRY(const std::int64_t ticket, draw(until));
  const int free = poll_until(until, [&] { return probe_range(fd_, kFirstTicketByte, ticket); });
  if (free == 0) {
    held_ = ticket;
    return {};
  }
  unlock_range(fd_, kFirstTicketByte + ticket, 1);
  if (free == EAGAIN)
    return fail(Code::unavailable,
                "the database is busy: it was not this program's turn to write within the time limit");
  return lock_failed(path_, free);
}

void TurnLock::release() noexcept {
  if (held_ == 0) return;
  unlock_range(fd_, kFirstTicketByte + held_, 1);
  held_ = 0;
}

}  // namespace tracseq::sql::sqlite
