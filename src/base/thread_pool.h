// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace tracseq {

struct ThreadPoolSize {
  unsigned threads = 8;
  std::size_t queue_max = 1'024;  // tasks waiting; one more is refused
};

// Threads that run tasks from one bounded queue, oldest first.
// Lifecycle: threads start in the constructor; `stop` (or the destructor) refuses new tasks, runs what was
// queued and joins. Tasks must not throw and must not call `stop`. Thread-safe.
class ThreadPool {
 public:
  ThreadPool(std::string name, ThreadPoolSize size);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // `resource_exhausted` when the queue is full, `unavailable` after `stop`; the task then never runs.
  Result<void> submit(std::function<void()> task);
  void stop();
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] unsigned threads() const noexcept { return size_.threads; }

 private:
  void run();

  const std::string name_;
  const ThreadPoolSize size_;
  mutable Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> workers_;
};

}  // namespace tracseq
