// SPDX-License-Identifier: MIT
// The gateway of this machine: started when a route has somebody to answer, started again when it dies.
#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "domain/deployment/reconciler.h"
#include "domain/deployment/rows.h"

namespace tracseq::deployment {
namespace {

ProcessSpec gateway_spec(const std::string& id) {
  ProcessSpec spec;
  spec.role = ProcessRole::gateway;
  spec.id = id;
  return spec;
}

}  // namespace

Result<void> Reconciler::save_gateway(Turn& turn, const Gateway& gateway) {
  TRACSEQ_CHECK(database_.write([&](sql::Transaction& tx) -> Result<bool> {
    TRACSEQ_CHECK(sql::Leases::check(tx, turn.lease));
    // Its reports come meanwhile: only what is ours is written.
    TRACSEQ_TRY(auto current, find_gateway(tx, gateway.gateway_id));
    Gateway next = current.value_or(gateway);
    next.pid = gateway.pid;
    next.process_start = gateway.process_start;
    next.started_at = gateway.started_at;
    next.attempts = gateway.attempts;
    TRACSEQ_CHECK(save(tx, next));
    audit::Record record;
    record.object_id = gateway.gateway_id;
    record.delta = Json::object().set("pid", gateway.pid).set("attempts", gateway.attempts);
    TRACSEQ_CHECK(
        audit::Ledger::write_entry(tx, turn.ctx, {"gateway.step", "gateway", gateway.gateway_id}, record));
    return true;
  }));
  ++turn.changes;
  return {};
}

Result<void> Reconciler::tend_gateway(Turn& turn) {
  const auto found = std::find_if(turn.world.gateways.begin(), turn.world.gateways.end(),
                                  [](const Gateway& gateway) { return gateway.gateway_id == kGatewayId; });
  const bool wanted = std::any_of(turn.world.routes.begin(), turn.world.routes.end(),
                                  [](const Route& route) { return !route.shares.empty(); });
  if (found == turn.world.gateways.end()) {
    if (!wanted) return {};
    Gateway made;
    made.gateway_id = kGatewayId;
    return start_gateway(turn, made);
  }
  Gateway gateway = *found;
  const Started process{gateway.pid, gateway.process_start, {}};
  if (gateway.pid != 0) {
    const Observed seen = target_.observe(gateway_spec(gateway.gateway_id), process);
    if (seen.state == Observed::State::gone || seen.state == Observed::State::failed) {
      if (wanted)
        log::warning("gateway.ended", {{"gateway_id", gateway.gateway_id}, {"reason", seen.reason}});
      target_.stop(process, Target::How::kill);
      target_.forget(gateway_spec(gateway.gateway_id));
      gateway.pid = 0;
      return save_gateway(turn, gateway);
    }
    if (!wanted) target_.stop(process, Target::How::ask);
    return {};
  }
  if (!wanted) return {};
  if (gateway.started_at && gateway.attempts > 0) {
    const auto pause = std::min<std::chrono::milliseconds>(
        times_.restart_min * (1LL << std::min<std::int64_t>(gateway.attempts - 1, 16)), times_.restart_max);
    if (turn.world.time - *gateway.started_at < pause) return {};
  }
  return start_gateway(turn, gateway);
}

// The attempt is written down, then made; whoever comes between finds the process by its id.
Result<void> Reconciler::start_gateway(Turn& turn, Gateway gateway) {
  gateway.started_at = now();
  ++gateway.attempts;
  TRACSEQ_CHECK(save_gateway(turn, gateway));
  TRACSEQ_TRY(const Started process, target_.start(gateway_spec(gateway.gateway_id)));
  gateway.pid = process.pid;
  gateway.process_start = process.process_start;
  log::info("gateway.started", {{"gateway_id", gateway.gateway_id}, {"pid", gateway.pid}});
  return save_gateway(turn, gateway);
}

}  // namespace tracseq::deployment
