// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/deployment/types.h"
#include "storage/sql/database.h"

namespace tracseq::deployment {

inline constexpr std::chrono::seconds kGatewaySilenceMax{3};  // one not heard of longer does not count

struct ReportTaken {
  bool counted = false;  // false: it came before
};
TRACSEQ_DESCRIBE(ReportTaken, (counted))

// The traffic as gateways follow and report it. Lifecycle: database and ledger outlive it. Thread-safe.
class Gateways {
 public:
  Gateways(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // Where requests go: what is recorded, of the context's project.
  Result<TrafficTable> table(const CallContext& ctx);
  // Folds a report's counts into the deployments' and keeps the rest as the gateway's state.
  Result<ReportTaken> report(const CallContext& ctx, const GatewayReport& report);
  // Where the requests of a deployment's address go, and what they say of it now. `not_found` for an unknown
  // one.
  Result<DeploymentTraffic> traffic(const CallContext& ctx, const DeploymentRef& ref);
  // Every deployment that has a share of a route.
  Result<ServiceList> services(const CallContext& ctx, const ListServices& request);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

// What gateways that live say of a route; `generation` is what all of them go by, 0 where none does.
struct InForce {
  std::int64_t generation = 0;
  bool healthy = false;  // some replica answers
  std::optional<Timestamp> seen_at;
  std::string error;  // why one has no port
};
InForce in_force(const std::vector<Gateway>& gateways, const std::string& service_name, Timestamp time);
// What is under way at a replica; nothing where no living gateway speaks of it.
std::optional<std::int64_t> in_flight(const std::vector<Gateway>& gateways, const std::string& replica_id,
                                      Timestamp time);

}  // namespace tracseq::deployment
