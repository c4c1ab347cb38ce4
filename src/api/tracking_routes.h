// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "api/route.h"
#include "domain/tracking/metrics.h"
#include "domain/tracking/tracking.h"

namespace tracseq::api {

// Experiments, runs and metrics below /api/v1. The services outlive the routes.
std::vector<Route> experiment_routes(tracking::Experiments& experiments);
std::vector<Route> run_routes(tracking::Runs& runs);
std::vector<Route> metric_routes(tracking::Metrics& metrics);

}  // namespace tracseq::api
