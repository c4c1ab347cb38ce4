// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace tracseq::cli {

// A process this one started. Not thread-safe.
class Child {
 public:
  enum class Ties {
    ends_with_parent,  // asked to end (SIGTERM) when the thread that started it ends
    outlives_parent,   // a session of its own, no descriptor of the parent's but the log
  };
  // Starts this program again with the given arguments, which everybody on the machine can read, and this
  // process's variables with the given ones over them, which only this user can: secrets go there. Output
  // goes to `log_file`, or to this process's own standard error where that is empty.
  static Result<Child> start_self(const std::vector<std::string>& arguments,
                                  const std::map<std::string, std::string>& variables, Ties ties,
                                  const std::string& log_file);
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Whether it has ended; reaps it.
  bool ended();
  // Asks it to end, waits for the grace, then kills it. May be repeated.
  void end(std::chrono::milliseconds grace);

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

// Blocks SIGINT and SIGTERM in this thread and those it starts, so that one thread can wait for them; ignores
// SIGPIPE. Called first by commands that serve, before any thread is started.
void block_signals();
// Waits for SIGINT or SIGTERM; returns 0 if the time passes first.
int wait_signal(std::chrono::milliseconds timeout);

}  // namespace tracseq::cli
