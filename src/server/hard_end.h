// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <thread>

#include "base/mutex.h"

namespace tracseq::server {

// Ends the process with kHardEndStatus, without any clearing up, when it lives longer than `time`: a call
// that heeds no deadline must not keep a program from ending. What was acknowledged is on disk by then, as
// it is for a power cut. Lifecycle: made when stopping begins, destroyed when everything has stopped.
class HardEnd {
 public:
  explicit HardEnd(std::chrono::milliseconds time);
  ~HardEnd();
  HardEnd(const HardEnd&) = delete;
  HardEnd& operator=(const HardEnd&) = delete;

 private:
  void wait(std::chrono::milliseconds time);

  Mutex mutex_;
  std::condition_variable_any changed_;
  bool over_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tracseq::server
