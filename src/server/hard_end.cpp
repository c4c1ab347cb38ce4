// SPDX-License-Identifier: MIT
#include "server/hard_end.h"

#include <cstdlib>

#include "base/clock.h"
#include "base/log.h"
#include "server/limits.h"

namespace tracseq::server {

HardEnd::HardEnd(std::chrono::milliseconds time) : thread_([this, time] { wait(time); }) {}

HardEnd::~HardEnd() {
  {
    const Lock lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HardEnd::wait(std::chrono::milliseconds time) {
  const auto end = Steady::now() + time;
  Lock lock(mutex_);
  while (!over_) {
    if (Steady::now() >= end) {
      log::error("server.hard_end", {{"waited_ms", static_cast<std::int64_t>(time.count())}});
      std::_Exit(kHardEndStatus);
    }
    changed_.wait_until(lock, end);
  }
}

}  // namespace tracseq::server
