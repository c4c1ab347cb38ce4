// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command.h"

namespace tracseq::cli {

// tracseq model-server --role replica: answers predictions of exactly one version, until SIGTERM or SIGINT.
// Says in the ready file when it listens, or why it never will (then it fails).
Result<void> serve_replica(const Invocation& in);
std::vector<Option> replica_options();

}  // namespace tracseq::cli
