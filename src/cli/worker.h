// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command.h"

namespace tracseq::cli {

// tracseq worker: runs jobs until SIGTERM or SIGINT; with --drive it is the detached driver of a database
// without a server.
Result<void> work(const Invocation& in);
std::vector<Option> worker_options();

// What jobs that read tables may use, as a command's options, and as the arguments of the worker that `serve`
// starts for itself (with the settings and the artifact root the command was given). `invalid` names a wrong
// one.
std::vector<Option> work_options();
Result<std::vector<std::string>> worker_arguments(const Invocation& in);

}  // namespace tracseq::cli
