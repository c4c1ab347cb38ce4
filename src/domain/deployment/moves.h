// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "domain/deployment/types.h"
#include "storage/sql/database.h"

// Changes of a deployment and its route that a person's word and the reconciler have in common, each inside
// the caller's transaction, with a line in the deployment's log. `update(tx, deployment)` is the caller's.
namespace tracseq::deployment {

// Moves on to a phase, from now on.
void enter(Deployment& deployment, Phase phase);

// The route of a deployment's model and environment; made if there is none.
Result<Route> route_for(sql::Transaction& tx, const Deployment& deployment);
// Who gets the largest share; null for a route nobody answers.
const Share* stable_of(const Route& route);
const Share* share_of(const Route& route, const std::string& deployment_id);
// The shares with the candidate at `weight`, the others scaled to the rest. 100: it is the stable one, the
// others keep 0.
std::vector<Share> shares_with(const Route& route, const Deployment& candidate, double weight);
std::vector<Share> shares_without(const Route& route, const std::string& deployment_id);

// Gives the deployment its weight and waits (`switching`) for the gateways to go by it.
Result<void> switch_to(sql::Transaction& tx, Deployment& deployment, double weight);
// The traffic goes back to `to` (empty: nobody), then the deployment's replicas end with `outcome`.
Result<void> begin_return(sql::Transaction& tx, Deployment& deployment, Status outcome, const std::string& to,
                          const std::string& reason);
// Its replicas answer what they have and end, its share goes to the others; then it leaves the route and is
// in `next`.
Result<void> begin_draining(sql::Transaction& tx, Deployment& deployment, Phase next);

}  // namespace tracseq::deployment
