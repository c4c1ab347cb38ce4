// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/function_ref.h"
#include "domain/audit/ledger.h"
#include "domain/deployment/prober.h"
#include "domain/deployment/target.h"
#include "domain/deployment/types.h"
#include "storage/sql/database.h"
#include "storage/sql/lease.h"

namespace tracseq::deployment {

// What takes how long; tests make it short.
struct ReconcilerTimes {
  std::chrono::milliseconds drain_max{30'000};  // then a replica ends with requests under way
  std::chrono::milliseconds end_grace{15'000};  // between asking a process to end and killing it
  std::chrono::milliseconds restart_min{500};   // before a replica or gateway that died is started again
  std::chrono::milliseconds restart_max{60'000};
  std::chrono::milliseconds sweep{5'000};         // between two looks for processes nobody recorded
  std::chrono::milliseconds check_pause{100};     // between two health checks of a replica that starts
  std::chrono::milliseconds check_living{5'000};  // of one that answers
};

inline constexpr const char* kGatewayId = "local";  // the one gateway of a database's local target
inline constexpr std::int64_t kChecksToBeHealthy = 2;
inline constexpr std::int64_t kChecksToBeSick = 3;
inline constexpr std::int64_t kBusy = 1'000'000;  // what `step` returns when it changed something

// Moves everything towards what is recorded: replicas started, checked, drained and ended, traffic switched,
// deployments on to their next phase. Each step looks, does at most one thing to the world per process, and
// records it in one transaction that fails if the lease was lost; what is to be done is recorded before it is
// done. So it may be stopped anywhere, and another goes on from what is recorded. Lifecycle: all it is given
// outlives it. Not thread-safe: one driver's step.
class Reconciler {
 public:
  Reconciler(sql::Database& database, Target& target, ReplicaCaller& caller, ReconcilerTimes times = {})
      : database_(database), target_(target), prober_(caller), times_(times) {}

  // kBusy if it changed anything (then there may be more), else how much there is to watch over; 0: nothing.
  Result<std::int64_t> step(const CallContext& ctx, const sql::Lease& lease);

 private:
  // What is recorded, as read at the beginning of a step.
  struct World {
    std::vector<Deployment> deployments;
    std::vector<Replica> replicas;
    std::vector<Route> routes;
    std::vector<Gateway> gateways;
    Timestamp time;
  };
  struct Turn {
    const CallContext& ctx;
    const sql::Lease& lease;
    World& world;
    std::int64_t changes = 0;
  };
  using Change = FunctionRef<Result<void>(sql::Transaction&, Deployment&)>;

  Result<World> look();
  // One recorded step of a deployment: nothing happens if it was changed since it was read.
  Result<void> commit(Turn& turn, const Deployment& deployment, const char* step, Change change);
  // The same of a replica, with its deployment; `next` is written.
  Result<void> commit_replica(Turn& turn, const Deployment& deployment, const Replica& next,
                              const std::string& message = {});

  // replica_steps.cpp
  Result<void> tend(Turn& turn, const Replica& replica);
  Result<void> tend_planned(Turn& turn, const Deployment& d, const Replica& replica);
  Result<void> tend_living(Turn& turn, const Deployment& d, const Replica& replica);
  Result<void> tend_ready(Turn& turn, const Deployment& d, const Replica& replica);
  Result<void> tend_healthy(Turn& turn, const Deployment& d, const Replica& replica);
  Result<void> tend_draining(Turn& turn, const Deployment& d, const Replica& replica);
  Result<void> tend_ending(Turn& turn, const Deployment& d, const Replica& replica);
  Result<void> end_replica(Turn& turn, const Deployment& d, const Replica& replica, const std::string& cause);
  Result<void> plan_replicas(Turn& turn, const Deployment& d);
  Result<void> tend_surplus(Turn& turn, const Deployment& d);
  Result<void> sweep();

  // gateway_steps.cpp
  Result<void> tend_gateway(Turn& turn);
  Result<void> start_gateway(Turn& turn, Gateway gateway);
  Result<void> save_gateway(Turn& turn, const Gateway& gateway);

  // phase_steps.cpp
  Result<void> advance(Turn& turn, const Deployment& d);
  Result<void> advance_pending(Turn& turn, const Deployment& d);
  Result<void> advance_starting(Turn& turn, const Deployment& d);
  Result<void> advance_validating(Turn& turn, const Deployment& d);
  Result<void> advance_switching(Turn& turn, const Deployment& d);
  Result<void> advance_analysing(Turn& turn, const Deployment& d);
  Result<void> advance_watching(Turn& turn, const Deployment& d);
  Result<void> advance_returning(Turn& turn, const Deployment& d);
  Result<void> advance_draining(Turn& turn, const Deployment& d);
  Result<void> fail_rollout(Turn& turn, const Deployment& d, const std::string& cause);
  Result<void> after_switch(Turn& turn, const Deployment& d);
  Result<void> next_batch(Turn& turn, const Deployment& d);
  Result<void> finish(Turn& turn, const Deployment& d);
  Result<void> return_traffic(Turn& turn, const Deployment& d, const Deployment& to);
  Result<void> end_return(Turn& turn, const Deployment& d);
  Result<void> next_canary_step(Turn& turn, const Deployment& d, const std::string& reason);

  // Looking up in what was read.
  static const Deployment* deployment_of(const World& world, const std::string& deployment_id);
  static const Route* route_of(const World& world, const Deployment& d);
  [[nodiscard]] static std::vector<Replica> replicas_in(const World& world, const std::string& deployment_id,
                                                        std::initializer_list<ReplicaPhase> phases);

  sql::Database& database_;
  Target& target_;
  Prober prober_;
  const ReconcilerTimes times_;
  // Observations only; made anew by the next process.
  struct Checks {
    std::int64_t good = 0;
    std::int64_t bad = 0;
    Steady::time_point next{};
    std::string said;
  };
  std::map<std::string, Checks> checks_;
  Steady::time_point next_sweep_{};
};

// What a replica is started with.
ProcessSpec spec_of(const Deployment& deployment, const Replica& replica);

}  // namespace tracseq::deployment
