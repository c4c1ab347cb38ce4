// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "api/monitoring_routes.h"
#include "base/config/config.h"

namespace tracseq::cli {

// The settings file with the environment's variables over it. `environment`: development, staging,
// production; empty: what MLOPS_ENVIRONMENT says. Errors as config::load.
Result<config::Loaded> load_settings(const std::string& path = config::kFileName,
                                     const std::string& environment = {});

// What the settings say about monitoring: retention, cool-down, the error rate that is bad.
Result<api::Monitoring::Options> monitoring_settings();

}  // namespace tracseq::cli
