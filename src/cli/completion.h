// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace tracseq::cli {

// A script that completes the table's commands, their options, and the values of options that have a few;
// file names elsewhere. `invalid` for a shell other than bash, zsh and fish.
Result<std::string> completion_script(const std::string& shell, const std::vector<Command>& commands);

}  // namespace tracseq::cli
