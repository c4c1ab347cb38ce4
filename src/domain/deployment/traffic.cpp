// SPDX-License-Identifier: MIT
#include "domain/deployment/traffic.h"

namespace tracseq::deployment {

TRACSEQ_DEFINE_ENUM(TargetRole)

TRACSEQ_DEFINE_TYPE(ReplicaAddress, {.name = "replica_id", .required = true},
                    {.name = "port", .min = 1, .max = 65'535},
                    {.name = "draining", .text = "Gets no new request; those under way are answered"})
TRACSEQ_DEFINE_TYPE(TrafficTarget, {.name = "deployment_id", .required = true},
                    {.name = "weight", .text = "Per cent of the route's requests", .min = 0, .max = 100},
                    {.name = "replicas", .length_max = kReplicasMax})
TRACSEQ_DEFINE_TYPE(TrafficRoute, {.name = "service_name", .required = true},
                    {.name = "port", .text = "0: none has been taken yet", .min = 0, .max = 65'535},
                    {.name = "generation", .text = "Grows with every change of the route"},
                    {.name = "targets", .length_max = kTargetsMax})
TRACSEQ_DEFINE_TYPE(TrafficTable, {.name = "routes", .length_max = kRoutesMax})
TRACSEQ_DEFINE_TYPE(TargetCounts, {.name = "deployment_id", .required = true}, {.name = "requests", .min = 0},
                    {.name = "errors", .min = 0}, {.name = "latency_buckets", .length_max = 100})
TRACSEQ_DEFINE_TYPE(ReplicaState, {.name = "replica_id", .required = true}, {.name = "in_flight", .min = 0})
TRACSEQ_DEFINE_TYPE(RouteState, {.name = "service_name", .required = true},
                    {.name = "port", .min = 0, .max = 65'535},
                    {.name = "counts", .text = "Since the report before", .length_max = kTargetsMax},
                    {.name = "replicas", .length_max = kTargetsMax * kReplicasMax})
TRACSEQ_DEFINE_TYPE(GatewayReport, {.name = "gateway_id"},
                    {.name = "sequence", .text = "1, 2, … since the process began", .min = 1},
                    {.name = "routes", .length_max = kRoutesMax})

const std::vector<double>& latency_bounds_ms() {
  static const std::vector<double> bounds = [] {
    std::vector<double> out;
    for (double bound = 0.1; bound < 60'000; bound *= 1.25) out.push_back(bound);
    return out;
  }();
  return bounds;
}

}  // namespace tracseq::deployment
