// SPDX-License-Identifier: MIT
#include "domain/deployment/reconciler.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "domain/deployment/quantity.h"
#include "domain/deployment/rows.h"

namespace tracseq::deployment {

Result<Reconciler::World> Reconciler::look() {
  return database_.read([&](sql::Session& session) -> Result<World> {
    World world;
    TRACSEQ_TRY(world.deployments, tended_deployments(session));
    TRACSEQ_TRY(world.replicas, living_replicas(session));
    TRACSEQ_TRY(world.routes, all_routes(session));
    TRACSEQ_TRY(world.gateways, all_gateways(session));
    world.time = now();
    return world;
  });
}

Result<std::int64_t> Reconciler::step(const CallContext& ctx, const sql::Lease& lease) {
  TRACSEQ_TRY(World world, look());
  Turn turn{ctx, lease, world};
  // What goes wrong with one does not hold up the others; a lost lease ends all of it.
  std::optional<Error> wrong;
  const auto note = [&](Result<void> done) {
    if (!done && !wrong) wrong = std::move(done).error();
  };
  note(tend_gateway(turn));
  note(sweep());
  const std::vector<Replica> replicas = world.replicas;  // the steps write into the world
  for (const Replica& replica : replicas) {
    TRACSEQ_CHECK(ctx.check());
    note(tend(turn, replica));
  }
  const std::vector<Deployment> deployments = world.deployments;
  for (const Deployment& deployment : deployments) {
    TRACSEQ_CHECK(ctx.check());
    note(plan_replicas(turn, deployment));
    note(tend_surplus(turn, deployment));
    note(advance(turn, deployment));
  }
  std::erase_if(checks_, [&](const auto& one) {
    return std::none_of(world.replicas.begin(), world.replicas.end(),
                        [&](const Replica& replica) { return replica.replica_id == one.first; });
  });
  if (wrong) return fail(std::move(*wrong));
  if (turn.changes > 0) return kBusy;
  const auto gateways = std::count_if(world.gateways.begin(), world.gateways.end(),
                                      [](const Gateway& gateway) { return gateway.pid != 0; });
  return static_cast<std::int64_t>(world.replicas.size() + world.deployments.size()) + gateways;
}

Result<void> Reconciler::commit(Turn& turn, const Deployment& deployment, const char* step, Change change) {
  CallContext ctx = turn.ctx;
  ctx.project_id = deployment.project_id;
  auto done = database_.write([&](sql::Transaction& tx) -> Result<Deployment> {
    TRACSEQ_CHECK(sql::Leases::check(tx, turn.lease));
    TRACSEQ_TRY(auto current, find_deployment(tx, deployment.deployment_id));
    if (!current || current->revision != deployment.revision)
      return fail(Code::precondition_failed, "it was changed meanwhile");
    TRACSEQ_CHECK(change(tx, *current));
    TRACSEQ_CHECK(update(tx, *current));
    audit::Record record;
    record.object_id = deployment.deployment_id;
    record.delta = Json::object()
                       .set("step", step)
                       .set("from", std::string(enum_name(deployment.phase)))
                       .set("to", std::string(enum_name(current->phase)))
                       .set("status", std::string(enum_name(current->status)));
    record.publish("deployments", "changed");
    TRACSEQ_CHECK(audit::Ledger::write_entry(
        tx, ctx, {"deployment.step", "deployment", deployment.deployment_id}, record));
    return std::move(*current);
  });
  if (!done) {
    // Read anew by the next step.
    if (done.error().code == Code::precondition_failed) return {};
    return fail(std::move(done).error());
  }
  ++turn.changes;
  if (done->phase != deployment.phase)
    log::info("deployment.phase", {{"deployment_id", deployment.deployment_id},
                                   {"model_id", deployment.model_id},
                                   {"from", std::string(enum_name(deployment.phase))},
                                   {"to", std::string(enum_name(done->phase))},
                                   {"status", std::string(enum_name(done->status))}});
  // So that a further change within this step is made on what is there now.
  for (Deployment& known : turn.world.deployments)
    if (known.deployment_id == deployment.deployment_id) known = std::move(*done);
  return {};
}

const Deployment* Reconciler::deployment_of(const World& world, const std::string& deployment_id) {
  for (const Deployment& d : world.deployments)
    if (d.deployment_id == deployment_id) return &d;
  return nullptr;
}

const Route* Reconciler::route_of(const World& world, const Deployment& d) {
  for (const Route& route : world.routes)
    if (route.service_name == d.service_name && route.project_id == d.project_id) return &route;
  return nullptr;
}

std::vector<Replica> Reconciler::replicas_in(const World& world, const std::string& deployment_id,
                                             std::initializer_list<ReplicaPhase> phases) {
  std::vector<Replica> found;
  for (const Replica& replica : world.replicas)
    if (replica.deployment_id == deployment_id &&
        std::find(phases.begin(), phases.end(), replica.phase) != phases.end())
      found.push_back(replica);
  return found;
}

ProcessSpec spec_of(const Deployment& deployment, const Replica& replica) {
  ProcessSpec spec;
  spec.id = replica.replica_id;
  spec.model_id = replica.model_id;
  spec.model_version = replica.model_version;
  spec.health_check_path = deployment.config.health_check_path;
  spec.variables = deployment.config.environment_variables;
  const Limits limits = limits_of("resource_limits", deployment.config.resource_limits)
                            .value_or(Limits{});  // checked when made
  spec.memory_bytes = limits.memory_bytes;
  spec.cpus = limits.cpus;
  spec.threads = std::max<std::int64_t>(1, static_cast<std::int64_t>(limits.cpus));
  return spec;
}

}  // namespace tracseq::deployment
