// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "api/settings.h"
#include "cli/command.h"

namespace tracseq::cli {

// --config and --environment, of every command that reads the settings.
std::vector<Option> settings_options();

// The settings in force for a command: file, variables, and over them the flags that stand for settings:
// `database_flag` names the one of database.url, if the command has one. Names of variables that nobody reads
// are warned of in the log. Errors as config::load.
Result<config::Loaded> load_settings(const Invocation& in, std::string_view database_flag = {});

// How a process started for this command reads the same settings from whatever folder: --config as an
// absolute path and --environment.
Result<std::vector<std::string>> settings_arguments(const Invocation& in);

}  // namespace tracseq::cli
