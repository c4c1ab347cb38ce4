// SPDX-License-Identifier: MIT
#include "base/thread_pool.h"

#include <fmt/core.h>
#include <pthread.h>

namespace tracseq {

ThreadPool::ThreadPool(std::string name, ThreadPoolSize size) : name_(std::move(name)), size_(size) {
  TRACSEQ_ENSURE(size_.threads > 0);
  workers_.reserve(size_.threads);
  for (unsigned i = 0; i < size_.threads; ++i) {
    workers_.emplace_back([this] { run(); });
    // The kernel keeps 15 bytes of a thread's name.
    ::pthread_setname_np(workers_.back().native_handle(), fmt::format("{:.11}-{}", name_, i % 1000).c_str());
  }
}

ThreadPool::~ThreadPool() { stop(); }

Result<void> ThreadPool::submit(std::function<void()> task) {
  {
    const Lock lock(mutex_);
    if (stopping_) return fail(Code::unavailable, "the program is stopping");
    if (queue_.size() >= size_.queue_max)
      return fail(Code::resource_exhausted,
                  fmt::format("{} calls are waiting already; try again shortly", queue_.size()),
                  "pool " + name_);
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return {};
}

void ThreadPool::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_)
    if (worker.joinable()) worker.join();
}

std::size_t ThreadPool::queued() const {
  const Lock lock(mutex_);
  return queue_.size();
}

void ThreadPool::run() {
  for (;;) {
    std::function<void()> task;
    {
      Lock lock(mutex_);
      while (queue_.empty() && !stopping_) wake_.wait(lock);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace tracseq
