// SPDX-License-Identifier: MIT
// What people see of a deployment's traffic.
#include <fmt/core.h>

#include <algorithm>

#include "domain/deployment/gateways.h"
#include "domain/deployment/rows.h"
#include "domain/deployment/verdict.h"

namespace tracseq::deployment {
namespace {

Result<void> add_targets(sql::Session& session, const Route& route, DeploymentTraffic& into) {
  for (const Share& share : route.shares) {
    TRACSEQ_TRY(const Counts counts, counts_of(session, share.deployment_id));
    TargetTraffic& target = into.targets.emplace_back();
    target.deployment_id = share.deployment_id;
    target.model_version = share.model_version;
    target.role = share.role;
    target.weight = share.weight;
    target.requests = counts.requests;
    target.errors = counts.errors;
    if (counts.requests > 0)
      target.mean_latency_ms = counts.latency_sum_ms / static_cast<double>(counts.requests);
  }
  // The page and the command line say "from … to …".
  std::stable_partition(into.targets.begin(), into.targets.end(), [&](const TargetTraffic& target) {
    return target.deployment_id != into.deployment_id;
  });
  return {};
}

// What the reconciler judges by, at this moment.
Result<void> add_judgement(sql::Session& session, const Deployment& d, DeploymentTraffic& into) {
  if (d.phase != Phase::analysing && d.phase != Phase::watching) return {};
  TRACSEQ_TRY(const Counts own, counts_of(session, d.deployment_id));
  TRACSEQ_TRY(const Counts stable, counts_of(session, d.previous_deployment_id.value_or("")));
  Judgement judged = judge(d.config, since(own, d.baseline), since(stable, d.stable_baseline));
  into.judged_since = d.phase_since;
  into.judgement = judged.verdict;
  into.judgement_reason = std::move(judged.reason);
  into.questions = std::move(judged.questions);
  return {};
}

}  // namespace

Result<DeploymentTraffic> Gateways::traffic(const CallContext& ctx, const DeploymentRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<DeploymentTraffic> {
    TRACSEQ_TRY(const auto d, find_deployment(session, ref.deployment_id));
    if (!d || d->project_id != ctx.project_id)
      return fail(Error{Code::not_found,
                        fmt::format("there is no deployment '{}'", ref.deployment_id),
                        {},
                        "deployment_id"});
    DeploymentTraffic shown;
    shown.deployment_id = d->deployment_id;
    shown.service_name = d->service_name;
    if (const auto route = find_route(session, d->project_id, d->service_name); !route) {
      return fail(route.error());
    } else if (*route) {
      TRACSEQ_TRY(const auto gateways, all_gateways(session));
      const InForce state = in_force(gateways, d->service_name, now());
      shown.generation = (*route)->generation;
      shown.generation_in_force = state.generation;
      shown.is_healthy = state.healthy;
      TRACSEQ_CHECK(add_targets(session, **route, shown));
    }
    TRACSEQ_CHECK(add_judgement(session, *d, shown));
    return shown;
  });
}

}  // namespace tracseq::deployment
