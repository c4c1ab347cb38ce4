// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/context.h"
#include "base/function_ref.h"
#include "domain/audit/ledger.h"
#include "domain/deployment/types.h"
#include "domain/registry/registry.h"
#include "storage/sql/database.h"

namespace tracseq::deployment {

// Deployments as people see them: what should run, and what they say to a roll-out. Nothing is started here:
// what is recorded is what a reconciler (reconciler.h) moves towards. One roll-out of a model and environment
// is under way at a time; a second is refused as `conflict` naming the first. Lifecycle: database, ledger and
// registry outlive it. Thread-safe; each call is one transaction. Errors: `not_found` for an unknown
// deployment, `conflict` for a word that does not fit its state, `invalid` for bad input, `unsupported` for a
// target that is not there.
class Deployments {
 public:
  Deployments(sql::Database& database, audit::Ledger& ledger, registry::Registry& registry)
      : database_(database), ledger_(ledger), registry_(registry) {}

  // The same id with the same content gives the deployment that is there. A version that cannot be served is
  // recorded as failed, with the reason.
  Result<Deployment> create(const CallContext& ctx, const DeploymentConfig& request);
  Result<Deployment> get(const CallContext& ctx, const DeploymentRef& ref);
  // Newest first.
  Result<DeploymentPage> list(const CallContext& ctx, const ListDeployments& request);
  // The log, newest first.
  Result<EventPage> events(const CallContext& ctx, const ListEvents& request);
  // Newest first, ended ones too.
  Result<ReplicaList> replicas(const CallContext& ctx, const DeploymentRef& ref);

  // The traffic goes back to the deployment it followed, or to the one named, whose replicas start again if
  // they have ended. `precondition_failed` if there is none to go back to.
  Result<Deployment> roll_back(const CallContext& ctx, const RollBack& request);
  // A canary gets the whole of the traffic, whatever the verdict.
  Result<Deployment> promote(const CallContext& ctx, const Act& act);
  // A roll-out stops where it is (a failure still takes it back), and goes on.
  Result<Deployment> pause(const CallContext& ctx, const Act& act);
  Result<Deployment> resume(const CallContext& ctx, const Act& act);
  // A roll-out that is under way is taken back.
  Result<Deployment> abort(const CallContext& ctx, const Act& act);
  // A deployed one ends; what it answered is answered by the rest of its route, if anybody.
  Result<Deployment> stop(const CallContext& ctx, const Act& act);
  // Its share of the route's requests.
  Result<Deployment> set_traffic(const CallContext& ctx, const SetTraffic& request);

 private:
  using Apply = FunctionRef<Result<void>(sql::Transaction&, Deployment&)>;
  struct Deed {
    const char* action;
    std::string deployment_id;
    std::string reason;
  };
  Result<Deployment> act(const CallContext& ctx, const Deed& deed, Apply apply);
  // What other tables know.
  static Result<void> fill(sql::Session& session, Deployment& deployment);

  sql::Database& database_;
  audit::Ledger& ledger_;
  registry::Registry& registry_;
};

// Checks what the fields' documents cannot; `invalid` names field, value and what is allowed.
Result<void> check(const DeploymentConfig& config);

}  // namespace tracseq::deployment
