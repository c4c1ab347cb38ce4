// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "api/core.h"
#include "base/config/config.h"

// From the settings of an installation to the options of a core: what the program, the detached driver and
// the Python extension have in common, so that they cannot differ.
namespace tracseq::api {

// The variables of this process, as config::Sources takes them.
std::map<std::string, std::string> process_variables();

// The settings in force here: defaults of the environment < the file < this process's variables < flags
// (dotted key -> text). `environment`: development, staging or production; empty: what MLOPS_ENVIRONMENT
// says. Errors as config::load.
Result<config::Loaded> load_settings(const std::string& path, const std::string& environment,
                                     const std::map<std::string, std::string>& flags = {});

// What the settings say about a core: database, its limits, monitoring.
CoreOptions core_options(const config::Config& config);

}  // namespace tracseq::api
