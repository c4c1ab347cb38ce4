// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/sql/sqlite/connection.h"

namespace tracseq::sql::sqlite {

// The connections that read, opened when first needed, at most `limits.connections`,
// `limits.connections_kept` of them kept. Thread-safe.
class Readers {
 public:
  Readers(std::string path, const Limits& limits) : path_(std::move(path)), limits_(limits) {}

  // Runs the function on one snapshot. `unavailable` if no connection becomes free within `limits.turn_wait`;
  // `deadline` if the deadline of the call (CallDeadline) comes first, also while a statement runs.
  Result<void> run(FunctionRef<Result<void>(Session&)> function);
  // The number SQLite changes whenever another connection, of any process, has committed.
  std::optional<std::int64_t> data_version();

  // For a fork (ForkGuarded): lets no new reader in, waits until those who are in have ended, closes all
  // connections and keeps readers out.
  bool rest(Steady::time_point until) TRACSEQ_THREAD_ANNOTATION(no_thread_safety_analysis);
  void go_on_in_parent() TRACSEQ_THREAD_ANNOTATION(no_thread_safety_analysis);
  void go_on_in_child() TRACSEQ_THREAD_ANNOTATION(no_thread_safety_analysis);

 private:
  class Taken;
  Result<std::unique_ptr<Connection>> take(Steady::time_point until);
  void give_back(std::unique_ptr<Connection> connection);

  const std::string path_;
  const Limits limits_;

  Mutex mutex_;
  std::unique_ptr<std::condition_variable_any> changed_ = std::make_unique<std::condition_variable_any>();
  std::vector<std::unique_ptr<Connection>> idle_
      GUARDED_BY(mutex_);  // the last one used is the first one taken
  int taken_ GUARDED_BY(mutex_) = 0;
  bool resting_ GUARDED_BY(mutex_) = false;  // or about to: new callers wait on `changed_`

  Mutex watch_mutex_;
  std::unique_ptr<Connection> watcher_ GUARDED_BY(watch_mutex_);  // data_version is counted per connection
};

}  // namespace tracseq::sql::sqlite
