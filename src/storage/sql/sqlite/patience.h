// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/call_deadline.h"
#include "base/result.h"

namespace tracseq::sql::sqlite {

// Until when a caller of the database waits: the database's own limit, or the deadline of the call that its
// thread works on where that is sooner. Made when the waiting begins; a value.
class Patience {
 public:
  explicit Patience(std::chrono::milliseconds limit)
      : until_(std::min(Steady::now() + limit, CallDeadline::current())),
        of_call_(until_ == CallDeadline::current()) {}

  [[nodiscard]] Steady::time_point until() const { return until_; }
  // `unavailable` becomes `deadline` where it was the call's time that ran out.
  [[nodiscard]] Error judge(Error error) const {
    if (!of_call_ || error.code != Code::unavailable || Steady::now() < until_) return error;
    error.code = Code::deadline;
    error.message = "the call's deadline has passed: " + error.message;
    return error;
  }

 private:
  Steady::time_point until_;
  bool of_call_;
};

}  // namespace tracseq::sql::sqlite
