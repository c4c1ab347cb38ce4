// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

// Processes that outlive the one that starts them, and what the kernel says of processes. Thread-safe.
namespace tracseq::deployment {

struct Launch {
  std::string program;
  std::vector<std::string> arguments;            // the program's name first
  std::map<std::string, std::string> variables;  // all of them
  std::string folder;                            // its working folder
  std::string log_file;                          // appended to, its owner's alone
  int nice = 0;
  std::vector<std::string> cgroups;  // joined before it begins: files its pid is written to
};

// Starts it as nobody's child (init's), in a session of its own, with no descriptor but /dev/null and its
// log. `unavailable` says what could not be done.
Result<pid_t> launch(const Launch& launch);

// When a process began, in clock ticks since boot: with the pid it names one process. Nothing if there is
// none, or only its remains.
std::optional<std::int64_t> start_of(pid_t pid);
// The bytes of memory it holds; 0 if it is gone.
std::int64_t resident_bytes(pid_t pid);
// Its arguments; empty if it is gone or another user's.
std::vector<std::string> arguments_of(pid_t pid);
std::vector<pid_t> all_processes();

}  // namespace tracseq::deployment
