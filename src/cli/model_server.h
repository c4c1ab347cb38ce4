// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command.h"

namespace tracseq::cli {

// tracseq model-server: follows a registry and answers predictions, until SIGTERM or SIGINT.
Result<void> model_server(const Invocation& in);
std::vector<Option> model_server_options();

}  // namespace tracseq::cli
