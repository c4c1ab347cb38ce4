// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <mutex>

// clang's thread-safety annotations; nothing under g++.
#if defined(__clang__)
#define TRACSEQ_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define TRACSEQ_THREAD_ANNOTATION(x)
#endif
#define GUARDED_BY(x) TRACSEQ_THREAD_ANNOTATION(guarded_by(x))
#define REQUIRES(...) TRACSEQ_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

namespace tracseq {

// std::mutex with the annotations libstdc++'s lacks.
class TRACSEQ_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() TRACSEQ_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() TRACSEQ_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  bool try_lock() TRACSEQ_THREAD_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class TRACSEQ_THREAD_ANNOTATION(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) TRACSEQ_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~Lock() TRACSEQ_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  // For std::condition_variable_any, which unlocks while it waits.
  void lock() TRACSEQ_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() TRACSEQ_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace tracseq
