// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/deployment/types.h"
#include "storage/sql/database.h"

// The rows of deployments, read and written inside a caller's transaction. Whoever changes a deployment reads
// it in the same transaction. "Nothing" where there is none.
namespace tracseq::deployment {

// `conflict` for a taken id, or for a second roll-out of a model and environment.
Result<void> insert(sql::Transaction& tx, const Deployment& deployment);
// Raises its revision. Fills no other table.
Result<void> update(sql::Transaction& tx, Deployment& deployment);
Result<std::optional<Deployment>> find_deployment(sql::Session& session, const std::string& deployment_id);
Result<std::vector<Deployment>> tended_deployments(sql::Session& session);
// The roll-out of a model and environment that is under way.
Result<std::optional<Deployment>> find_under_way(sql::Session& session, const std::string& project_id,
                                                 const std::string& model_id, Environment environment);
// Newest first, behind the given place.
Result<std::vector<Deployment>> list_deployments(sql::Session& session, const std::string& project_id,
                                                 const ListDeployments& request, std::int64_t before_us,
                                                 const std::string& before_id);

Result<void> insert(sql::Transaction& tx, const Replica& replica);
Result<void> update(sql::Transaction& tx, const Replica& replica);
// Oldest first.
Result<std::vector<Replica>> living_replicas(sql::Session& session);
Result<std::vector<Replica>> replicas_of(sql::Session& session, const std::string& deployment_id,
                                         std::int64_t limit);

Result<std::optional<Route>> find_route(sql::Session& session, const std::string& project_id,
                                        const std::string& service_name);
Result<std::vector<Route>> routes_of(sql::Session& session, const std::string& project_id);
Result<std::vector<Route>> all_routes(sql::Session& session);
Result<void> save(sql::Transaction& tx, const Route& route);
// The same with the next generation: what a gateway must go by has changed.
Result<void> save_next(sql::Transaction& tx, Route& route);

Result<std::vector<Gateway>> all_gateways(sql::Session& session);
Result<std::optional<Gateway>> find_gateway(sql::Session& session, const std::string& gateway_id);
Result<void> save(sql::Transaction& tx, const Gateway& gateway);

// Zeros where nothing was reported.
Result<Counts> counts_of(sql::Session& session, const std::string& deployment_id);
Result<void> save_counts(sql::Transaction& tx, const std::string& deployment_id, const Counts& counts);

Result<void> add_event(sql::Transaction& tx, const std::string& deployment_id, std::string_view kind,
                       std::string_view message, const Json& data = {});
// Newest first, before that id.
Result<std::vector<Event>> events_of(sql::Session& session, const std::string& deployment_id,
                                     std::int64_t before, std::int64_t limit);

// "<model>-<environment>": what a route is called.
std::string service_name_of(const std::string& model_id, Environment environment);
// Where a gateway listens for it; empty before it does.
std::string url_of(const Route& route);

}  // namespace tracseq::deployment
