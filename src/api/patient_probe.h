// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/thread_pool.h"

namespace tracseq::api {

// How long a probe waits for the database before it says that there is no answer: less than what asks probes
// waits for them.
inline constexpr std::chrono::milliseconds kProbePatience{2'000};

// A question to the database that is answered in time, also by one that neither answers nor breaks the
// connection (stopped, or its host is gone). It is asked on a thread of its own, one at a time; whoever comes
// while it is under way waits for the same answer, at most until `patience` after it was asked. Lifecycle:
// what the question uses outlives the probe; destroying it waits for a question under way. Thread-safe.
class PatientProbe {
 public:
  explicit PatientProbe(std::function<Result<void>()> question,
                        std::chrono::milliseconds patience = kProbePatience)
      : question_(std::move(question)), patience_(patience) {}

  // What the question said, or `unavailable` and for how long it has had no answer.
  Result<void> ask();

 private:
  void run();

  const std::function<Result<void>()> question_;
  const std::chrono::milliseconds patience_;
  Mutex mutex_;
  std::condition_variable_any answered_;
  bool under_way_ GUARDED_BY(mutex_) = false;
  Steady::time_point asked_ GUARDED_BY(mutex_);
  std::int64_t answers_ GUARDED_BY(mutex_) = 0;
  Result<void> found_ GUARDED_BY(mutex_);
  std::unique_ptr<ThreadPool> thread_ GUARDED_BY(mutex_);  // made when first asked
};

}  // namespace tracseq::api
