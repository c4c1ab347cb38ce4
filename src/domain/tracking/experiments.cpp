// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include "domain/tracking/errors.h"
#include "domain/tracking/tracking.h"

namespace tracseq::tracking {
namespace {

using sql::args;

constexpr const char* kColumns =
    "SELECT e.experiment_id, e.name, e.description, e.created_at, e.created_by, e.deleted_at, "
    "(SELECT COUNT(*) FROM runs r WHERE r.experiment_id = e.experiment_id AND r.deleted_at IS NULL) AS "
    "run_count, "
    "(SELECT COUNT(*) FROM runs r WHERE r.experiment_id = e.experiment_id AND r.deleted_at IS NULL "
    "AND r.status = 'running') AS running_count FROM experiments e ";

const std::string kGetText = std::string(kColumns) + "WHERE e.project_id = ? AND e.experiment_id = ?";
const std::string kListText =
    std::string(kColumns) +
    "WHERE e.project_id = ? AND (e.deleted_at IS NOT NULL) = (? = 1) AND e.experiment_id < ? "
    "ORDER BY e.experiment_id DESC LIMIT ?";
const sql::Statement kGet{"tracking.get_experiment", kGetText.c_str()};
const sql::Statement kList{"tracking.list_experiments", kListText.c_str()};
constexpr sql::Statement kInsert{
    "tracking.insert_experiment",
    "INSERT INTO experiments (project_id, name, description, created_at, created_by) VALUES (?, ?, ?, ?, ?) "
    "RETURNING experiment_id"};
constexpr sql::Statement kUpdate{"tracking.update_experiment",
                                 "UPDATE experiments SET name = ?, description = ? WHERE experiment_id = ?"};
constexpr sql::Statement kSetDeleted{"tracking.delete_experiment",
                                     "UPDATE experiments SET deleted_at = ? WHERE experiment_id = ?"};
// Runs that were in the trash before keep their own time, so that restoring the experiment leaves them there.
constexpr sql::Statement kDeleteRuns{
    "tracking.delete_experiment_runs",
    "UPDATE runs SET deleted_at = ?, updated_at = ? WHERE experiment_id = ? AND deleted_at IS NULL"};
constexpr sql::Statement kRestoreRuns{
    "tracking.restore_experiment_runs",
    "UPDATE runs SET deleted_at = NULL, updated_at = ? WHERE experiment_id = ? AND deleted_at = ?"};
constexpr sql::Statement kExpired{
    "tracking.expired_experiments",
    "SELECT experiment_id FROM experiments e WHERE project_id = ? AND experiment_id <> ? AND deleted_at IS "
    "NOT "
    "NULL AND deleted_at < ? AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.experiment_id = e.experiment_id) "
    "ORDER BY deleted_at LIMIT ?"};
// Asks again what the list said: it may have been restored since.
constexpr sql::Statement kPurge{
    "tracking.purge_experiment",
    "DELETE FROM experiments WHERE experiment_id = ? AND deleted_at < ? AND NOT EXISTS "
    "(SELECT 1 FROM runs WHERE runs.experiment_id = experiments.experiment_id)"};

Result<Experiment> load(sql::Session& session, const CallContext& ctx, std::int64_t id) {
  TRACSEQ_TRY(auto found, session.query_one_as<Experiment>(kGet, args(ctx.project_id, id)));
  if (!found) return fail(errors::experiment_not_found(id));
  return std::move(*found);
}

// A broken unique index is the one conflict these statements can have.
template <class T>
Result<T> named(Result<T> result, const std::string& name) {
  if (!result && result.error().code == Code::conflict) return fail(errors::experiment_name_taken(name));
  return result;
}

}  // namespace

Result<Experiment> Experiments::create(const CallContext& ctx, const CreateExperiment& request) {
  auto created = ledger_.change<Experiment>(
      ctx, {"experiment.create", "experiment", {}},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Experiment> {
        TRACSEQ_TRY(const auto id,
                    tx.query_one(kInsert,
                                 args(ctx.project_id, request.name, request.description, now(), ctx.actor.id),
                                 [](const sql::Row& row) { return row.integer(0); }));
        TRACSEQ_TRY(Experiment experiment, load(tx, ctx, id.value_or(0)));
        record.object_id = std::to_string(experiment.experiment_id);
        record.after = to_document(experiment);
        record.publish("experiments", "created");
        return experiment;
      });
  return named(std::move(created), request.name);
}

Result<Experiment> Experiments::get(const CallContext& ctx, const ExperimentRef& ref) {
  return database_.read([&](sql::Session& session) { return load(session, ctx, ref.experiment_id); });
}

Result<ExperimentPage> Experiments::list(const CallContext& ctx, const ListExperiments& request) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!request.page_token.empty() &&
      !from_text(type_info<std::int64_t>(), "page_token", request.page_token, &before))
    return fail(errors::bad_page_token());
  ExperimentPage page;
  TRACSEQ_TRY(page.items, database_.read([&](sql::Session& session) {
    return session.query_as<Experiment>(kList,
                                        args(ctx.project_id, request.deleted, before, request.limit + 1));
  }));
  if (std::ssize(page.items) > request.limit) {
    page.items.pop_back();
    page.next_page_token = std::to_string(page.items.back().experiment_id);
  }
  return page;
}

Result<Experiment> Experiments::update(const CallContext& ctx, const UpdateExperiment& request) {
  if (request.experiment_id == kDefaultExperiment && request.name)
    return fail(errors::default_experiment_fixed());
  auto updated = ledger_.change<Experiment>(
      ctx, {"experiment.update", "experiment", std::to_string(request.experiment_id)},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Experiment> {
        TRACSEQ_TRY(const Experiment before, load(tx, ctx, request.experiment_id));
        TRACSEQ_CHECK(tx.execute(
            kUpdate, args(request.name.value_or(before.name),
                          request.description.value_or(before.description), before.experiment_id)));
        TRACSEQ_TRY(Experiment after, load(tx, ctx, request.experiment_id));
        record.before = to_document(before);
        record.after = to_document(after);
        record.delta = to_document(request);
        record.publish("experiments", "updated");
        return after;
      });
  return named(std::move(updated), request.name.value_or(""));
}

Result<Experiment> Experiments::remove(const CallContext& ctx, const ExperimentRef& ref) {
  if (ref.experiment_id == kDefaultExperiment) return fail(errors::default_experiment_fixed());
  return ledger_.change<Experiment>(
      ctx, {"experiment.delete", "experiment", std::to_string(ref.experiment_id)},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Experiment> {
        TRACSEQ_TRY(const Experiment before, load(tx, ctx, ref.experiment_id));
        if (before.deleted_at) return fail(errors::experiment_not_found(ref.experiment_id));
        const Timestamp time = now();
        TRACSEQ_CHECK(tx.execute(kSetDeleted, args(time, ref.experiment_id)));
        TRACSEQ_TRY(const std::int64_t runs, tx.execute(kDeleteRuns, args(time, time, ref.experiment_id)));
        TRACSEQ_TRY(Experiment after, load(tx, ctx, ref.experiment_id));
        record.before = to_document(before);
        record.delta = Json::object().set("runs", runs);
        record.publish("experiments", "deleted");
        return after;
      });
}

Result<Experiment> Experiments::restore(const CallContext& ctx, const ExperimentRef& ref) {
  std::string name;
  auto restored = ledger_.change<Experiment>(
      ctx, {"experiment.restore", "experiment", std::to_string(ref.experiment_id)},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Experiment> {
        TRACSEQ_TRY(const Experiment before, load(tx, ctx, ref.experiment_id));
        if (!before.deleted_at) return fail(errors::experiment_not_found(ref.experiment_id));
        name = before.name;
        TRACSEQ_CHECK(tx.execute(kSetDeleted, args(nullptr, ref.experiment_id)));
        TRACSEQ_CHECK(tx.execute(kRestoreRuns, args(now(), ref.experiment_id, *before.deleted_at)));
        TRACSEQ_TRY(Experiment after, load(tx, ctx, ref.experiment_id));
        record.after = to_document(after);
        record.publish("experiments", "restored");
        return after;
      });
  return named(std::move(restored), name);
}

Result<std::int64_t> Experiments::purge(const CallContext& ctx, Timestamp before, std::int64_t limit) {
  TRACSEQ_TRY(const auto ids, database_.read([&](sql::Session& session) {
    return session.query_all(kExpired, args(ctx.project_id, kDefaultExperiment, before, limit),
                             [](const sql::Row& row) { return row.integer(0); });
  }));
  std::int64_t purged = 0;
  for (const std::int64_t id : ids) {
    TRACSEQ_CHECK(ctx.check());
    bool kept = false;
    const auto gone = ledger_.change<ExperimentRef>(
        ctx, {"experiment.purge", "experiment", std::to_string(id)},
        [&](sql::Transaction& tx, audit::Record& record) -> Result<ExperimentRef> {
          auto found = load(tx, ctx, id);
          kept = !found && found.error().code == Code::not_found;
          if (!found) return tl::unexpected(std::move(found).error());
          TRACSEQ_TRY(const std::int64_t rows, tx.execute(kPurge, args(id, before)));
          kept = rows == 0;
          if (kept) return fail(Code::conflict, "the experiment is not to be purged any more");
          record.before = to_document(*found);
          record.publish("experiments", "purged");
          return ExperimentRef{id, {}};
        });
    if (!gone && !kept) return tl::unexpected(gone.error());
    if (gone) ++purged;
  }
  return purged;
}

}  // namespace tracseq::tracking
