// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/context.h"
#include "base/function_ref.h"
#include "domain/audit/ledger.h"
#include "domain/registry/rules.h"
#include "domain/registry/types.h"
#include "storage/artifacts/catalog.h"
#include "storage/sql/database.h"

namespace tracseq::registry {

inline constexpr std::size_t kVersionDocumentBytesMax = 4UL << 20;
inline constexpr std::int64_t kVersionsListedMax = 1000;

// Finds the fitted transformation of a pipeline run, by the run's id (`not_found` if there is no such run)
// or, with an empty id, by the hash of its output. Nothing if no run made those data or it keeps no
// transformation.
using TransformationLookup = std::function<Result<std::optional<TransformationLink>>(
    sql::Session& session, const CallContext& ctx, const std::string& pipeline_run_id,
    const std::string& output_hash)>;

// Registered models and their versions: what they are, where their files lie, which one is in production.
// At most one version of a model is in production; whoever is promoted makes the former one step back in the
// same transaction. Version texts are unique per model, running numbers are never given twice, files never
// change. Lifecycle: built once in main; database, ledger and catalog outlive it. Thread-safe; each call is
// one transaction. Errors: `not_found` for an unknown model or version, `precondition_failed` for a refused
// transition (the message says which rule), `conflict` for other content under a taken version and for
// changes that met another one.
class Registry {
 public:
  Registry(sql::Database& database, audit::Ledger& ledger, artifacts::ArtifactCatalog& catalog,
           TransformationLookup transformations = {})
      : database_(database),
        ledger_(ledger),
        catalog_(catalog),
        transformations_(std::move(transformations)) {}

  // The same content under the same version again gives the version that is there. Status `production`
  // registers and promotes in one step.
  Result<ModelVersion> add(const CallContext& ctx, const RegisterVersion& request);

  Result<ModelVersion> get(const CallContext& ctx, const VersionRef& ref);
  // Newest first.
  Result<ModelVersionPage> list(const CallContext& ctx, const ListVersions& request);
  Result<Model> model(const CallContext& ctx, const ModelRef& ref);
  Result<ModelPage> models(const CallContext& ctx, const ListModels& request);
  // The production version of the model of that id if there is one, else the one promoted last of that model
  // type.
  Result<ModelVersion> production(const CallContext& ctx, const std::string& name);
  // What a model server follows.
  Result<ProductionModels> production_models(const CallContext& ctx);
  // One version as a model server would follow it, whatever its status: what a replica of it loads.
  Result<ProductionModel> served(const CallContext& ctx, const VersionRef& ref);
  // How versions came to their statuses, newest first.
  Result<TransitionPage> history(const CallContext& ctx, const ListTransitions& request);

  Result<ModelVersion> promote(const CallContext& ctx, const MoveVersion& request);
  // Status (by the same rules as `promote`) and description.
  Result<ModelVersion> update(const CallContext& ctx, const UpdateVersion& request);
  // Sets the counters to what was measured.
  Result<ModelVersion> record_performance(const CallContext& ctx, const Performance& request);
  // Brings back the version that was in production before the present one, or the one named if it ever was.
  // The error rate is not asked for: what is there now is worse. `precondition_failed` if there is none.
  Result<ModelVersion> rollback(const CallContext& ctx, const Rollback& request);
  // Not the production version. The version's text may be used again, its running number is not.
  Result<ModelVersion> remove(const CallContext& ctx, const VersionRef& ref);

 private:
  struct Move {
    ModelStatus to;
    Cause cause;
    std::string reason;
  };
  Result<ModelVersion> described(sql::Transaction& tx, const CallContext& ctx,
                                 const RegisterVersion& request);
  Result<void> attach_files(sql::Transaction& tx, const CallContext& ctx, const RegisterVersion& request,
                            ModelVersion& version);
  struct NewFile {
    std::string path;
    std::string type;
  };
  Result<std::string> keep(sql::Transaction& tx, const CallContext& ctx, const ModelVersion& version,
                           const std::string& artifact_id, const NewFile& file);
  Result<void> keep_files(sql::Transaction& tx, const CallContext& ctx, ModelVersion& version);
  Result<void> link_transformation(sql::Session& session, const CallContext& ctx, ModelVersion& version);
  Result<ModelVersion> find(sql::Session& session, const CallContext& ctx, const std::string& model_id,
                            const std::string& version);
  // The same, with the model's row held, so that nobody else changes its versions until the transaction ends.
  Result<ModelVersion> held(sql::Transaction& tx, const CallContext& ctx, const std::string& model_id,
                            const std::string& version);
  struct VersionChange {
    std::string action;
    std::string model_id;
    std::string version;
    std::optional<std::int64_t> expected_revision;
  };
  using ChangeVersion = FunctionRef<Result<void>(sql::Transaction&, audit::Record&, ModelVersion&)>;
  // A change of one version, held and of the revision expected, with its state before and after in the entry.
  Result<ModelVersion> change_version(const CallContext& ctx, const VersionChange& change,
                                      ChangeVersion apply);
  Result<Model> summary(sql::Session& session, const CallContext& ctx, const std::string& model_id);
  // Writes the new status, the step back of the former production version, and the history of both.
  Result<void> move(sql::Transaction& tx, const CallContext& ctx, audit::Record& record,
                    ModelVersion& version, const Move& how);
  Result<std::int64_t> former_production(sql::Session& session, const std::string& model_id,
                                         const std::optional<ModelVersion>& current);
  static Result<void> note_transition(sql::Transaction& tx, const CallContext& ctx,
                                      const ModelVersion& version, const std::string& from, const Move& how);

  sql::Database& database_;
  audit::Ledger& ledger_;
  artifacts::ArtifactCatalog& catalog_;
  const TransformationLookup transformations_;
};

// "<model_id>:<version>", how audit entries, events and register_model name a version.
std::string version_name(const ModelVersion& version);

}  // namespace tracseq::registry
