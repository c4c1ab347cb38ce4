// SPDX-License-Identifier: MIT
#include "api/deployment_routes.h"

#include "domain/deployment/reconciler.h"

namespace tracseq::api {
namespace {

using namespace deployment;
using enum Method;
using enum Effect;

constexpr auto kReconcileEvery = std::chrono::milliseconds{200};
const std::string kDeployments = "/api/v1/deployments";
const std::string kDeployment = kDeployments + "/{deployment_id}";
constexpr const char* kRead = "deployments:read";
constexpr const char* kWrite = "deployments:write";

std::vector<Route> reading(Deployments& deployments, Gateways& gateways) {
  Route traffic = route(get, "/api/v1/traffic", "traffic:read", reads, "Get where requests go, for gateways",
                        [&](const CallContext& ctx, const Empty&) { return gateways.table(ctx); });
  traffic.quiet = true;  // asked ten times a second
  std::vector<Route> routes{
      route(get, kDeployments, kRead, reads, "List deployments, newest first",
            [&](const CallContext& ctx, const ListDeployments& in) { return deployments.list(ctx, in); }),
      route(get, kDeployment, kRead, reads, "Get a deployment with the end of its log",
            [&](const CallContext& ctx, const DeploymentRef& in) { return deployments.get(ctx, in); }),
      route(get, kDeployment + "/events", kRead, reads, "List a deployment's log, newest first",
            [&](const CallContext& ctx, const ListEvents& in) { return deployments.events(ctx, in); }),
      route(get, kDeployment + "/replicas", kRead, reads, "List a deployment's replicas, newest first",
            [&](const CallContext& ctx, const DeploymentRef& in) { return deployments.replicas(ctx, in); }),
      route(get, kDeployment + "/traffic", kRead, reads,
            "Get where the requests of a deployment's address go, and what they say of it now",
            [&](const CallContext& ctx, const DeploymentRef& in) { return gateways.traffic(ctx, in); }),
      route(get, "/api/v1/services", kRead, reads, "List the deployments that answer, with address and share",
            [&](const CallContext& ctx, const ListServices& in) { return gateways.services(ctx, in); }),
  };
  routes.push_back(std::move(traffic));
  return routes;
}

// A word a person says to a deployment.
Route word(const char* name, const char* summary, Deployments& deployments,
           Result<Deployment> (Deployments::*act)(const CallContext&, const Act&)) {
  return route(
      post, kDeployment + "/" + name, kWrite, changes, summary,
      [&deployments, act](const CallContext& ctx, const Act& in) { return (deployments.*act)(ctx, in); });
}

std::vector<Route> changing(Deployments& deployments, Gateways& gateways) {
  Route report =
      route(post, "/api/v1/gateways/{gateway_id}/report", "traffic:write", appends,
            "Tell what a gateway goes by, and what its requests came to",
            [&](const CallContext& ctx, const GatewayReport& in) { return gateways.report(ctx, in); });
  report.quiet = true;
  std::vector<Route> routes{
      route(post, kDeployments, kWrite, changes, "Deploy a version of a model",
            [&](const CallContext& ctx, const DeploymentConfig& in) { return deployments.create(ctx, in); },
            {.status = 201}),
      route(post, kDeployment + "/rollback", kWrite, changes,
            "Give the traffic back to an earlier deployment",
            [&](const CallContext& ctx, const RollBack& in) { return deployments.roll_back(ctx, in); }),
      route(put, kDeployment + "/traffic", kWrite, changes, "Set a deployment's share of its route",
            [&](const CallContext& ctx, const SetTraffic& in) { return deployments.set_traffic(ctx, in); }),
      word("promote", "Give a canary the whole of the traffic", deployments, &Deployments::promote),
      word("pause", "Hold a roll-out where it is", deployments, &Deployments::pause),
      word("resume", "Let a paused roll-out go on", deployments, &Deployments::resume),
      word("abort", "Take back a roll-out that is under way", deployments, &Deployments::abort),
      word("stop", "End a deployment and its replicas", deployments, &Deployments::stop),
  };
  routes.push_back(std::move(report));
  return routes;
}

}  // namespace

std::vector<Route> deployment_routes(Deployments& deployments, Gateways& gateways) {
  std::vector<Route> routes = reading(deployments, gateways);
  for (Route& route : changing(deployments, gateways)) routes.push_back(std::move(route));
  return routes;
}

DriverStep deployment_step(sql::Database& database, const DeploymentHands& hands) {
  auto reconciler = std::make_shared<Reconciler>(database, hands.target, hands.caller);
  return {
      "deployments.reconcile", kReconcileEvery,
      [reconciler](const CallContext& ctx, const sql::Lease& lease) { return reconciler->step(ctx, lease); },
      kBusy, Lane::prompt};
}

}  // namespace tracseq::api
