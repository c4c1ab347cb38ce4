// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tracseq::cli {

// A process of this program that serves or works.
struct Running {
  pid_t pid = 0;
  std::string what;      // serve, worker, model-server, replica, gateway
  bool drives = false;   // deployments among others: a server, or a worker with --drive
  std::string database;  // its own or its registry's, password masked; empty where this user may not see it
};

// Those that run now, as this user may see them. The database is what their arguments, variables and settings
// file say.
std::vector<Running> find_running();

}  // namespace tracseq::cli
