// SPDX-License-Identifier: MIT
#include "domain/deployment/gateways.h"

#include <algorithm>

#include "domain/deployment/rows.h"
#include "domain/deployment/verdict.h"

namespace tracseq::deployment {

TRACSEQ_DEFINE_TYPE(ReportTaken, {.name = "counted", .text = "false: it came before"})

namespace {

// A gateway with nothing new to say is written down this often, so that one sees it lives.
constexpr std::chrono::seconds kSeenEvery{1};

bool lives(const Gateway& gateway, Timestamp time) {
  return gateway.report && gateway.seen_at && time - *gateway.seen_at < kGatewaySilenceMax;
}

GatewayReport without_counts(GatewayReport report) {
  for (RouteState& route : report.routes) route.counts.clear();
  return report;
}

bool has_counts(const GatewayReport& report) {
  return std::any_of(report.routes.begin(), report.routes.end(), [](const RouteState& route) {
    return std::any_of(route.counts.begin(), route.counts.end(),
                       [](const TargetCounts& counts) { return counts.requests > 0; });
  });
}

bool says_the_same(const GatewayReport& a, const GatewayReport& b) {
  return to_json(a.routes) == to_json(b.routes);
}

// The port a gateway took is kept, so that it is taken again.
Result<void> keep_port(sql::Transaction& tx, const CallContext& ctx, const RouteState& state) {
  if (state.port == 0) return {};
  TRACSEQ_TRY(auto route, find_route(tx, ctx.project_id, state.service_name));
  if (!route || route->port == state.port) return {};
  route->port = state.port;
  return save(tx, *route);
}

Result<void> fold(sql::Transaction& tx, const RouteState& state) {
  for (const TargetCounts& reported : state.counts) {
    if (reported.requests == 0) continue;
    TRACSEQ_TRY(Counts counts, counts_of(tx, reported.deployment_id));
    add(counts, reported);
    TRACSEQ_CHECK(save_counts(tx, reported.deployment_id, counts));
  }
  return {};
}

}  // namespace

Result<TrafficTable> Gateways::table(const CallContext& ctx) {
  return database_.read([&](sql::Session& session) -> Result<TrafficTable> {
    TRACSEQ_TRY(const auto routes, routes_of(session, ctx.project_id));
    TRACSEQ_TRY(const auto replicas, living_replicas(session));
    TrafficTable table;
    for (const Route& route : routes) {
      if (route.shares.empty()) continue;
      TrafficRoute& shown = table.routes.emplace_back();
      shown.service_name = route.service_name;
      shown.model_id = route.model_id;
      shown.environment = std::string(enum_name(route.environment));
      shown.port = route.port;
      shown.generation = route.generation;
      shown.health_check_path = route.health_check_path;
      for (const Share& share : route.shares) {
        TrafficTarget& target = shown.targets.emplace_back();
        target.deployment_id = share.deployment_id;
        target.model_version = share.model_version;
        target.role = share.role;
        target.weight = share.weight;
        for (const Replica& replica : replicas) {
          const bool draining = replica.phase == ReplicaPhase::draining;
          if (replica.deployment_id == share.deployment_id &&
              (draining || replica.phase == ReplicaPhase::healthy))
            target.replicas.push_back({replica.replica_id, replica.host, replica.port, draining});
        }
      }
    }
    return table;
  });
}

Result<ReportTaken> Gateways::report(const CallContext& ctx, const GatewayReport& report) {
  TRACSEQ_TRY(const auto before, database_.read([&](sql::Session& session) {
    return find_gateway(session, report.gateway_id);
  }));
  const auto is_repeat = [&](const std::optional<Gateway>& known) {
    return known && known->report && known->report->pid == report.pid &&
           report.sequence <= known->report->sequence;
  };
  if (is_repeat(before)) return ReportTaken{};
  const GatewayReport state = without_counts(report);
  const bool counts = has_counts(report);
  if (before && !counts && before->report && before->report->pid == report.pid && before->seen_at &&
      now() - *before->seen_at < kSeenEvery && says_the_same(*before->report, state))
    return ReportTaken{true};
  return ledger_.append<ReportTaken>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& appended) -> Result<ReportTaken> {
        TRACSEQ_TRY(auto known, find_gateway(tx, report.gateway_id));
        if (is_repeat(known)) return ReportTaken{};
        Gateway gateway = known.value_or(Gateway{});
        gateway.gateway_id = report.gateway_id;
        gateway.report = state;
        gateway.seen_at = now();
        gateway.attempts = 0;
        TRACSEQ_CHECK(save(tx, gateway));
        std::int64_t requests = 0;
        for (const RouteState& route : report.routes) {
          TRACSEQ_CHECK(keep_port(tx, ctx, route));
          TRACSEQ_CHECK(fold(tx, route));
          for (const TargetCounts& target : route.counts) requests += target.requests;
        }
        const std::string content = to_json(report);
        appended.push_back({"traffic", "gateway", report.gateway_id, requests,
                            sha256(std::as_bytes(std::span(content))), requests > 0 ? "traffic" : ""});
        return ReportTaken{true};
      });
}

Result<ServiceList> Gateways::services(const CallContext& ctx, const ListServices& request) {
  const Timestamp time = now();
  return database_.read([&](sql::Session& session) -> Result<ServiceList> {
    TRACSEQ_TRY(const auto routes, routes_of(session, ctx.project_id));
    TRACSEQ_TRY(const auto gateways, all_gateways(session));
    ServiceList list;
    for (const Route& route : routes) {
      if (request.environment && route.environment != *request.environment) continue;
      const InForce state = in_force(gateways, route.service_name, time);
      for (const Share& share : route.shares) {
        TRACSEQ_TRY(const Counts counts, counts_of(session, share.deployment_id));
        ServiceEndpoint& one = list.items.emplace_back();
        one.service_name = route.service_name;
        one.model_id = route.model_id;
        one.model_version = share.model_version;
        one.environment = route.environment;
        one.url = url_of(route);
        one.port = route.port;
        one.is_healthy = state.healthy;
        one.last_health_check = state.seen_at;
        one.traffic_percentage = share.weight;
        one.created_at = route.created_at;
        one.updated_at = route.updated_at;
        one.deployment_id = share.deployment_id;
        one.role = share.role;
        one.generation = route.generation;
        one.generation_in_force = state.generation;
        one.requests = counts.requests;
        one.errors = counts.errors;
      }
    }
    return list;
  });
}

InForce in_force(const std::vector<Gateway>& gateways, const std::string& service_name, Timestamp time) {
  InForce found;
  bool first = true;
  for (const Gateway& gateway : gateways) {
    if (!lives(gateway, time)) continue;
    for (const RouteState& route : gateway.report->routes) {
      if (route.service_name != service_name) continue;
      if (!route.error.empty()) found.error = route.error;
      const std::int64_t generation = route.port == 0 ? 0 : route.generation;
      found.generation = first ? generation : std::min(found.generation, generation);
      first = false;
      found.seen_at = gateway.seen_at;
      for (const ReplicaState& replica : route.replicas)
        found.healthy = found.healthy || (replica.healthy && !replica.ejected);
    }
  }
  return found;
}

std::optional<std::int64_t> in_flight(const std::vector<Gateway>& gateways, const std::string& replica_id,
                                      Timestamp time) {
  std::optional<std::int64_t> sum;
  for (const Gateway& gateway : gateways) {
    if (!lives(gateway, time)) continue;
    for (const RouteState& route : gateway.report->routes)
      for (const ReplicaState& replica : route.replicas)
        if (replica.replica_id == replica_id) sum = sum.value_or(0) + replica.in_flight;
  }
  return sum;
}

}  // namespace tracseq::deployment
