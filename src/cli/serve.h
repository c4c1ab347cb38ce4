// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command.h"

namespace tracseq::cli {

// tracseq serve: API, page, driver and a worker, until SIGTERM or SIGINT.
Result<void> serve(const Invocation& in);
std::vector<Option> serve_options();

}  // namespace tracseq::cli
