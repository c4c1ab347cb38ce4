// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace tracseq {

// The deadline of the call that this thread works on, for what waits far below a service without its context:
// the database. Set by the dispatch around the handler. One inside another can only make it sooner.
// Lives on the stack; concerns its own thread alone. A loadable module has a variable of its
// own: it is given `current` as a FindCallDeadline.
class CallDeadline {
 public:
  explicit CallDeadline(Steady::time_point deadline) noexcept : before_(current_) {
    current_ = std::min(before_, deadline);
  }
  ~CallDeadline() { current_ = before_; }
  CallDeadline(const CallDeadline&) = delete;
  CallDeadline& operator=(const CallDeadline&) = delete;

  // `max` outside of calls and for calls without a deadline.
  [[nodiscard]] static Steady::time_point current() noexcept { return current_; }

 private:
  inline static thread_local Steady::time_point current_ = Steady::time_point::max();
  const Steady::time_point before_;
};

using FindCallDeadline = Steady::time_point (*)() noexcept;

}  // namespace tracseq
