// SPDX-License-Identifier: MIT
// The steps of one process.
#include <fmt/core.h>

#include <algorithm>

#include "base/id.h"
#include "base/log.h"
#include "domain/deployment/gateways.h"
#include "domain/deployment/moves.h"
#include "domain/deployment/reconciler.h"
#include "domain/deployment/rows.h"

namespace tracseq::deployment {
namespace {

using enum ReplicaPhase;

constexpr std::int64_t kDeathsLooked = 20;
constexpr auto kDeathsForgotten = std::chrono::minutes{10};

std::chrono::microseconds seconds(double value) {
  return std::chrono::microseconds{static_cast<std::int64_t>(value * 1e6)};
}

std::chrono::milliseconds millis(double seconds) {
  return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1e3)};
}

Replica in_phase(Replica replica, ReplicaPhase phase) {
  replica.phase = phase;
  replica.phase_since = now();
  return replica;
}

Started started_of(const Replica& replica) { return {replica.pid, replica.process_start, replica.limits}; }

// Whether a gateway may know the replica, so that its route changes with it.
bool is_listed(ReplicaPhase phase) { return phase == healthy || phase == draining; }

}  // namespace

Result<void> Reconciler::commit_replica(Turn& turn, const Deployment& deployment, const Replica& next,
                                        const std::string& message) {
  const auto known =
      std::find_if(turn.world.replicas.begin(), turn.world.replicas.end(),
                   [&](const Replica& replica) { return replica.replica_id == next.replica_id; });
  const bool is_new = known == turn.world.replicas.end();
  const bool route_changes =
      is_listed(next.phase) != (!is_new && is_listed(known->phase)) || next.phase == draining;
  Replica written = next;
  auto done = database_.write([&](sql::Transaction& tx) -> Result<Replica> {
    TRACSEQ_CHECK(sql::Leases::check(tx, turn.lease));
    if (route_changes) {
      TRACSEQ_TRY(auto route, find_route(tx, deployment.project_id, deployment.service_name));
      if (route && share_of(*route, deployment.deployment_id) != nullptr) {
        TRACSEQ_CHECK(save_next(tx, *route));
        written.drain_generation = route->generation;
      }
    }
    if (is_new) {
      TRACSEQ_CHECK(insert(tx, written));
    } else {
      TRACSEQ_CHECK(update(tx, written));
    }
    if (!message.empty())
      TRACSEQ_CHECK(add_event(tx, deployment.deployment_id, "replica", message,
                              Json::object()
                                  .set("replica_id", written.replica_id)
                                  .set("phase", std::string(enum_name(written.phase)))));
    audit::Record record;
    record.object_id = written.replica_id;
    record.delta = Json::object()
                       .set("deployment_id", deployment.deployment_id)
                       .set("to", std::string(enum_name(written.phase)))
                       .set("cause", written.cause);
    record.publish("deployments", "changed", Json::object().set("deployment_id", deployment.deployment_id));
    CallContext ctx = turn.ctx;
    ctx.project_id = deployment.project_id;
    TRACSEQ_CHECK(
        audit::Ledger::write_entry(tx, ctx, {"replica.step", "replica", written.replica_id}, record));
    return written;
  });
  if (!done) return fail(std::move(done).error());
  ++turn.changes;
  if (!is_new) *known = std::move(*done);
  return {};
}

Result<void> Reconciler::tend(Turn& turn, const Replica& replica) {
  TRACSEQ_TRY(const auto owner, [&]() -> Result<std::optional<Deployment>> {
    if (const Deployment* d = deployment_of(turn.world, replica.deployment_id)) return std::optional(*d);
    return database_.read(
        [&](sql::Session& session) { return find_deployment(session, replica.deployment_id); });
  }());
  if (!owner) return fail(Code::internal, fmt::format("replica {} has no deployment", replica.replica_id));
  switch (replica.phase) {
    case planned:
      return tend_planned(turn, *owner, replica);
    case starting:
    case ready:
    case healthy:
      return tend_living(turn, *owner, replica);
    case draining:
      return tend_draining(turn, *owner, replica);
    case ending:
      return tend_ending(turn, *owner, replica);
    case ended:
      break;
  }
  return {};
}

Result<void> Reconciler::tend_planned(Turn& turn, const Deployment& d, const Replica& replica) {
  const auto process = target_.start(spec_of(d, replica));
  if (!process) {
    Replica gone = in_phase(replica, ended);
    gone.cause = process.error().message;
    gone.ended_at = now();
    return commit_replica(turn, d, gone, "a replica could not be started: " + gone.cause);
  }
  Replica next = in_phase(replica, starting);
  next.pid = process->pid;
  next.process_start = process->process_start;
  next.limits = process->limits;
  return commit_replica(
      turn, d, next,
      fmt::format("replica {} started as process {} ({}); its log is {}", replica.replica_id, next.pid,
                  next.limits, target_.log_of(next.replica_id)));
}

Result<void> Reconciler::tend_living(Turn& turn, const Deployment& d, const Replica& replica) {
  const Observed seen = target_.observe(spec_of(d, replica), started_of(replica));
  if (seen.state == Observed::State::gone || seen.state == Observed::State::failed) {
    target_.stop(started_of(replica), Target::How::kill);
    return end_replica(turn, d, replica, seen.reason);
  }
  if (replica.phase == healthy) return tend_healthy(turn, d, replica);
  const Timestamp begun = replica.created_at;
  if (turn.world.time - begun > seconds(d.config.ready_timeout_seconds)) {
    const std::string said = checks_[replica.replica_id].said;
    Replica next = in_phase(replica, ending);
    next.cause = fmt::format("not healthy within {:.6g} s{}", d.config.ready_timeout_seconds,
                             said.empty() ? std::string() : ": " + said);
    return commit_replica(turn, d, next, fmt::format("replica {}: {}", replica.replica_id, next.cause));
  }
  if (replica.phase == ready) return tend_ready(turn, d, replica);
  if (seen.state != Observed::State::ready) return {};
  Replica next = in_phase(replica, ready);
  next.port = seen.port;
  return commit_replica(turn, d, next,
                        fmt::format("replica {} listens on port {}", replica.replica_id, next.port));
}

Result<void> Reconciler::tend_ready(Turn& turn, const Deployment& d, const Replica& replica) {
  Checks& checks = checks_[replica.replica_id];
  if (Steady::now() < checks.next) return {};
  const auto outcome =
      prober_.health(replica.replica_id, {replica.host, replica.port}, d.config.health_check_path,
                     millis(d.config.health_check_timeout_seconds));
  if (!outcome) return {};
  checks.next = Steady::now() + times_.check_pause;
  if (!*outcome) {
    checks.good = 0;
    checks.said = outcome->error().message;
    return {};
  }
  ++turn.changes;  // it was looked at: the next look need not wait for the interval
  if (++checks.good < kChecksToBeHealthy) return {};
  Replica next = in_phase(replica, healthy);
  next.checks_passed = checks.good;
  checks = {};
  checks.next = Steady::now() + times_.check_living;
  return commit_replica(turn, d, next,
                        fmt::format("replica {} is healthy: {} answered {} times in a row",
                                    replica.replica_id, d.config.health_check_path, kChecksToBeHealthy));
}

// A process that lives but answers no health check any more is replaced.
Result<void> Reconciler::tend_healthy(Turn& turn, const Deployment& d, const Replica& replica) {
  Checks& checks = checks_[replica.replica_id];
  if (Steady::now() < checks.next) return {};
  const auto outcome =
      prober_.health(replica.replica_id, {replica.host, replica.port}, d.config.health_check_path,
                     millis(d.config.health_check_timeout_seconds));
  if (!outcome) return {};
  checks.next = Steady::now() + times_.check_living;
  checks.bad = *outcome ? 0 : checks.bad + 1;
  if (checks.bad < kChecksToBeSick) return {};
  Replica next = in_phase(replica, draining);
  next.cause = fmt::format("{} health checks in a row failed: {}", checks.bad, outcome->error().message);
  return commit_replica(turn, d, next,
                        fmt::format("replica {} is replaced: {}", replica.replica_id, next.cause));
}

// What is recorded before the process is told: from `ending` on it is nobody's loss.
Result<void> Reconciler::tend_draining(Turn& turn, const Deployment& d, const Replica& replica) {
  const Timestamp since = replica.phase_since.value_or(replica.created_at);
  const InForce state = in_force(turn.world.gateways, d.service_name, turn.world.time);
  // Where no gateway lives there is nobody to wait for.
  const bool followed = !state.seen_at || state.generation >= replica.drain_generation;
  const bool empty = in_flight(turn.world.gateways, replica.replica_id, turn.world.time).value_or(0) == 0;
  const bool over = turn.world.time - since > times_.drain_max;
  if (!over && !(followed && empty)) return {};
  Replica next = in_phase(replica, ending);
  if (next.cause.empty()) next.cause = over && !empty ? "drained for too long" : "drained";
  return commit_replica(turn, d, next);
}

Result<void> Reconciler::tend_ending(Turn& turn, const Deployment& d, const Replica& replica) {
  const ProcessSpec spec = spec_of(d, replica);
  Started process = started_of(replica);
  if (process.pid != 0) {
    const Observed seen = target_.observe(spec, process);
    const Timestamp since = replica.phase_since.value_or(replica.created_at);
    if (seen.state != Observed::State::gone) {
      const bool late = turn.world.time - since > times_.end_grace;
      target_.stop(process, late ? Target::How::kill : Target::How::ask);
      return {};
    }
  }
  return end_replica(turn, d, replica, replica.cause);
}

Result<void> Reconciler::end_replica(Turn& turn, const Deployment& d, const Replica& replica,
                                     const std::string& cause) {
  target_.forget(spec_of(d, replica));
  Replica next = in_phase(replica, ended);
  next.cause = cause;
  next.ended_at = now();
  return commit_replica(turn, d, next, fmt::format("replica {} ended: {}", replica.replica_id, cause));
}

// As many replicas as are wanted, one a step. One that died is replaced after a pause that doubles.
Result<void> Reconciler::plan_replicas(Turn& turn, const Deployment& d) {
  if (d.phase == Phase::draining || d.phase == Phase::returning || d.paused) return {};
  const auto living = replicas_in(turn.world, d.deployment_id, {planned, starting, ready, healthy});
  if (static_cast<std::int64_t>(living.size()) >= d.replicas_wanted) return {};
  TRACSEQ_TRY(const auto former, database_.read([&](sql::Session& session) {
    return replicas_of(session, d.deployment_id, kDeathsLooked);
  }));
  std::int64_t deaths = 0;
  Timestamp last{};
  for (const Replica& one : former) {
    if (one.phase != ended || !one.ended_at || turn.world.time - *one.ended_at > kDeathsForgotten) continue;
    ++deaths;
    last = std::max(last, *one.ended_at);
  }
  if (deaths > 0) {
    const auto pause = std::min<std::chrono::milliseconds>(
        times_.restart_min * (1LL << std::min<std::int64_t>(deaths - 1, 16)), times_.restart_max);
    if (turn.world.time - last < pause) return {};
  }
  Replica replica;
  replica.replica_id = new_id();
  replica.deployment_id = d.deployment_id;
  replica.model_id = d.model_id;
  replica.model_version = d.model_version;
  replica.fence = turn.lease.token;
  replica.created_at = now();
  replica.phase_since = replica.created_at;
  return commit_replica(turn, d, replica);
}

// Those beyond what is wanted drain: the last of a rolling deployment's predecessor, all of one that ends.
Result<void> Reconciler::tend_surplus(Turn& turn, const Deployment& d) {
  auto living = replicas_in(turn.world, d.deployment_id, {planned, starting, ready, healthy});
  const auto surplus = static_cast<std::int64_t>(living.size()) - d.replicas_wanted;
  if (surplus <= 0) return {};
  // Those that do not answer yet go first.
  std::stable_sort(living.begin(), living.end(),
                   [](const Replica& a, const Replica& b) { return a.phase < b.phase; });
  for (std::int64_t i = 0; i < surplus; ++i) {
    const Replica& one = living[static_cast<std::size_t>(i)];
    // A planned one may have been started by one who could not record it: found and ended as any other.
    if (one.phase == planned) TRACSEQ_CHECK(tend_planned(turn, d, one));
    const auto now_known =
        std::find_if(turn.world.replicas.begin(), turn.world.replicas.end(),
                     [&](const Replica& replica) { return replica.replica_id == one.replica_id; });
    if (now_known == turn.world.replicas.end() || now_known->phase == ended) continue;
    Replica next = in_phase(*now_known, one.phase == healthy ? draining : ending);
    next.cause = "no longer wanted";
    TRACSEQ_CHECK(commit_replica(turn, d, next));
  }
  return {};
}

// Processes of this database that no living row knows: what a program left that was killed between starting a
// process and writing it down, after its row was ended by other means.
Result<void> Reconciler::sweep() {
  if (Steady::now() < next_sweep_) return {};
  next_sweep_ = Steady::now() + times_.sweep;
  const auto running = target_.list();
  if (running.empty()) return {};
  // Read after the list: one who took over meanwhile has written down what it started.
  TRACSEQ_TRY(const auto recorded,
              database_.read([&](sql::Session& session) { return living_replicas(session); }));
  for (const Target::Found& found : running) {
    if (found.role != ProcessRole::replica) continue;
    const bool known = std::any_of(recorded.begin(), recorded.end(),
                                   [&](const Replica& replica) { return replica.replica_id == found.id; });
    if (known) continue;
    log::warning("deployment.orphan", {{"replica_id", found.id}, {"pid", found.started.pid}});
    target_.stop(found.started, Target::How::ask);
  }
  return {};
}

}  // namespace tracseq::deployment
