// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "cli/connect.h"

namespace tracseq::cli {

// Shows how far a job is until it has ended. Where nothing else works on a database without a server, this
// process does. Ctrl-C, which the command has blocked (block_signals), asks `cancel_path` (none: just stops
// looking) and ends with `cancelled`. An ended job that did not succeed is `unprocessable` with its reason.
Result<void> follow_job(const Invocation& in, Connection& connection, const std::string& job_id,
                        const std::string& cancel_path);

}  // namespace tracseq::cli
