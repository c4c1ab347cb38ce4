// SPDX-License-Identifier: MIT
// Changing versions: promotion, rollback, counters, deletion.
#include <fmt/core.h>

#include <algorithm>

#include "domain/registry/registry.h"
#include "domain/registry/rows.h"

namespace tracseq::registry {
namespace {

// What of a version can change; the audit entry holds it before and after.
Json changing(const ModelVersion& version) {
  Json document = Json::object();
  document.set("status", enum_name(version.status));
  document.set("revision", version.revision);
  document.set("description", version.description);
  document.set("prediction_count", version.prediction_count);
  document.set("average_inference_time_ms", version.average_inference_time_ms);
  document.set("error_rate", version.error_rate);
  return document;
}

Result<void> check_revision(const ModelVersion& version, const std::optional<std::int64_t>& expected) {
  if (!expected || *expected == version.revision) return {};
  return fail(Error{
      Code::conflict,
      fmt::format("version '{}' of model '{}' is at revision {}, in {}; revision {} was expected",
                  version.version, version.model_id, version.revision, enum_name(version.status), *expected),
      {},
      "expected_revision"});
}

void publish(audit::Record& record, const ModelVersion& version, const char* kind) {
  Json data = Json::object();
  data.set("model_id", version.model_id).set("version", version.version);
  data.set("status", enum_name(version.status));
  record.publish("models", kind, std::move(data));
}

// The context with the reason given in the body, so that the audit entry has it.
CallContext with_reason(CallContext ctx, const std::string& reason) {
  if (!reason.empty()) ctx.reason = reason;
  return ctx;
}

}  // namespace

Result<ModelVersion> Registry::held(sql::Transaction& tx, const CallContext& ctx, const std::string& model_id,
                                    const std::string& version) {
  TRACSEQ_CHECK(find(tx, ctx, model_id, version));
  TRACSEQ_CHECK(rows::hold_model(tx, ctx, model_id, now()));
  return find(tx, ctx, model_id, version);
}

Result<void> Registry::note_transition(sql::Transaction& tx, const CallContext& ctx,
                                       const ModelVersion& version, const std::string& from,
                                       const Move& how) {
  Transition transition;
  transition.model_id = version.model_id;
  transition.version = version.version;
  transition.version_number = version.version_number;
  transition.cause = how.cause;
  transition.from_status = from;
  if (how.cause != Cause::deleted) transition.to_status = enum_name(how.to);
  transition.reason = how.reason;
  transition.actor = ctx.actor.id;
  transition.time = now();
  return rows::add_transition(tx, transition);
}

Result<void> Registry::move(sql::Transaction& tx, const CallContext& ctx, audit::Record& record,
                            ModelVersion& version, const Move& how) {
  const auto from = version.status;
  if (how.to == ModelStatus::production) {
    TRACSEQ_TRY(auto former, rows::in_production(tx, ctx, version.model_id));
    if (former) {
      former->status = ModelStatus::staging;
      TRACSEQ_CHECK(rows::update(tx, *former));
      TRACSEQ_CHECK(note_transition(tx, ctx, *former, std::string(enum_name(ModelStatus::production)),
                                    {ModelStatus::staging, Cause::step_back, how.reason}));
      record.delta.set("stepped_back", former->version);
    }
  }
  version.status = how.to;
  TRACSEQ_CHECK(rows::update(tx, version));
  TRACSEQ_CHECK(note_transition(tx, ctx, version, std::string(enum_name(from)), how));
  if (how.to == ModelStatus::production || from == ModelStatus::production)
    TRACSEQ_CHECK(rows::count_production_change(tx));
  return {};
}

Result<ModelVersion> Registry::change_version(const CallContext& ctx, const VersionChange& change,
                                              ChangeVersion apply) {
  return ledger_.change<ModelVersion>(
      ctx, {change.action, "model_version", fmt::format("{}:{}", change.model_id, change.version)},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<ModelVersion> {
        TRACSEQ_TRY(ModelVersion version, held(tx, ctx, change.model_id, change.version));
        record.object_id = version_name(version);
        record.before = changing(version);
        TRACSEQ_CHECK(check_revision(version, change.expected_revision));
        TRACSEQ_CHECK(apply(tx, record, version));
        record.after = changing(version);
        return version;
      });
}

Result<ModelVersion> Registry::promote(const CallContext& given, const MoveVersion& request) {
  const CallContext ctx = with_reason(given, request.reason);
  return change_version(
      ctx, {"model.promote", request.model_id, request.version, request.expected_revision},
      [&](sql::Transaction& tx, audit::Record& record, ModelVersion& version) -> Result<void> {
        if (version.status == request.to_status) return {};
        TRACSEQ_CHECK(check_move(version, request.to_status));
        TRACSEQ_CHECK(move(tx, ctx, record, version, {request.to_status, Cause::promote, ctx.reason}));
        publish(record, version, "promoted");
        return {};
      });
}

Result<ModelVersion> Registry::update(const CallContext& given, const UpdateVersion& request) {
  const CallContext ctx = with_reason(given, request.reason);
  return change_version(
      ctx, {"model.update", request.model_id, request.version, request.expected_revision},
      [&](sql::Transaction& tx, audit::Record& record, ModelVersion& version) -> Result<void> {
        const bool described = request.description && *request.description != version.description;
        if (described) version.description = *request.description;
        if (request.status && *request.status != version.status) {
          TRACSEQ_CHECK(check_move(version, *request.status));
          TRACSEQ_CHECK(move(tx, ctx, record, version, {*request.status, Cause::update, ctx.reason}));
        } else if (described) {
          TRACSEQ_CHECK(rows::update(tx, version));
        }
        publish(record, version, "updated");
        return {};
      });
}

Result<ModelVersion> Registry::record_performance(const CallContext& ctx, const Performance& request) {
  TRACSEQ_CHECK(check_fields(type_info<Performance>(), &request));
  return change_version(
      ctx, {"model.performance", request.model_id, request.version, {}},
      [&](sql::Transaction& tx, audit::Record& record, ModelVersion& version) -> Result<void> {
        version.prediction_count = request.prediction_count;
        version.average_inference_time_ms = request.inference_time_ms;
        version.error_rate = request.error_rate;
        TRACSEQ_CHECK(rows::update(tx, version));
        publish(record, version, "updated");
        return {};
      });
}

// What was in production is a stack: a promotion puts a version on it, a rollback takes off what lies above
// the version it brought back. So going back twice goes back two steps, not to and fro.
Result<std::int64_t> Registry::former_production(sql::Session& session, const std::string& model_id,
                                                 const std::optional<ModelVersion>& current) {
  TRACSEQ_TRY(const auto arrivals, rows::arrivals_in_production(session, model_id));
  std::vector<std::int64_t> stack;
  for (const rows::Arrival& arrival : arrivals) {
    const auto known = std::find(stack.rbegin(), stack.rend(), arrival.number);
    if (arrival.by_rollback && known != stack.rend())
      stack.erase(known.base(), stack.end());
    else
      stack.push_back(arrival.number);
  }
  for (auto number = stack.rbegin(); number != stack.rend(); ++number) {
    if (current && *number == current->version_number) continue;
    TRACSEQ_TRY(const auto there, rows::by_number(session, model_id, *number));
    if (there) return *number;
  }
  return fail(Code::precondition_failed,
              fmt::format("no other version of model '{}' was in production before", model_id));
}

Result<ModelVersion> Registry::rollback(const CallContext& given, const Rollback& request) {
  const CallContext ctx = with_reason(given, request.reason);
  return ledger_.change<ModelVersion>(
      ctx, {"model.rollback", "model_version", {}},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<ModelVersion> {
        TRACSEQ_TRY(ModelVersion version, held(tx, ctx, request.model_id, request.to_version));
        TRACSEQ_TRY(const auto current, rows::in_production(tx, ctx, request.model_id));
        if (request.to_version.empty()) {
          TRACSEQ_TRY(const std::int64_t former, former_production(tx, request.model_id, current));
          TRACSEQ_TRY(const auto found, rows::by_number(tx, request.model_id, former));
          version = *found;
        } else {
          TRACSEQ_TRY(const auto arrivals, rows::arrivals_in_production(tx, request.model_id));
          if (std::none_of(arrivals.begin(), arrivals.end(),
                           [&](const rows::Arrival& a) { return a.number == version.version_number; }))
            return fail(Code::precondition_failed,
                        fmt::format("version '{}' of model '{}' was never in production", version.version,
                                    version.model_id));
        }
        record.object_id = version_name(version);
        record.before = changing(version);
        if (version.status != ModelStatus::production) {
          TRACSEQ_CHECK(
              move(tx, ctx, record, version, {ModelStatus::production, Cause::rollback, ctx.reason}));
          publish(record, version, "rolled_back");
        }
        record.after = changing(version);
        return version;
      });
}

Result<ModelVersion> Registry::remove(const CallContext& ctx, const VersionRef& ref) {
  if (ref.version.empty()) return fail_field("version", "version is empty; say which one is to be deleted");
  return ledger_.change<ModelVersion>(
      ctx, {"model.delete", "model_version", fmt::format("{}:{}", ref.model_id, ref.version)},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<ModelVersion> {
        TRACSEQ_TRY(ModelVersion version, held(tx, ctx, ref.model_id, ref.version));
        if (version.status == ModelStatus::production)
          return fail(Code::precondition_failed,
                      fmt::format("version '{}' of model '{}' is in production; move another one there first",
                                  version.version, version.model_id));
        record.object_id = version_name(version);
        record.before = changing(version);
        TRACSEQ_CHECK(rows::mark_deleted(tx, version, now()));
        TRACSEQ_CHECK(artifacts::ArtifactCatalog::remove_all(
            tx, artifacts::OwnerType::model_version,
            fmt::format("{}/{}", version.model_id, version.version_number)));
        TRACSEQ_CHECK(rows::forget_aliases(tx, version.model_id, version.version_number));
        TRACSEQ_CHECK(note_transition(tx, ctx, version, std::string(enum_name(version.status)),
                                      {version.status, Cause::deleted, ctx.reason}));
        publish(record, version, "deleted");
        return version;
      });
}

}  // namespace tracseq::registry
