// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "api/router.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace tracseq::cli {

// The route table of a server whose database does not answer yet: /livez says yes, /readyz and everything
// else 503 and why. Thread-safe.
class WaitingRoutes {
 public:
  WaitingRoutes();
  [[nodiscard]] const api::Router& router() const { return router_; }
  // Why it still waits.
  void say(std::string reason);

 private:
  Result<api::Response> refuse();

  Mutex mutex_;
  std::string reason_ GUARDED_BY(mutex_);  // empty: the first attempt to open it is under way
  const Steady::time_point since_ = Steady::now();
  api::Router router_;
};

}  // namespace tracseq::cli
