// SPDX-License-Identifier: MIT
// The steps of a deployment that goes: rolled back, failed, superseded, stopped.
#include <fmt/core.h>

#include <algorithm>

#include "domain/deployment/gateways.h"
#include "domain/deployment/moves.h"
#include "domain/deployment/reconciler.h"
#include "domain/deployment/rows.h"

namespace tracseq::deployment {

Result<void> Reconciler::fail_rollout(Turn& turn, const Deployment& d, const std::string& cause) {
  return commit(turn, d, "failed", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    TRACSEQ_CHECK(add_event(tx, next.deployment_id, "failed", cause));
    return begin_return(tx, next, Status::failed, next.previous_deployment_id.value_or(""), cause);
  });
}

// The traffic first, as soon as the one it goes back to can answer; its replicas start again for that where
// none is left.
Result<void> Reconciler::advance_returning(Turn& turn, const Deployment& d) {
  const Route* route = route_of(turn.world, d);
  const bool has_share = route != nullptr && share_of(*route, d.deployment_id) != nullptr;
  if (!has_share) return end_return(turn, d);
  if (!d.return_to) {
    return commit(turn, d, "taken back", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
      return begin_draining(tx, next, Phase::ended);
    });
  }
  const Deployment* to = deployment_of(turn.world, *d.return_to);
  if (to == nullptr) {  // it has ended: brought back to life
    TRACSEQ_TRY(const auto former, database_.read([&](sql::Session& session) {
      return find_deployment(session, *d.return_to);
    }));
    if (!former) return fail(Code::internal, fmt::format("deployment {} is gone", *d.return_to));
    return return_traffic(turn, d, *former);
  }
  return return_traffic(turn, d, *to);
}

Result<void> Reconciler::return_traffic(Turn& turn, const Deployment& d, const Deployment& to) {
  const bool serves = to.phase == Phase::live || to.phase == Phase::watching || to.phase == Phase::restoring;
  const auto restore = [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    next.replicas_wanted = next.config.replicas;
    next.status = Status::deployed;
    if (serves) return {};
    enter(next, Phase::restoring);
    return add_event(tx, next.deployment_id, "restoring",
                     fmt::format("starts again: deployment {} is rolled back", d.deployment_id));
  };
  if (!serves || to.replicas_wanted != to.config.replicas) return commit(turn, to, "restore", restore);
  const auto ready =
      static_cast<std::int64_t>(replicas_in(turn.world, to.deployment_id, {ReplicaPhase::healthy}).size());
  if (d.awaited_generation == 0) {
    // One that still answers takes the traffic at once; one that starts again when it is complete.
    if (ready >= (to.phase == Phase::restoring ? to.config.replicas : 1))
      return commit(turn, d, "traffic returns", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
        TRACSEQ_TRY(Route route, route_for(tx, next));
        route.shares = shares_with(route, to, 100);
        TRACSEQ_CHECK(save_next(tx, route));
        next.awaited_generation = route.generation;
        next.traffic_percentage = 0;
        next.phase_since = now();
        return add_event(
            tx, next.deployment_id, "traffic",
            fmt::format("the traffic of {} goes back to version {}", route.service_name, to.model_version));
      });
    const auto waited = turn.world.time - d.phase_since.value_or(d.created_at);
    if (waited < std::chrono::microseconds{static_cast<std::int64_t>(to.config.ready_timeout_seconds * 1e6)})
      return {};
    // What is there goes on: nobody would answer otherwise.
    return commit(turn, d, "not returned", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
      const std::string cause = fmt::format("deployment {} could not be brought back within {:.6g} s",
                                            to.deployment_id, to.config.ready_timeout_seconds);
      next.error_message = cause;
      next.status = next.completed_at ? Status::deployed : Status::failed;
      enter(next, Phase::live);
      return add_event(tx, next.deployment_id, "kept", cause + "; this one goes on answering");
    });
  }
  const InForce state = in_force(turn.world.gateways, d.service_name, turn.world.time);
  const auto waited = turn.world.time - d.phase_since.value_or(d.created_at);
  const bool over =
      waited > std::chrono::microseconds{static_cast<std::int64_t>(d.config.ready_timeout_seconds * 1e6)};
  if (state.generation < d.awaited_generation && !over)
    return {};  // a gateway that is gone follows when it is back
  if (to.phase != Phase::live)
    return commit(turn, to, "back", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
      enter(next, Phase::live);
      return add_event(tx, next.deployment_id, "live", "has the traffic again");
    });
  return commit(turn, d, "taken back", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    return begin_draining(tx, next, Phase::ended);
  });
}

// It never had a share: its replicas end, and what it followed has all of its own again.
Result<void> Reconciler::end_return(Turn& turn, const Deployment& d) {
  return commit(turn, d, "taken back", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    return begin_draining(tx, next, Phase::ended);
  });
}

Result<void> Reconciler::advance_draining(Turn& turn, const Deployment& d) {
  using enum ReplicaPhase;
  if (!replicas_in(turn.world, d.deployment_id, {planned, starting, ready, healthy, draining, ending})
           .empty())
    return {};
  return commit(turn, d, "ended", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    TRACSEQ_TRY(Route route, route_for(tx, next));
    if (share_of(route, next.deployment_id) != nullptr) {
      route.shares = shares_without(route, next.deployment_id);
      TRACSEQ_CHECK(save_next(tx, route));
    }
    if (next.status == Status::rolling_back) {
      next.status = next.outcome;
      if (!next.completed_at) next.completed_at = now();
    }
    enter(next, next.next_phase);
    return add_event(tx, next.deployment_id, std::string(enum_name(next.phase)),
                     fmt::format("all replicas have ended; {}", enum_name(next.status)));
  });
}

}  // namespace tracseq::deployment
