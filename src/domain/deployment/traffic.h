// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/describe.h"

// What the control plane tells a gateway, and what a gateway tells back. A gateway asks for the table
// (GET /api/v1/traffic, with If-None-Match) and reports (POST /api/v1/gateways/{gateway_id}/report); it goes
// on with the last table when nobody answers.
namespace tracseq::deployment {

inline constexpr std::size_t kRoutesMax = 1'000;
inline constexpr std::size_t kTargetsMax = 100;
inline constexpr std::size_t kReplicasMax = 100;

// One process that answers predictions of one version.
struct ReplicaAddress {
  std::string replica_id;
  std::string host;
  std::int64_t port = 0;
  bool draining = false;  // gets no new request; those under way are answered
};
TRACSEQ_DESCRIBE(ReplicaAddress, (replica_id, host, port, draining))

enum class TargetRole { stable, candidate };
TRACSEQ_DESCRIBE_ENUM(TargetRole, stable, candidate)

// A deployment's share of a route.
struct TrafficTarget {
  std::string deployment_id;
  std::string model_version;
  TargetRole role = TargetRole::stable;
  double weight = 0;  // per cent; those of a route sum to 100, a target of 0 is reached by the header only
  std::vector<ReplicaAddress> replicas;
};
TRACSEQ_DESCRIBE(TrafficTarget, (deployment_id, model_version, role, weight, replicas))

// One stable address: of a model in an environment.
struct TrafficRoute {
  std::string service_name;
  std::string model_id;
  std::string environment;
  std::int64_t port = 0;        // 0: none has been taken yet; the gateway takes a free one and reports it
  std::int64_t generation = 0;  // grows with every change of the route
  std::string health_check_path;
  std::vector<TrafficTarget> targets;
};
TRACSEQ_DESCRIBE(TrafficRoute,
                 (service_name, model_id, environment, port, generation, health_check_path, targets))

struct TrafficTable {
  std::vector<TrafficRoute> routes;
};
TRACSEQ_DESCRIBE(TrafficTable, (routes))

// What a target answered since the gateway's report before. Latency is counted in buckets of
// latency_bounds_ms(); a request retried counts once, by its last answer, at every target it fell to: one
// whose replicas fail shows it, though another target answered in the end.
struct TargetCounts {
  std::string deployment_id;
  std::int64_t requests = 0;
  std::int64_t errors = 0;  // 5xx, no connection, no answer in time
  double latency_sum_ms = 0;
  double latency_square_sum = 0;  // of milliseconds
  std::vector<std::int64_t> latency_buckets;
};
TRACSEQ_DESCRIBE(TargetCounts,
                 (deployment_id, requests, errors, latency_sum_ms, latency_square_sum, latency_buckets))

struct ReplicaState {
  std::string replica_id;
  bool healthy = false;
  bool ejected = false;        // an outlier, left out for a while
  std::int64_t in_flight = 0;  // requests under way: a draining replica with none may be ended
};
TRACSEQ_DESCRIBE(ReplicaState, (replica_id, healthy, ejected, in_flight))

struct RouteState {
  std::string service_name;
  std::int64_t port = 0;        // 0: none could be taken; `error` says why
  std::int64_t generation = 0;  // in force: new requests go by it
  std::string error;
  std::vector<TargetCounts> counts;
  std::vector<ReplicaState> replicas;
};
TRACSEQ_DESCRIBE(RouteState, (service_name, port, generation, error, counts, replicas))

struct GatewayReport {
  std::string gateway_id;
  std::int64_t sequence = 0;  // 1, 2, … since the process began; one that comes twice counts once
  std::int64_t pid = 0;
  std::vector<RouteState> routes;
};
TRACSEQ_DESCRIBE(GatewayReport, (gateway_id, sequence, pid, routes))

// Upper bounds of the latency buckets in milliseconds; one more bucket counts what is above the last.
const std::vector<double>& latency_bounds_ms();

}  // namespace tracseq::deployment
