// SPDX-License-Identifier: MIT
// Registering versions.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "domain/registry/registry.h"
#include "domain/registry/rows.h"
#include "domain/tracking/tracking.h"
#include "storage/artifacts/path.h"

namespace tracseq::registry {
namespace {

constexpr const char* kLinkedFolder = "_linked/";
constexpr const char* kNoArtefact = "no artefact that the model server can run was registered with it";

// Files belong to the running number: it is never given twice, a version's text may be.
std::string file_owner(const ModelVersion& version) {
  return fmt::format("{}/{}", version.model_id, version.version_number);
}

Result<void> check_request(const RegisterVersion& request) {
  TRACSEQ_CHECK(check_model_id(request.model_id));
  if (!request.version.empty()) TRACSEQ_CHECK(check_version(request.version));
  if (request.error_rate < 0 || request.error_rate > 1)
    return fail_field("error_rate", fmt::format("error_rate is {}; allowed is 0 to 1", request.error_rate));
  for (const auto& [field, document] :
       {std::pair{"hyperparameters", &request.hyperparameters}, std::pair{"config", &request.config},
        std::pair{"signature", &request.signature}})
    if (!document->is_null() && !document->is_object())
      return fail_field(field, fmt::format("{} must be a JSON object", field));
  std::set<std::string> names;
  std::set<FileRole> roles;
  for (const RegisterFile& file : request.files) {
    TRACSEQ_CHECK(artifacts::check_artifact_path("files.name", file.name));
    if (file.name.starts_with(kLinkedFolder))
      return fail_field("files.name",
                        fmt::format("'{}' begins with the reserved '{}'", file.name, kLinkedFolder));
    if (!names.insert(file.name).second)
      return fail_field("files.name", fmt::format("two files are named '{}'", file.name));
    if (file.role != FileRole::extra && !roles.insert(file.role).second)
      return fail_field("files.role", fmt::format("two files have the role {}", enum_name(file.role)));
  }
  return {};
}

ModelVersion filled(const CallContext& ctx, const RegisterVersion& request) {
  ModelVersion version;
  version.model_id = request.model_id;
  version.version = request.version;
  version.name = request.name.empty() ? request.model_id : request.name;
  version.description = request.description;
  version.model_type = request.model_type;
  version.framework = request.framework;
  version.accuracy = request.accuracy;
  version.precision = request.precision;
  version.recall = request.recall;
  version.f1_score = request.f1_score;
  version.confidence_score = request.confidence_score;
  version.training_data_hash = request.training_data_hash;
  version.training_duration_seconds = request.training_duration_seconds;
  version.hyperparameters = request.hyperparameters;
  version.feature_columns = request.feature_columns;
  version.status = request.status == ModelStatus::production ? ModelStatus::staging : request.status;
  version.created_by = request.created_by.empty() ? ctx.actor.id : request.created_by;
  version.prediction_count = request.prediction_count;
  version.average_inference_time_ms = request.average_inference_time_ms;
  version.error_rate = request.error_rate;
  version.traffic_percentage = request.traffic_percentage;
  version.ab_test_id = request.ab_test_id;
  version.run_id = request.run_id;
  version.pipeline_run_id = request.pipeline_run_id;
  version.config = request.config;
  version.requirements = request.requirements;
  version.signature = request.signature;
  version.warnings = request.warnings;
  version.not_servable_reason = request.not_servable_reason;
  version.created_at = version.updated_at = now();
  return version;
}

void judge_servable(ModelVersion& version) {
  const bool runnable = std::any_of(version.files.begin(), version.files.end(),
                                    [](const ModelFile& file) { return file.role == FileRole::onnx; });
  if (!runnable && version.not_servable_reason.empty()) version.not_servable_reason = kNoArtefact;
  version.servable = version.not_servable_reason.empty();
}

Json registered_content(const ModelVersion& version) {
  Json document = Json::object();
  document.set("model_id", version.model_id);
  document.set("version", version.version);
  document.set("version_number", version.version_number);
  document.set("status", enum_name(version.status));
  document.set("content", content_digest(version));
  document.set("servable", version.servable);
  return document;
}

}  // namespace

// The artifacts the request names, as the version's files; nothing is written yet.
Result<void> Registry::attach_files(sql::Transaction& tx, const CallContext& ctx,
                                    const RegisterVersion& request, ModelVersion& version) {
  for (const RegisterFile& file : request.files) {
    TRACSEQ_TRY(const artifacts::Artifact artifact, artifacts::ArtifactCatalog::get(tx, file.artifact_id));
    if (artifact.project_id != ctx.project_id || artifact.deleted_at)
      return fail(Code::not_found, fmt::format("there is no artifact '{}'", file.artifact_id));
    version.files.push_back({file.name,
                             file.role,
                             file.artifact_id,
                             artifact.digest,
                             artifact.size_bytes,
                             artifacts::safe_content_type(file.name),
                             {}});
  }
  return {};
}

// Makes the version an owner of a content that is an artifact already. Returns the version's own artifact.
Result<std::string> Registry::keep(sql::Transaction& tx, const CallContext& ctx, const ModelVersion& version,
                                   const std::string& artifact_id, const NewFile& file) {
  TRACSEQ_TRY(const artifacts::Artifact given, artifacts::ArtifactCatalog::get(tx, artifact_id));
  // A path another program may write to cannot be what was registered.
  if (given.layout != artifacts::Layout::blob)
    return fail(Code::unsupported,
                fmt::format("'{}' lies where other programs write; upload it to register it", file.path));
  artifacts::NewArtifact artifact;
  artifact.owner_type = artifacts::OwnerType::model_version;
  artifact.owner_id = file_owner(version);
  artifact.path = file.path;
  artifact.artifact_type = file.type;
  TRACSEQ_TRY(const artifacts::Artifact kept,
              catalog_.commit(tx, ctx, artifact, artifacts::ArtifactCatalog::content_of(given)));
  return kept.artifact_id;
}

Result<void> Registry::keep_files(sql::Transaction& tx, const CallContext& ctx, ModelVersion& version) {
  for (ModelFile& file : version.files) {
    const NewFile kept{file.name, std::string(enum_name(file.role))};
    TRACSEQ_TRY(file.artifact_id, keep(tx, ctx, version, file.artifact_id, kept));
  }
  if (!version.transformation) return {};
  // It stays with the version, whatever becomes of the pipeline run.
  const NewFile linked{std::string(kLinkedFolder) + "transformation", "transformation"};
  TRACSEQ_TRY(version.transformation->artifact_id,
              keep(tx, ctx, version, version.transformation->artifact_id, linked));
  return {};
}

Result<void> Registry::link_transformation(sql::Session& session, const CallContext& ctx,
                                           ModelVersion& version) {
  if (!transformations_) return {};
  const std::string named = version.pipeline_run_id.value_or("");
  if (named.empty() && version.training_data_hash.empty()) return {};
  TRACSEQ_TRY(version.transformation, transformations_(session, ctx, named, version.training_data_hash));
  if (version.transformation) version.pipeline_run_id = version.transformation->pipeline_run_id;
  return {};
}

Result<ModelVersion> Registry::described(sql::Transaction& tx, const CallContext& ctx,
                                         const RegisterVersion& request) {
  ModelVersion version = filled(ctx, request);
  TRACSEQ_CHECK(attach_files(tx, ctx, request, version));
  judge_servable(version);
  if (version.run_id) {
    // A run of another project is as unknown as one that never was; one in the trash may still be named.
    TRACSEQ_CHECK(tracking::require_run(tx, ctx, *version.run_id));
  }
  TRACSEQ_CHECK(link_transformation(tx, ctx, version));
  return version;
}

Result<ModelVersion> Registry::add(const CallContext& ctx, const RegisterVersion& request) {
  TRACSEQ_CHECK(check_request(request));
  return ledger_.change<ModelVersion>(
      ctx, {"model.register", "model_version", {}},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<ModelVersion> {
        TRACSEQ_CHECK(rows::hold_model(tx, ctx, request.model_id, now()));
        TRACSEQ_TRY(ModelVersion version, described(tx, ctx, request));
        const std::string content = content_digest(version);
        if (!version.version.empty()) {
          TRACSEQ_TRY(const auto earlier, rows::version(tx, ctx, version.model_id, version.version));
          if (earlier) {
            TRACSEQ_TRY(const std::string registered, rows::content_digest(tx, *earlier));
            if (registered != content)
              return fail(Error{Code::conflict,
                                fmt::format("version '{}' of model '{}' is registered with other content",
                                            version.version, version.model_id),
                                {},
                                "version"});
            record.object_id = version_name(*earlier);
            record.before = record.after = registered_content(*earlier);
            return *earlier;
          }
        } else {
          TRACSEQ_TRY(const auto texts, rows::version_texts(tx, version.model_id));
          version.version = next_version(texts);
        }
        TRACSEQ_TRY(version.version_number, rows::next_number(tx, version.model_id));
        TRACSEQ_CHECK(keep_files(tx, ctx, version));
        if (to_json(version).size() > kVersionDocumentBytesMax)
          return fail(Code::too_large, fmt::format("what is said of the version is larger than {} bytes",
                                                   kVersionDocumentBytesMax));
        TRACSEQ_CHECK(rows::insert(tx, ctx, version, content));
        const Move registered{version.status, Cause::registered, ctx.reason};
        TRACSEQ_CHECK(note_transition(tx, ctx, version, {}, registered));
        if (request.status == ModelStatus::production) {
          TRACSEQ_CHECK(check_move(version, ModelStatus::production));
          TRACSEQ_CHECK(
              move(tx, ctx, record, version, {ModelStatus::production, Cause::promote, ctx.reason}));
        }
        record.object_id = version_name(version);
        record.before = {};
        record.after = registered_content(version);
        Json data = Json::object();
        data.set("model_id", version.model_id).set("version", version.version);
        record.publish("models", "registered", std::move(data));
        return version;
      });
}

}  // namespace tracseq::registry
