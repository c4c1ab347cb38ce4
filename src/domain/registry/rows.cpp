// SPDX-License-Identifier: MIT
#include "domain/registry/rows.h"

#include <fmt/core.h>

#include <algorithm>

#include "domain/registry/page_token.h"

namespace tracseq::registry::rows {
namespace {

using sql::args;

constexpr const char* kProductionCounter = "registry.production";

constexpr sql::Statement kHoldModel{
    "registry.hold_model",
    "INSERT INTO registered_models (model_id, project_id, versions, created_us, updated_us) VALUES (?, ?, 0, "
    "?, ?) "
    "ON CONFLICT (model_id) DO UPDATE SET updated_us = excluded.updated_us RETURNING project_id"};
constexpr sql::Statement kNextNumber{
    "registry.next_number",
    "UPDATE registered_models SET versions = versions + 1 WHERE model_id = ? RETURNING versions"};
constexpr sql::Statement kModel{"registry.model",
                                "SELECT model_id, versions, created_us, updated_us FROM registered_models "
                                "WHERE model_id = ? AND project_id = ?"};
constexpr sql::Statement kModels{
    "registry.models",
    "SELECT model_id, versions, created_us, updated_us FROM registered_models m WHERE project_id = ? AND "
    "(CAST(? AS BIGINT) = 0 OR (created_us, model_id) < (?, ?)) AND EXISTS (SELECT 1 FROM model_registry v "
    "WHERE "
    "v.model_id = m.model_id AND v.deleted_us IS NULL) ORDER BY created_us DESC, model_id DESC LIMIT ?"};
constexpr sql::Statement kCountVersions{
    "registry.count_versions",
    "SELECT COUNT(*) FROM model_registry WHERE model_id = ? AND deleted_us IS NULL"};
constexpr sql::Statement kInsert{
    "registry.insert",
    "INSERT INTO model_registry (model_id, number, version, project_id, name, model_type, framework, status, "
    "training_data_hash, run_id, pipeline_run_id, content_digest, servable, error_rate_bits, document, "
    "revision, "
    "created_us, created_by, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kUpdate{
    "registry.update",
    "UPDATE model_registry SET status = ?, error_rate_bits = ?, document = ?, revision = ?, updated_us = ? "
    "WHERE model_id = ? AND number = ? AND revision = ?"};
constexpr sql::Statement kDelete{
    "registry.delete", "UPDATE model_registry SET deleted_us = ? WHERE model_id = ? AND number = ?"};
constexpr sql::Statement kVersion{"registry.version",
                                  "SELECT document FROM model_registry WHERE model_id = ? AND project_id = ? "
                                  "AND version = ? AND deleted_us IS NULL"};
constexpr sql::Statement kNewest{
    "registry.newest",
    "SELECT document FROM model_registry WHERE model_id = ? AND project_id = ? AND deleted_us IS NULL "
    "ORDER BY number DESC LIMIT 1"};
constexpr sql::Statement kByNumber{
    "registry.by_number",
    "SELECT document FROM model_registry WHERE model_id = ? AND number = ? AND deleted_us IS NULL"};
constexpr sql::Statement kProduction{
    "registry.production",
    "SELECT document FROM model_registry WHERE model_id = ? AND project_id = ? AND status = 'production' "
    "AND deleted_us IS NULL"};
constexpr sql::Statement kProductionByType{
    "registry.production_by_type",
    "SELECT document FROM model_registry v WHERE model_type = ? AND project_id = ? AND status = 'production' "
    "AND deleted_us IS NULL ORDER BY (SELECT MAX(transition_id) FROM model_transitions t WHERE t.model_id = "
    "v.model_id "
    "AND t.number = v.number AND t.to_status = 'production') DESC LIMIT 1"};
constexpr sql::Statement kAllProduction{"registry.all_production",
                                        "SELECT document FROM model_registry WHERE project_id = ? AND status "
                                        "= 'production' AND deleted_us IS NULL "
                                        "ORDER BY model_id"};
constexpr sql::Statement kContentDigest{
    "registry.content_digest", "SELECT content_digest FROM model_registry WHERE model_id = ? AND number = ?"};
constexpr sql::Statement kVersionTexts{"registry.version_texts",
                                       "SELECT version FROM model_registry WHERE model_id = ?"};
constexpr sql::Statement kList{"registry.list",
                               "SELECT document FROM model_registry WHERE project_id = ? AND deleted_us IS "
                               "NULL AND (? = '' OR model_id = ?) "
                               "AND (? = '' OR model_type = ?) AND (? = '' OR status = ?) AND (? = '' OR "
                               "run_id = ?) AND (CAST(? AS BIGINT) = 0 OR "
                               "(created_us, model_id, number) < (?, ?, ?)) "
                               "ORDER BY created_us DESC, model_id DESC, number DESC LIMIT ?"};
constexpr sql::Statement kAddTransition{"registry.add_transition",
                                        "INSERT INTO model_transitions (model_id, number, version, cause, "
                                        "from_status, to_status, reason, actor, time_us) "
                                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kTransitions{"registry.transitions",
                                      "SELECT transition_id, model_id, version, number AS version_number, "
                                      "cause, from_status, to_status, reason, actor, "
                                      "time_us AS time FROM model_transitions WHERE model_id = ? AND "
                                      "transition_id < ? ORDER BY transition_id DESC LIMIT ?"};
constexpr sql::Statement kArrivals{
    "registry.arrivals",
    "SELECT number, cause FROM model_transitions WHERE model_id = ? AND to_status = 'production' "
    "ORDER BY transition_id DESC LIMIT ?"};
constexpr sql::Statement kCountChange{"registry.count_change",
                                      "INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) "
                                      "DO UPDATE SET value = counters.value + 1"};
constexpr sql::Statement kChanges{"registry.changes", "SELECT value FROM counters WHERE name = ?"};
constexpr sql::Statement kForgetAliases{"registry.forget_aliases",
                                        "DELETE FROM model_aliases WHERE model_id = ? AND number = ?"};

Result<std::vector<ModelVersion>> versions(sql::Session& session, const sql::Statement& statement,
                                           sql::Args arguments) {
  std::vector<ModelVersion> found;
  TRACSEQ_CHECK(session.query(statement, arguments, [&](const sql::Row& row) -> Result<void> {
    TRACSEQ_TRY(found.emplace_back(), from_json<ModelVersion>(row.text(0), UnknownFields::ignore));
    return {};
  }));
  return found;
}

Result<std::optional<ModelVersion>> first(Result<std::vector<ModelVersion>> found) {
  if (!found) return tl::unexpected(std::move(found).error());
  if (found->empty()) return std::optional<ModelVersion>{};
  return std::optional(std::move(found->front()));
}

StoredModel stored_model(const sql::Row& row) {
  return {row.str(0), row.integer(1), row.time(2), row.time(3)};
}

}  // namespace

Result<void> hold_model(sql::Transaction& tx, const CallContext& ctx, const std::string& model_id,
                        Timestamp time) {
  TRACSEQ_TRY(const auto project, tx.query_one(kHoldModel, args(model_id, ctx.project_id, time, time),
                                               [](const sql::Row& row) { return row.str(0); }));
  if (project != ctx.project_id)
    return fail(Code::conflict, fmt::format("the model id '{}' is taken", model_id));
  return {};
}

Result<std::int64_t> next_number(sql::Transaction& tx, const std::string& model_id) {
  TRACSEQ_TRY(const auto number,
              tx.query_one(kNextNumber, args(model_id), [](const sql::Row& row) { return row.integer(0); }));
  if (!number) return fail(Code::internal, "a model vanished while it was held", model_id);
  return *number;
}

Result<std::optional<StoredModel>> model(sql::Session& session, const CallContext& ctx,
                                         const std::string& model_id) {
  return session.query_one(kModel, args(model_id, ctx.project_id), stored_model);
}

Result<std::vector<StoredModel>> models(sql::Session& session, const CallContext& ctx,
                                        const ListModels& request) {
  TRACSEQ_TRY(const PagePlace place, page_place(request.page_token));
  return session.query_all(
      kModels, args(ctx.project_id, place.created_us, place.created_us, place.model_id, request.limit + 1),
      stored_model);
}

Result<std::int64_t> count_versions(sql::Session& session, const std::string& model_id) {
  TRACSEQ_TRY(const auto count, session.query_one(kCountVersions, args(model_id),
                                                  [](const sql::Row& row) { return row.integer(0); }));
  return count.value_or(0);
}

Result<void> insert(sql::Transaction& tx, const CallContext& ctx, const ModelVersion& version,
                    const std::string& content_digest) {
  TRACSEQ_CHECK(tx.execute(
      kInsert, args(version.model_id, version.version_number, version.version, ctx.project_id, version.name,
                    version.model_type, version.framework, enum_name(version.status),
                    version.training_data_hash, version.run_id, version.pipeline_run_id, content_digest,
                    version.servable, sql::double_bits(version.error_rate), to_json(version),
                    version.revision, version.created_at, version.created_by, version.updated_at)));
  return {};
}

Result<void> update(sql::Transaction& tx, ModelVersion& version) {
  const std::int64_t expected = version.revision++;
  version.updated_at = now();
  TRACSEQ_TRY(const std::int64_t count,
              tx.execute(kUpdate, args(enum_name(version.status), sql::double_bits(version.error_rate),
                                       to_json(version), version.revision, version.updated_at,
                                       version.model_id, version.version_number, expected)));
  if (count == 1) return {};
  return fail(Code::conflict,
              fmt::format("version '{}' of model '{}' was changed by somebody else; try again",
                          version.version, version.model_id));
}

Result<void> mark_deleted(sql::Transaction& tx, const ModelVersion& version, Timestamp time) {
  TRACSEQ_CHECK(tx.execute(kDelete, args(time, version.model_id, version.version_number)));
  return {};
}

Result<std::optional<ModelVersion>> version(sql::Session& session, const CallContext& ctx,
                                            const std::string& model_id, const std::string& version) {
  if (version.empty()) return first(versions(session, kNewest, args(model_id, ctx.project_id)));
  return first(versions(session, kVersion, args(model_id, ctx.project_id, version)));
}

Result<std::optional<ModelVersion>> by_number(sql::Session& session, const std::string& model_id,
                                              std::int64_t number) {
  return first(versions(session, kByNumber, args(model_id, number)));
}

Result<std::optional<ModelVersion>> in_production(sql::Session& session, const CallContext& ctx,
                                                  const std::string& model_id) {
  return first(versions(session, kProduction, args(model_id, ctx.project_id)));
}

Result<std::optional<ModelVersion>> in_production_by_type(sql::Session& session, const CallContext& ctx,
                                                          const std::string& model_type) {
  return first(versions(session, kProductionByType, args(model_type, ctx.project_id)));
}

Result<std::vector<ModelVersion>> all_in_production(sql::Session& session, const CallContext& ctx) {
  return versions(session, kAllProduction, args(ctx.project_id));
}

Result<std::string> content_digest(sql::Session& session, const ModelVersion& version) {
  TRACSEQ_TRY(const auto digest,
              session.query_one(kContentDigest, args(version.model_id, version.version_number),
                                [](const sql::Row& row) { return row.str(0); }));
  return digest.value_or("");
}

Result<std::vector<std::string>> version_texts(sql::Session& session, const std::string& model_id) {
  return session.query_all(kVersionTexts, args(model_id), [](const sql::Row& row) { return row.str(0); });
}

Result<std::vector<ModelVersion>> list(sql::Session& session, const CallContext& ctx,
                                       const ListVersions& request) {
  TRACSEQ_TRY(const PagePlace place, page_place(request.page_token));
  const std::string status = request.status ? std::string(enum_name(*request.status)) : std::string();
  return versions(session, kList,
                  args(ctx.project_id, request.model_id, request.model_id, request.model_type,
                       request.model_type, status, status, request.run_id, request.run_id, place.created_us,
                       place.created_us, place.model_id, place.number, request.limit + 1));
}

Result<void> add_transition(sql::Transaction& tx, const Transition& transition) {
  TRACSEQ_CHECK(tx.execute(kAddTransition,
                           args(transition.model_id, transition.version_number, transition.version,
                                enum_name(transition.cause), transition.from_status, transition.to_status,
                                transition.reason, transition.actor, transition.time)));
  return {};
}

Result<std::vector<Transition>> transitions(sql::Session& session, const std::string& model_id,
                                            std::int64_t before, std::int64_t limit) {
  return session.query_as<Transition>(kTransitions, args(model_id, before, limit));
}

Result<std::vector<Arrival>> arrivals_in_production(sql::Session& session, const std::string& model_id) {
  TRACSEQ_TRY(auto arrivals,
              session.query_all(kArrivals, args(model_id, kArrivalsMax), [](const sql::Row& row) {
                return Arrival{row.integer(0), row.text(1) == enum_name(Cause::rollback)};
              }));
  std::reverse(arrivals.begin(), arrivals.end());
  return arrivals;
}

Result<void> count_production_change(sql::Transaction& tx) {
  TRACSEQ_CHECK(tx.execute(kCountChange, args(kProductionCounter)));
  return {};
}

Result<std::int64_t> production_changes(sql::Session& session) {
  TRACSEQ_TRY(const auto value, session.query_one(kChanges, args(kProductionCounter),
                                                  [](const sql::Row& row) { return row.integer(0); }));
  return value.value_or(0);
}

Result<void> forget_aliases(sql::Transaction& tx, const std::string& model_id, std::int64_t number) {
  TRACSEQ_CHECK(tx.execute(kForgetAliases, args(model_id, number)));
  return {};
}

}  // namespace tracseq::registry::rows
