// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/sql/sqlite/group.h"
#include "storage/sql/sqlite/turn_lock.h"

namespace tracseq::sql::sqlite {

inline constexpr std::size_t kWritersQueuedMax = 1024;

// The one writer of a process: concurrent transactions share one commit and its fsync, without a thread of
// its own. A caller that finds nobody leading leads: it takes the process's turn, begins, runs its own
// function and those that queued meanwhile, commits and wakes their callers. While it commits the next group
// forms. Thread-safe.
class Writer {
 public:
  using Function = Group::Function;

  Writer(std::string path, std::unique_ptr<TurnLock> turn_lock, const Limits& limits);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Returns after the commit. `unavailable` if the turn or the file's lock does not come within
  // `limits.turn_wait` or too many wait; `deadline` if it does not come before the deadline of the call
  // (CallDeadline).
  // What the function throws is thrown here; its transaction is rolled back.
  Result<void> run(Function function);

  // For a fork (ForkGuarded): lets no new writer in, waits until those who are in have ended, closes the
  // connection and keeps writers out.
  bool rest(Steady::time_point until) TRACSEQ_THREAD_ANNOTATION(no_thread_safety_analysis);
  void go_on_in_parent() TRACSEQ_THREAD_ANNOTATION(no_thread_safety_analysis);
  void go_on_in_child() TRACSEQ_THREAD_ANNOTATION(no_thread_safety_analysis);

 private:
  struct Request;

  Result<void> run_in_time(Function function, Steady::time_point until);
  void lead(Request& first);
  void run_group(Request& first);
  void run_members(Group& group, Request& first);
  void acknowledge() REQUIRES(mutex_);
  Result<void> connect();
  Request* next_in_queue();
  void leave_lead();

  const std::string path_;
  const Limits limits_;
  const std::unique_ptr<TurnLock> turn_lock_;

  // Used by the leader alone.
  std::unique_ptr<Connection> connection_;
  std::vector<Request*> members_;

  Mutex mutex_;
  std::unique_ptr<std::condition_variable_any> idle_ = std::make_unique<std::condition_variable_any>();
  std::deque<Request*> queue_ GUARDED_BY(mutex_);
  bool leading_ GUARDED_BY(mutex_) = false;
  bool resting_ GUARDED_BY(mutex_) = false;  // or about to: new callers wait on `idle_`
};

}  // namespace tracseq::sql::sqlite
