// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/tracking/types.h"
#include "storage/sql/database.h"

namespace tracseq::tracking {

// Experiments: named groups of runs. Id 0, Default, always exists and cannot be changed.
// Lifecycle: built once over a database and a ledger that outlive it. Thread-safe; each call is one
// transaction.
class Experiments {
 public:
  Experiments(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // `conflict` if the name is taken.
  Result<Experiment> create(const CallContext& ctx, const CreateExperiment& request);
  // `not_found` for an unknown id; one in the trash is returned with deleted_at.
  Result<Experiment> get(const CallContext& ctx, const ExperimentRef& ref);
  // Newest first.
  Result<ExperimentPage> list(const CallContext& ctx, const ListExperiments& request);
  Result<Experiment> update(const CallContext& ctx, const UpdateExperiment& request);
  // Puts the experiment and its runs into the trash, from where `restore` brings back both. Repeating is
  // `not_found`.
  Result<Experiment> remove(const CallContext& ctx, const ExperimentRef& ref);
  // `conflict` if its name was given to another meanwhile.
  Result<Experiment> restore(const CallContext& ctx, const ExperimentRef& ref);
  // Removes for good what has been in the trash since before `before` and has no runs left there, at most
  // `limit` experiments; never Default. Returns how many.
  Result<std::int64_t> purge(const CallContext& ctx, Timestamp before, std::int64_t limit);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

// Runs: one training each, with parameters, tags, notes and metrics.
// Lifecycle and thread-safety as Experiments.
class Runs {
 public:
  Runs(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // `conflict` for an id that exists with other content, `not_found` for an unknown experiment or parent.
  Result<Run> start(const CallContext& ctx, const StartRun& request);
  Result<Run> get(const CallContext& ctx, const RunRef& ref);
  Result<RunPage> list(const CallContext& ctx, const ListRuns& request);
  // Changes what is given. A finished run takes no new status (`conflict`), but notes, tags and names.
  Result<Run> update(const CallContext& ctx, const UpdateRun& request);
  // Into the trash and back; both may be repeated.
  Result<Run> remove(const CallContext& ctx, const RunRef& ref);
  Result<Run> restore(const CallContext& ctx, const RunRef& ref);
  // Removes for good what has been in the trash since before `before`, at most `limit` runs; one that is
  // restored meanwhile stays. Returns how many. `also` runs in the transaction that removes a run: what
  // others keep of it goes with it.
  using AlsoPurge = std::function<Result<void>(sql::Transaction& tx, const std::string& run_id)>;
  Result<std::int64_t> purge(const CallContext& ctx, Timestamp before, std::int64_t limit,
                             const AlsoPurge& also = {});

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

// `not_found` unless the run exists in the caller's project and is not in the trash. Inside a transaction or
// snapshot.
Result<void> require_run(sql::Session& session, const CallContext& ctx, std::string_view run_id);

}  // namespace tracseq::tracking
