// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command.h"

namespace tracseq::cli {

// tracseq model-server --role gateway: the stable addresses of deployments, one port a route of the control
// plane's table, until SIGTERM or SIGINT.
Result<void> serve_gateway(const Invocation& in);
std::vector<Option> gateway_options();

}  // namespace tracseq::cli
