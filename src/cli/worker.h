// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command.h"

namespace tracseq::cli {

// tracseq worker: runs jobs until SIGTERM or SIGINT; with --drive it is the detached driver of a database
// without a server.
Result<void> work(const Invocation& in);
std::vector<Option> worker_options();

}  // namespace tracseq::cli
