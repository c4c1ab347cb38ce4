// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <semaphore>
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

// Threads that run tasks from one bounded queue, oldest first. Of the idle threads the one that rested last
// is woken: its stack and what it worked on are still in the processor's cache. Lifecycle: threads start in
// the constructor; `stop` (or the destructor) refuses new tasks, runs what was queued and joins. Tasks must
// not throw and must not call `stop`. Thread-safe.
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
  using Bell = std::binary_semaphore;  // of one idle thread

  void run(Bell& bell);

  const std::string name_;
  const ThreadPoolSize size_;
  mutable Mutex mutex_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  std::vector<Bell*> idle_ GUARDED_BY(mutex_);  // the last one rested last
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::deque<Bell> bells_;  // one a thread; here, as one may be rung while its thread ends
  std::vector<std::thread> workers_;
};

}  // namespace tracseq
