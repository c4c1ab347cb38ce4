// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <utility>
#include <vector>

// For tests only: child processes that end with the test.
namespace tracseq::sql::testing {

class Children {
 public:
  Children() = default;
  ~Children() {
    for (const pid_t pid : pids_) ::kill(pid, SIGKILL);
    (void)wait_all();
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  // Runs the function in a child, which exits with what it returns. The caller has no database open.
  pid_t start(const std::function<int()>& function) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(function());
    pids_.push_back(pid);
    return pid;
  }
  // The children's exit codes in order of their start; a signal's number negative.
  std::vector<int> wait_all() {
    std::vector<int> codes;
    for (const pid_t pid : std::exchange(pids_, {})) {
      int status = 0;
      ::waitpid(pid, &status, 0);
      codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    }
    return codes;
  }

 private:
  std::vector<pid_t> pids_;
};

}  // namespace tracseq::sql::testing
