// SPDX-License-Identifier: MIT
#include "domain/deployment/rows.h"

#include <fmt/core.h>

namespace tracseq::deployment {
namespace {

using sql::args;

constexpr sql::Statement kInsertDeployment{
    "deployments.insert",
    "INSERT INTO deployments (deployment_id, project_id, model_id, environment, status, phase, tended, "
    "created_us, revision, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kUpdateDeployment{
    "deployments.update",
    "UPDATE deployments SET status = ?, phase = ?, tended = ?, revision = ?, document = ? "
    "WHERE deployment_id = ? AND revision = ?"};
constexpr sql::Statement kFindDeployment{"deployments.find",
                                         "SELECT document FROM deployments WHERE deployment_id = ?"};
constexpr sql::Statement kTended{"deployments.tended",
                                 "SELECT document FROM deployments WHERE tended = 1 ORDER BY created_us"};
constexpr sql::Statement kUnderWay{
    "deployments.under_way",
    "SELECT document FROM deployments WHERE project_id = ? AND model_id = ? AND environment = ? "
    "AND status IN ('pending', 'deploying', 'rolling_back')"};
constexpr sql::Statement kList{
    "deployments.list",
    "SELECT document FROM deployments WHERE project_id = ? AND (? = '' OR model_id = ?) "
    "AND (? = '' OR environment = ?) AND (? = '' OR status = ?) "
    "AND (created_us < ? OR (created_us = ? AND deployment_id < ?)) "
    "ORDER BY created_us DESC, deployment_id DESC LIMIT ?"};
constexpr sql::Statement kInsertReplica{
    "deployments.insert_replica",
    "INSERT INTO deployment_replicas (replica_id, deployment_id, ended, created_us, document) "
    "VALUES (?, ?, ?, ?, ?)"};
constexpr sql::Statement kUpdateReplica{
    "deployments.update_replica",
    "UPDATE deployment_replicas SET ended = ?, document = ? WHERE replica_id = ?"};
constexpr sql::Statement kLivingReplicas{
    "deployments.living_replicas",
    "SELECT document FROM deployment_replicas WHERE ended = 0 ORDER BY created_us, replica_id"};
constexpr sql::Statement kReplicasOf{
    "deployments.replicas_of",
    "SELECT document FROM deployment_replicas WHERE deployment_id = ? ORDER BY created_us DESC LIMIT ?"};
constexpr sql::Statement kFindRoute{
    "deployments.find_route",
    "SELECT document FROM deployment_routes WHERE project_id = ? AND service_name = ?"};
constexpr sql::Statement kRoutesOf{
    "deployments.routes_of",
    "SELECT document FROM deployment_routes WHERE project_id = ? ORDER BY service_name"};
constexpr sql::Statement kAllRoutes{"deployments.all_routes",
                                    "SELECT document FROM deployment_routes ORDER BY service_name"};
constexpr sql::Statement kSaveRoute{
    "deployments.save_route",
    "INSERT INTO deployment_routes (project_id, service_name, document) VALUES (?, ?, ?) "
    "ON CONFLICT (project_id, service_name) DO UPDATE SET document = excluded.document"};
constexpr sql::Statement kGateways{"deployments.gateways",
                                   "SELECT document FROM deployment_gateways ORDER BY gateway_id"};
constexpr sql::Statement kFindGateway{"deployments.find_gateway",
                                      "SELECT document FROM deployment_gateways WHERE gateway_id = ?"};
constexpr sql::Statement kSaveGateway{"deployments.save_gateway",
                                      "INSERT INTO deployment_gateways (gateway_id, document) VALUES (?, ?) "
                                      "ON CONFLICT (gateway_id) DO UPDATE SET document = excluded.document"};
constexpr sql::Statement kCounts{"deployments.counts",
                                 "SELECT document FROM deployment_counts WHERE deployment_id = ?"};
constexpr sql::Statement kSaveCounts{
    "deployments.save_counts",
    "INSERT INTO deployment_counts (deployment_id, document) VALUES (?, ?) "
    "ON CONFLICT (deployment_id) DO UPDATE SET document = excluded.document"};
constexpr sql::Statement kAddEvent{
    "deployments.add_event",
    "INSERT INTO deployment_events (deployment_id, time_us, kind, message, data) VALUES (?, ?, ?, ?, ?)"};
constexpr sql::Statement kEvents{
    "deployments.events",
    "SELECT event_id, deployment_id, time_us AS time, kind, message, data FROM deployment_events "
    "WHERE deployment_id = ? AND event_id < ? ORDER BY event_id DESC LIMIT ?"};

template <class T>
Result<std::vector<T>> documents(sql::Session& session, const sql::Statement& statement, sql::Args given) {
  std::vector<T> found;
  TRACSEQ_CHECK(session.query(statement, given, [&](const sql::Row& row) -> Result<void> {
    auto one = from_json<T>(row.text(0), UnknownFields::ignore);
    if (!one) return fail(Code::internal, "a stored deployment cannot be read", one.error().message);
    found.push_back(std::move(*one));
    return {};
  }));
  return found;
}

template <class T>
Result<std::optional<T>> document(sql::Session& session, const sql::Statement& statement, sql::Args given) {
  TRACSEQ_TRY(std::vector<T> found, documents<T>(session, statement, given));
  if (found.empty()) return std::optional<T>{};
  return std::optional<T>{std::move(found.front())};
}

}  // namespace

Result<void> insert(sql::Transaction& tx, const Deployment& d) {
  TRACSEQ_CHECK(tx.execute(
      kInsertDeployment,
      args(d.deployment_id, d.project_id, d.model_id, enum_name(d.environment), enum_name(d.status),
           enum_name(d.phase), is_tended(d.phase), d.created_at, d.revision, to_json(d))));
  return {};
}

Result<void> update(sql::Transaction& tx, Deployment& d) {
  const std::int64_t before = d.revision++;
  TRACSEQ_TRY(const std::int64_t changed,
              tx.execute(kUpdateDeployment, args(enum_name(d.status), enum_name(d.phase), is_tended(d.phase),
                                                 d.revision, to_json(d), d.deployment_id, before)));
  if (changed == 0)
    return fail(Code::conflict, fmt::format("the deployment '{}' was changed meanwhile", d.deployment_id));
  return {};
}

Result<std::optional<Deployment>> find_deployment(sql::Session& session, const std::string& deployment_id) {
  return document<Deployment>(session, kFindDeployment, args(deployment_id));
}

Result<std::vector<Deployment>> tended_deployments(sql::Session& session) {
  return documents<Deployment>(session, kTended, {});
}

Result<std::optional<Deployment>> find_under_way(sql::Session& session, const std::string& project_id,
                                                 const std::string& model_id, Environment environment) {
  return document<Deployment>(session, kUnderWay, args(project_id, model_id, enum_name(environment)));
}

Result<std::vector<Deployment>> list_deployments(sql::Session& session, const std::string& project_id,
                                                 const ListDeployments& request, std::int64_t before_us,
                                                 const std::string& before_id) {
  const std::string_view environment =
      request.environment ? enum_name(*request.environment) : std::string_view();
  const std::string_view status = request.status ? enum_name(*request.status) : std::string_view();
  return documents<Deployment>(session, kList,
                               args(project_id, request.model_id, request.model_id, environment, environment,
                                    status, status, before_us, before_us, before_id, request.limit + 1));
}

Result<void> insert(sql::Transaction& tx, const Replica& r) {
  TRACSEQ_CHECK(tx.execute(kInsertReplica, args(r.replica_id, r.deployment_id, r.phase == ReplicaPhase::ended,
                                                r.created_at, to_json(r))));
  return {};
}

Result<void> update(sql::Transaction& tx, const Replica& r) {
  TRACSEQ_CHECK(tx.execute(kUpdateReplica, args(r.phase == ReplicaPhase::ended, to_json(r), r.replica_id)));
  return {};
}

Result<std::vector<Replica>> living_replicas(sql::Session& session) {
  return documents<Replica>(session, kLivingReplicas, {});
}

Result<std::vector<Replica>> replicas_of(sql::Session& session, const std::string& deployment_id,
                                         std::int64_t limit) {
  return documents<Replica>(session, kReplicasOf, args(deployment_id, limit));
}

Result<std::optional<Route>> find_route(sql::Session& session, const std::string& project_id,
                                        const std::string& service_name) {
  return document<Route>(session, kFindRoute, args(project_id, service_name));
}

Result<std::vector<Route>> routes_of(sql::Session& session, const std::string& project_id) {
  return documents<Route>(session, kRoutesOf, args(project_id));
}

Result<std::vector<Route>> all_routes(sql::Session& session) {
  return documents<Route>(session, kAllRoutes, {});
}

Result<void> save(sql::Transaction& tx, const Route& route) {
  TRACSEQ_CHECK(tx.execute(kSaveRoute, args(route.project_id, route.service_name, to_json(route))));
  return {};
}

Result<void> save_next(sql::Transaction& tx, Route& route) {
  ++route.generation;
  route.updated_at = now();
  return save(tx, route);
}

Result<std::vector<Gateway>> all_gateways(sql::Session& session) {
  return documents<Gateway>(session, kGateways, {});
}

Result<std::optional<Gateway>> find_gateway(sql::Session& session, const std::string& gateway_id) {
  return document<Gateway>(session, kFindGateway, args(gateway_id));
}

Result<void> save(sql::Transaction& tx, const Gateway& gateway) {
  TRACSEQ_CHECK(tx.execute(kSaveGateway, args(gateway.gateway_id, to_json(gateway))));
  return {};
}

Result<Counts> counts_of(sql::Session& session, const std::string& deployment_id) {
  TRACSEQ_TRY(auto found, document<Counts>(session, kCounts, args(deployment_id)));
  return found.value_or(Counts{});
}

Result<void> save_counts(sql::Transaction& tx, const std::string& deployment_id, const Counts& counts) {
  TRACSEQ_CHECK(tx.execute(kSaveCounts, args(deployment_id, to_json(counts))));
  return {};
}

Result<void> add_event(sql::Transaction& tx, const std::string& deployment_id, std::string_view kind,
                       std::string_view message, const Json& data) {
  TRACSEQ_CHECK(tx.execute(
      kAddEvent, args(deployment_id, now(), kind, message.substr(0, kTextBytesMax), dump_json(data))));
  return {};
}

Result<std::vector<Event>> events_of(sql::Session& session, const std::string& deployment_id,
                                     std::int64_t before, std::int64_t limit) {
  return session.query_as<Event>(kEvents, args(deployment_id, before, limit));
}

std::string service_name_of(const std::string& model_id, Environment environment) {
  return fmt::format("{}-{}", model_id, enum_name(environment));
}

std::string url_of(const Route& route) {
  return route.port == 0 ? std::string() : fmt::format("http://127.0.0.1:{}", route.port);
}

}  // namespace tracseq::deployment
