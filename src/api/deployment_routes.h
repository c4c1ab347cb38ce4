// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "api/driver.h"
#include "api/route.h"
#include "domain/deployment/deployments.h"
#include "domain/deployment/gateways.h"
#include "domain/deployment/target.h"

namespace tracseq::api {

// Deployments, the services they make, and what gateways ask and say, below /api/v1. Both outlive the routes.
std::vector<Route> deployment_routes(deployment::Deployments& deployments, deployment::Gateways& gateways);

// What a process that drives deployments has besides the database: where replicas run, and how they are
// called.
struct DeploymentHands {
  deployment::Target& target;
  deployment::ReplicaCaller& caller;
};

// The reconciler of deployments as a step of the driver. The hands outlive it.
DriverStep deployment_step(sql::Database& database, const DeploymentHands& hands);

}  // namespace tracseq::api
