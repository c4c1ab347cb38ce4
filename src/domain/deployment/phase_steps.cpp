// SPDX-License-Identifier: MIT
// The steps of a roll-out, from phase to phase.
#include <fmt/core.h>

#include <algorithm>

#include "domain/deployment/gateways.h"
#include "domain/deployment/moves.h"
#include "domain/deployment/reconciler.h"
#include "domain/deployment/rows.h"
#include "domain/deployment/verdict.h"

namespace tracseq::deployment {
namespace {

using enum ReplicaPhase;

std::chrono::microseconds seconds(double value) {
  return std::chrono::microseconds{static_cast<std::int64_t>(value * 1e6)};
}

Timestamp since_of(const Deployment& d) { return d.phase_since.value_or(d.created_at); }

bool overdue(const Deployment& d, Timestamp time) {
  return time - since_of(d) > seconds(d.config.ready_timeout_seconds);
}

// The share after the first replicas of a roll-out are good.
double first_weight(const Deployment& d) {
  switch (d.strategy) {
    case Strategy::canary:
      return d.config.canary_traffic_percentage;
    case Strategy::rolling:
      return 100.0 * static_cast<double>(d.replicas_wanted) / static_cast<double>(d.config.replicas);
    case Strategy::immediate:
    case Strategy::blue_green:
      break;
  }
  return 100;
}

double step_weight(const Deployment& d, std::int64_t step) {
  return step == 0 ? d.config.canary_traffic_percentage
                   : d.config.canary_steps[static_cast<std::size_t>(step - 1)];
}

}  // namespace

Result<void> Reconciler::advance(Turn& turn, const Deployment& d) {
  switch (d.phase) {
    case Phase::pending:
      return advance_pending(turn, d);
    case Phase::starting:
      return advance_starting(turn, d);
    case Phase::validating:
      return advance_validating(turn, d);
    case Phase::switching:
      return advance_switching(turn, d);
    case Phase::analysing:
      return advance_analysing(turn, d);
    case Phase::watching:
      return advance_watching(turn, d);
    case Phase::returning:
      return advance_returning(turn, d);
    case Phase::draining:
      return advance_draining(turn, d);
    case Phase::live:
    case Phase::restoring:  // its replicas start; who goes back to it looks at them
    case Phase::superseded:
    case Phase::stopped:
    case Phase::ended:
      break;
  }
  return {};
}

Result<void> Reconciler::advance_pending(Turn& turn, const Deployment& d) {
  if (d.paused) return {};
  return commit(turn, d, "begin", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    TRACSEQ_TRY(const Route route, route_for(tx, next));
    next.status = Status::deploying;
    next.started_at = now();
    const Share* stable = stable_of(route);
    next.previous_deployment_id = stable != nullptr ? std::optional(stable->deployment_id) : std::nullopt;
    const bool by_batches = next.strategy == Strategy::rolling && stable != nullptr;
    next.replicas_wanted = by_batches ? 1 : next.config.replicas;
    enter(next, Phase::starting);
    return add_event(tx, next.deployment_id, "starting",
                     stable != nullptr ? fmt::format("follows deployment {} (version {})",
                                                     stable->deployment_id, stable->model_version)
                                       : fmt::format("the first of {}", route.service_name));
  });
}

// Nothing has been asked of the candidate by any user yet: a replica that dies here ends the roll-out.
Result<void> Reconciler::advance_starting(Turn& turn, const Deployment& d) {
  TRACSEQ_TRY(const auto all, database_.read([&](sql::Session& session) {
    return replicas_of(session, d.deployment_id, static_cast<std::int64_t>(kReplicasMax) * 2);
  }));
  for (const Replica& replica : all)
    if ((replica.phase == ended || replica.phase == ending) && replica.created_at >= since_of(d))
      return fail_rollout(turn, d, fmt::format("replica {}: {}", replica.replica_id, replica.cause));
  const auto good = replicas_in(turn.world, d.deployment_id, {healthy});
  if (static_cast<std::int64_t>(good.size()) < d.replicas_wanted) {
    if (d.paused || !overdue(d, turn.world.time)) return {};
    std::string said;
    for (const Replica& replica : replicas_in(turn.world, d.deployment_id, {planned, starting, ready}))
      if (const auto checks = checks_.find(replica.replica_id);
          checks != checks_.end() && !checks->second.said.empty())
        said = ": " + checks->second.said;
    return fail_rollout(turn, d,
                        fmt::format("{} of {} replicas were healthy within {:.6g} s{}", good.size(),
                                    d.replicas_wanted, d.config.ready_timeout_seconds, said));
  }
  if (d.paused) return {};
  return commit(turn, d, "healthy", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    next.health_check_passed = true;
    if (next.performance_validated) return switch_to(tx, next, first_weight(next));  // a further batch
    enter(next, Phase::validating);
    return add_event(tx, next.deployment_id, "healthy",
                     fmt::format("{} replica(s) are healthy; probe requests follow", good.size()));
  });
}

Result<void> Reconciler::advance_validating(Turn& turn, const Deployment& d) {
  const auto good = replicas_in(turn.world, d.deployment_id, {healthy});
  if (good.empty()) {
    if (overdue(d, turn.world.time))
      return fail_rollout(turn, d, "no replica was left for the probe requests");
    return {};
  }
  const Replica& replica = good.front();
  const auto outcome = prober_.measure(
      replica.replica_id, {replica.host, replica.port}, {d.model_id, d.model_version},
      std::chrono::milliseconds{static_cast<std::int64_t>(d.config.health_check_timeout_seconds * 1e3)});
  if (!outcome) return {};
  if (!*outcome) return fail_rollout(turn, d, "probe requests failed: " + outcome->error().message);
  const Measured& measured = **outcome;
  const bool slow = measured.avg_latency_ms > d.config.rollback_latency_threshold_ms;
  const bool wrong = measured.error_rate > d.config.rollback_error_threshold;
  const std::string said = fmt::format(
      "{} probe requests: {:.3g} ms on average, {:.4g} a second, {:.3g} % errors{}", measured.requests,
      measured.avg_latency_ms, measured.throughput_rps, 100 * measured.error_rate,
      measured.last_error.empty() ? "" : " (last: " + measured.last_error + ")");
  TRACSEQ_CHECK(commit(turn, d, "validated", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    next.validation_metrics = {{"avg_latency_ms", measured.avg_latency_ms},
                               {"throughput_rps", measured.throughput_rps},
                               {"error_rate", measured.error_rate}};
    TRACSEQ_CHECK(add_event(tx, next.deployment_id, "validated", said));
    if (slow || wrong) return {};
    next.performance_validated = true;
    return switch_to(tx, next, first_weight(next));
  }));
  if (!slow && !wrong) return {};
  const Deployment* current = deployment_of(turn.world, d.deployment_id);
  return fail_rollout(turn, current != nullptr ? *current : d,
                      wrong ? fmt::format("{}; at most {:.3g} % errors are bearable", said,
                                          100 * d.config.rollback_error_threshold)
                            : fmt::format("{}; at most {:.6g} ms are bearable", said,
                                          d.config.rollback_latency_threshold_ms));
}

Result<void> Reconciler::advance_switching(Turn& turn, const Deployment& d) {
  const InForce state = in_force(turn.world.gateways, d.service_name, turn.world.time);
  if (state.generation >= d.awaited_generation) return d.paused ? Result<void>{} : after_switch(turn, d);
  if (!overdue(d, turn.world.time)) return {};
  return fail_rollout(
      turn, d,
      state.seen_at
          ? fmt::format("the gateway did not take over the traffic within {:.6g} s{}",
                        d.config.ready_timeout_seconds, state.error.empty() ? "" : ": " + state.error)
          : fmt::format("no gateway was there within {:.6g} s", d.config.ready_timeout_seconds));
}

Result<void> Reconciler::after_switch(Turn& turn, const Deployment& d) {
  if (d.promoting || d.traffic_percentage >= 100) {
    if (d.strategy == Strategy::rolling && d.replicas_wanted < d.config.replicas) return next_batch(turn, d);
    return finish(turn, d);
  }
  if (d.strategy == Strategy::rolling) return next_batch(turn, d);
  TRACSEQ_TRY(const Counts own,
              database_.read([&](sql::Session& session) { return counts_of(session, d.deployment_id); }));
  TRACSEQ_TRY(const Counts stable, database_.read([&](sql::Session& session) {
    return counts_of(session, d.previous_deployment_id.value_or(""));
  }));
  return commit(turn, d, "analyse", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    next.baseline = own;
    next.stable_baseline = stable;
    next.verdict = Verdict::none;
    next.step_until = now() + seconds(next.config.canary_step_minutes * 60);
    enter(next, Phase::analysing);
    return add_event(
        tx, next.deployment_id, "analysing",
        fmt::format("the gateway goes by it; {:.6g} % of live traffic judge the canary for up to {:.6g} min",
                    next.traffic_percentage, next.config.canary_step_minutes));
  });
}

// One more of the new, one less of the old.
Result<void> Reconciler::next_batch(Turn& turn, const Deployment& d) {
  const Deployment* old =
      d.previous_deployment_id ? deployment_of(turn.world, *d.previous_deployment_id) : nullptr;
  if (old != nullptr) {
    const std::int64_t left = std::max<std::int64_t>(
        1, old->config.replicas - d.replicas_wanted * old->config.replicas / d.config.replicas);
    if (old->replicas_wanted > left)
      return commit(turn, *old, "roll", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
        next.replicas_wanted = left;
        return add_event(
            tx, next.deployment_id, "rolling",
            fmt::format("{} replica(s) stay while deployment {} rolls out", left, d.deployment_id));
      });
  }
  return commit(turn, d, "next batch", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    ++next.replicas_wanted;
    enter(next, Phase::starting);
    return add_event(tx, next.deployment_id, "rolling",
                     fmt::format("{} of {} replicas follow", next.replicas_wanted, next.config.replicas));
  });
}

// Deployed. What it followed ends, but for blue-green: there it stays warm as long as the new one is watched.
Result<void> Reconciler::finish(Turn& turn, const Deployment& d) {
  const Route* route = route_of(turn.world, d);
  if (d.strategy != Strategy::blue_green && route != nullptr)
    for (const Share& share : route->shares) {
      const Deployment* old = deployment_of(turn.world, share.deployment_id);
      if (share.deployment_id == d.deployment_id || old == nullptr || old->phase == Phase::draining) continue;
      return commit(turn, *old, "superseded", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
        TRACSEQ_CHECK(
            add_event(tx, next.deployment_id, "superseded",
                      fmt::format("deployment {} (version {}) took over", d.deployment_id, d.model_version)));
        return begin_draining(tx, next, Phase::superseded);
      });
    }
  TRACSEQ_TRY(const Counts own,
              database_.read([&](sql::Session& session) { return counts_of(session, d.deployment_id); }));
  return commit(turn, d, "deployed", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    next.status = Status::deployed;
    next.completed_at = now();
    next.promoting = false;
    next.baseline = own;
    next.stable_baseline = {};
    next.verdict = Verdict::none;
    next.watch_until = now() + seconds(next.config.monitoring_window_minutes * 60);
    enter(next, Phase::watching);
    return add_event(tx, next.deployment_id, "deployed",
                     fmt::format("deployed; watched for {:.6g} min", next.config.monitoring_window_minutes));
  });
}

Result<void> Reconciler::next_canary_step(Turn& turn, const Deployment& d, const std::string& reason) {
  const auto last = static_cast<std::int64_t>(d.config.canary_steps.size());
  if (d.step < last)
    return commit(turn, d, "next step", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
      ++next.step;
      next.verdict = Verdict::success;
      next.verdict_reason = reason;
      TRACSEQ_CHECK(add_event(tx, next.deployment_id, "verdict", "success: " + reason));
      return switch_to(tx, next, step_weight(next, next.step));
    });
  if (!d.config.auto_promote && d.verdict == Verdict::success) return {};  // at the gate
  return commit(turn, d, "verdict", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    next.verdict = Verdict::success;
    next.verdict_reason = reason;
    TRACSEQ_CHECK(add_event(tx, next.deployment_id, "verdict", "success: " + reason));
    if (next.config.auto_promote) return switch_to(tx, next, 100);
    return add_event(tx, next.deployment_id, "gate", "waits for a person to promote it");
  });
}

// A failure rolls back also where the roll-out is paused or waits at its gate.
Result<void> Reconciler::advance_analysing(Turn& turn, const Deployment& d) {
  TRACSEQ_TRY(const Counts own,
              database_.read([&](sql::Session& session) { return counts_of(session, d.deployment_id); }));
  TRACSEQ_TRY(const Counts stable, database_.read([&](sql::Session& session) {
    return counts_of(session, d.previous_deployment_id.value_or(""));
  }));
  const Judgement judged = judge(d.config, since(own, d.baseline), since(stable, d.stable_baseline));
  if (judged.verdict == Verdict::failure && (d.config.auto_rollback_enabled || d.verdict != Verdict::failure))
    return commit(turn, d, "verdict", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
      next.verdict = Verdict::failure;
      next.verdict_reason = judged.reason;
      TRACSEQ_CHECK(add_event(tx, next.deployment_id, "verdict", "failure: " + judged.reason));
      if (next.config.auto_rollback_enabled) {
        next.error_message = judged.reason;
        return begin_return(tx, next, Status::rolled_back, next.previous_deployment_id.value_or(""),
                            judged.reason);
      }
      next.paused = true;
      next.pause_reason = "failure, and automatic rollback is off: " + judged.reason;
      return {};
    });
  if (d.paused || judged.verdict == Verdict::failure) return {};
  if (judged.verdict == Verdict::success) return next_canary_step(turn, d, judged.reason);
  if (d.verdict == Verdict::success || !d.step_until || turn.world.time < *d.step_until) return {};
  return commit(turn, d, "verdict", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    next.verdict = Verdict::inconclusive;
    next.verdict_reason = judged.reason;
    next.paused = true;
    next.pause_reason = "inconclusive: " + judged.reason;
    return add_event(tx, next.deployment_id, "verdict",
                     "inconclusive, paused for a person: " + judged.reason);
  });
}

Result<void> Reconciler::advance_watching(Turn& turn, const Deployment& d) {
  TRACSEQ_TRY(const Counts own,
              database_.read([&](sql::Session& session) { return counts_of(session, d.deployment_id); }));
  TRACSEQ_TRY(const Counts stable, database_.read([&](sql::Session& session) {
    return counts_of(session, d.previous_deployment_id.value_or(""));
  }));
  const Judgement judged = judge(d.config, since(own, d.baseline), since(stable, d.stable_baseline));
  if (judged.verdict == Verdict::failure && d.verdict != Verdict::failure)
    return commit(turn, d, "verdict", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
      next.verdict = Verdict::failure;
      next.verdict_reason = judged.reason;
      next.error_message = judged.reason;
      TRACSEQ_CHECK(add_event(tx, next.deployment_id, "verdict", "failure: " + judged.reason));
      TRACSEQ_TRY(const auto other, find_under_way(tx, next.project_id, next.model_id, next.environment));
      if (!next.config.auto_rollback_enabled || !next.previous_deployment_id || other)
        return add_event(tx, next.deployment_id, "kept",
                         !next.config.auto_rollback_enabled ? "automatic rollback is off"
                         : other                            ? "another roll-out is under way"
                                                            : "there is nothing to go back to");
      return begin_return(tx, next, Status::rolled_back, *next.previous_deployment_id, judged.reason);
    });
  if (!d.watch_until || turn.world.time < *d.watch_until) return {};
  const Route* route = route_of(turn.world, d);
  if (route != nullptr)
    for (const Share& share : route->shares) {
      const Deployment* old = deployment_of(turn.world, share.deployment_id);
      // A later roll-out's candidate is no predecessor.
      if (share.weight > 0 || old == nullptr || old->phase == Phase::draining || under_way(old->status))
        continue;
      return commit(turn, *old, "superseded", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
        TRACSEQ_CHECK(
            add_event(tx, next.deployment_id, "superseded",
                      fmt::format("deployment {} (version {}) took over", d.deployment_id, d.model_version)));
        return begin_draining(tx, next, Phase::superseded);
      });
    }
  return commit(turn, d, "watched", [&](sql::Transaction& tx, Deployment& next) -> Result<void> {
    enter(next, Phase::live);
    return add_event(tx, next.deployment_id, "live",
                     "watched to the end without a failure: " + judged.reason);
  });
}

}  // namespace tracseq::deployment
