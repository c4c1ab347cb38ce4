// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include "base/id.h"
#include "domain/tracking/errors.h"
#include "domain/tracking/run_rows.h"
#include "domain/tracking/tracking.h"

namespace tracseq::tracking {
namespace {

using sql::args;

constexpr sql::Statement kExperimentExists{
    "tracking.experiment_exists",
    "SELECT 1 FROM experiments WHERE project_id = ? AND experiment_id = ? AND deleted_at IS NULL"};
constexpr sql::Statement kRunExists{
    "tracking.run_exists", "SELECT 1 FROM runs WHERE project_id = ? AND run_id = ? AND deleted_at IS NULL"};
constexpr sql::Statement kUpdate{
    "tracking.update_run",
    "UPDATE runs SET name = ?, description = ?, notes = ?, status = ?, completed_at = ?, final_metrics = ?, "
    "updated_at = ? WHERE run_id = ?"};
constexpr sql::Statement kSetDeleted{"tracking.delete_run",
                                     "UPDATE runs SET deleted_at = ?, updated_at = ? WHERE run_id = ?"};
constexpr sql::Statement kExpired{"tracking.expired_runs",
                                  "SELECT run_id FROM runs WHERE project_id = ? AND deleted_at IS NOT NULL "
                                  "AND deleted_at < ? ORDER BY deleted_at LIMIT ?"};
constexpr sql::Statement kPurge{"tracking.purge_run", "DELETE FROM runs WHERE run_id = ?"};

Result<bool> exists(sql::Session& session, const sql::Statement& statement, sql::Args args) {
  TRACSEQ_TRY(const auto found, session.query_one(statement, args, [](const sql::Row&) { return true; }));
  return found.has_value();
}

Run new_run(const CallContext& ctx, const StartRun& request) {
  Run run;
  run.run_id = request.run_id.empty() ? new_id() : request.run_id;
  run.experiment_id = request.experiment_id;
  run.parent_run_id = request.parent_run_id;
  run.name =
      request.name.empty() ? fmt::format("run-{}", run.run_id.substr(run.run_id.size() - 8)) : request.name;
  run.description = request.description;
  run.model_type = request.model_type;
  run.framework = request.framework;
  run.algorithm = request.algorithm;
  run.dataset_name = request.dataset_name;
  run.dataset_version = request.dataset_version;
  run.params = request.params;
  run.tags = request.tags;
  run.config = request.config;
  run.created_by = request.created_by.empty() ? ctx.actor.id : request.created_by;
  run.created_at = request.created_at.value_or(now());
  run.started_at = run.created_at;
  run.updated_at = now();
  return run;
}

// What a change leaves of the run; checks that a finished one keeps its status.
Result<Run> merged(const Run& before, const UpdateRun& request) {
  Run run = before;
  if (request.name) run.name = *request.name;
  if (request.description) run.description = *request.description;
  if (request.notes) run.notes = *request.notes;
  if (request.status && *request.status != before.status) {
    if (before.status != RunStatus::running)
      return fail(errors::run_finished(before.run_id, enum_name(before.status)));
    run.status = *request.status;
    run.completed_at = request.completed_at.value_or(now());
  }
  if (request.final_metrics) {
    run.final_metrics = Json::object();
    for (const auto& [key, value] : *request.final_metrics) run.final_metrics.set(key, value);
  }
  run.updated_at = now();
  return run;
}

}  // namespace

Result<void> require_run(sql::Session& session, const CallContext& ctx, std::string_view run_id) {
  TRACSEQ_TRY(const bool found, exists(session, kRunExists, args(ctx.project_id, run_id)));
  if (!found) return fail(errors::run_not_found(run_id));
  return {};
}

Result<Run> Runs::start(const CallContext& ctx, const StartRun& request) {
  if (!request.run_id.empty() && !is_id(request.run_id)) return fail(errors::bad_run_id(request.run_id));
  if (!request.config.is_object()) return fail_field("config", "config must be an object");
  return ledger_.change<Run>(
      ctx, {"run.start", "run", {}}, [&](sql::Transaction& tx, audit::Record& record) -> Result<Run> {
        TRACSEQ_TRY(const bool group,
                    exists(tx, kExperimentExists, args(ctx.project_id, request.experiment_id)));
        if (!group) return fail(errors::experiment_not_found(request.experiment_id));
        if (request.parent_run_id) TRACSEQ_CHECK(require_run(tx, ctx, *request.parent_run_id));
        const Run run = new_run(ctx, request);
        TRACSEQ_CHECK(insert_run(tx, ctx, run));
        TRACSEQ_TRY(Run stored, load_run(tx, ctx, run.run_id));
        record.object_id = stored.run_id;
        record.after = to_document(stored);
        record.publish("runs", "started", Json::object().set("experiment_id", stored.experiment_id));
        return stored;
      });
}

Result<Run> Runs::get(const CallContext& ctx, const RunRef& ref) {
  return database_.read([&](sql::Session& session) { return load_run(session, ctx, ref.run_id); });
}

Result<Run> Runs::update(const CallContext& ctx, const UpdateRun& request) {
  return ledger_.change<Run>(
      ctx, {"run.update", "run", request.run_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Run> {
        TRACSEQ_TRY(const Run before, load_run(tx, ctx, request.run_id));
        if (before.deleted_at) return fail(errors::run_not_found(request.run_id));
        TRACSEQ_TRY(const Run run, merged(before, request));
        TRACSEQ_CHECK(tx.execute(
            kUpdate, args(run.name, run.description, run.notes, enum_name(run.status), run.completed_at,
                          dump_json(run.final_metrics), run.updated_at, run.run_id)));
        TRACSEQ_CHECK(add_params(tx, run.run_id, request.params));
        if (request.tags) TRACSEQ_CHECK(replace_tags(tx, run.run_id, *request.tags));
        TRACSEQ_TRY(Run after, load_run(tx, ctx, run.run_id));
        record.before = to_document(before);
        record.after = to_document(after);
        record.delta = to_document(request);
        const bool ended = after.status != before.status;
        record.publish("runs", ended ? "finished" : "updated",
                       Json::object().set("status", enum_name(after.status)));
        return after;
      });
}

Result<Run> Runs::remove(const CallContext& ctx, const RunRef& ref) {
  return ledger_.change<Run>(ctx, {"run.delete", "run", ref.run_id},
                             [&](sql::Transaction& tx, audit::Record& record) -> Result<Run> {
                               TRACSEQ_TRY(const Run before, load_run(tx, ctx, ref.run_id));
                               if (!before.deleted_at)
                                 TRACSEQ_CHECK(tx.execute(kSetDeleted, args(now(), now(), ref.run_id)));
                               TRACSEQ_TRY(Run after, load_run(tx, ctx, ref.run_id));
                               record.before = to_document(before);
                               record.publish("runs", "deleted");
                               return after;
                             });
}

Result<Run> Runs::restore(const CallContext& ctx, const RunRef& ref) {
  return ledger_.change<Run>(ctx, {"run.restore", "run", ref.run_id},
                             [&](sql::Transaction& tx, audit::Record& record) -> Result<Run> {
                               TRACSEQ_TRY(const Run before, load_run(tx, ctx, ref.run_id));
                               TRACSEQ_TRY(
                                   const bool group,
                                   exists(tx, kExperimentExists, args(ctx.project_id, before.experiment_id)));
                               if (!group) return fail(errors::experiment_not_found(before.experiment_id));
                               TRACSEQ_CHECK(tx.execute(kSetDeleted, args(nullptr, now(), ref.run_id)));
                               TRACSEQ_TRY(Run after, load_run(tx, ctx, ref.run_id));
                               record.after = to_document(after);
                               record.publish("runs", "restored");
                               return after;
                             });
}

Result<std::int64_t> Runs::purge(const CallContext& ctx, Timestamp before, std::int64_t limit,
                                 const AlsoPurge& also) {
  TRACSEQ_TRY(const auto ids, database_.read([&](sql::Session& session) {
    return session.query_all(kExpired, args(ctx.project_id, before, limit),
                             [](const sql::Row& row) { return row.str(0); });
  }));
  std::int64_t purged = 0;
  for (const std::string& id : ids) {
    TRACSEQ_CHECK(ctx.check());
    bool kept = false;
    const auto gone = ledger_.change<RunRef>(
        ctx, {"run.purge", "run", id}, [&](sql::Transaction& tx, audit::Record& record) -> Result<RunRef> {
          auto run = load_run(tx, ctx, id);
          // Since the list was read the run may have been restored, or purged by another.
          kept = run ? !run->deleted_at || *run->deleted_at >= before : run.error().code == Code::not_found;
          if (!run) return tl::unexpected(std::move(run).error());
          if (kept) return fail(Code::conflict, "the run is not to be purged any more");
          record.before = to_document(*run);
          if (also) TRACSEQ_CHECK(also(tx, id));
          TRACSEQ_CHECK(tx.execute(kPurge, args(id)));
          record.publish("runs", "purged");
          return RunRef{id, {}};
        });
    if (!gone && !kept) return tl::unexpected(gone.error());
    if (gone) ++purged;
  }
  return purged;
}

}  // namespace tracseq::tracking
