// SPDX-License-Identifier: MIT
#include "base/thread_pool.h"

#include <fmt/core.h>
#include <pthread.h>

namespace tracseq {

ThreadPool::ThreadPool(std::string name, ThreadPoolSize size) : name_(std::move(name)), size_(size) {
  TRACSEQ_ENSURE(size_.threads > 0);
  workers_.reserve(size_.threads);
  for (unsigned i = 0; i < size_.threads; ++i) {
    workers_.emplace_back([this, &bell = bells_.emplace_back(0)] { run(bell); });
    // The kernel keeps 15 bytes of a thread's name.
    ::pthread_setname_np(workers_.back().native_handle(), fmt::format("{:.11}-{}", name_, i % 1000).c_str());
  }
}

ThreadPool::~ThreadPool() { stop(); }

Result<void> ThreadPool::submit(std::function<void()> task) {
  Bell* bell = nullptr;
  {
    const Lock lock(mutex_);
    if (stopping_) return fail(Code::unavailable, "the program is stopping");
    if (queue_.size() >= size_.queue_max)
      return fail(Code::resource_exhausted,
                  fmt::format("{} calls are waiting already; try again shortly", queue_.size()),
                  "pool " + name_);
    queue_.push_back(std::move(task));
    if (!idle_.empty()) {
      bell = idle_.back();
      idle_.pop_back();
    }
  }
  if (bell != nullptr) bell->release();
  return {};
}

void ThreadPool::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
    for (Bell* bell : idle_) bell->release();
    idle_.clear();
  }
  for (std::thread& worker : workers_)
    if (worker.joinable()) worker.join();
}

std::size_t ThreadPool::queued() const {
  const Lock lock(mutex_);
  return queue_.size();
}

void ThreadPool::run(Bell& bell) {
  for (;;) {
    std::function<void()> task;
    {
      const Lock lock(mutex_);
      if (!queue_.empty()) {
        task = std::move(queue_.front());
        queue_.pop_front();
      } else if (stopping_) {
        return;
      } else {
        idle_.push_back(&bell);
      }
    }
    if (task)
      task();
    else
      bell.acquire();  // whoever took it from `idle_` rings it, once
  }
}

}  // namespace tracseq
