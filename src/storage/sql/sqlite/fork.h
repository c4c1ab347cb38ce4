// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

namespace tracseq::sql::sqlite {

// Something that rests while the process forks. SQLite's connections must not cross a fork: the child would
// inherit the library's notes of locks that only the parent holds. Lifecycle: from its construction to its
// destruction it is called at every fork(). Derived classes call `unguard` first in their destructor.
class ForkGuarded {
 public:
  ForkGuarded();
  ForkGuarded(const ForkGuarded&) = delete;
  ForkGuarded& operator=(const ForkGuarded&) = delete;

  // Before the fork: waits until nothing runs and closes what a child must not share; nothing runs until one
  // of the three below is called. False past the time: nothing was changed.
  virtual bool rest(Steady::time_point until) = 0;
  virtual void go_on_in_parent() = 0;
  virtual void go_on_in_child() = 0;
  // In a child, if `rest` gave false: neither use nor clean up anything.
  virtual void abandon_in_child() = 0;

 protected:
  ~ForkGuarded() = default;
  void unguard();
};

}  // namespace tracseq::sql::sqlite
