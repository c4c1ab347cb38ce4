// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "base/json.h"

namespace tracseq::registry {

enum class ModelStatus { training, validating, staging, production, archived, failed };
TRACSEQ_DESCRIBE_ENUM(ModelStatus, training, validating, staging, production, archived, failed)

// What a file of a version is for: the object as it was trained, what the model server runs, the texts beside
// them.
enum class FileRole { original, onnx, config, requirements, extra };
TRACSEQ_DESCRIBE_ENUM(FileRole, original, onnx, config, requirements, extra)

struct ModelFile {
  std::string name;
  FileRole role = FileRole::extra;
  std::string artifact_id;
  std::string digest;
  std::int64_t size_bytes = 0;
  std::string content_type;
  std::optional<std::string> local_path;  // told to programs on the same machine, never stored
};
TRACSEQ_DESCRIBE(ModelFile, (name, role, artifact_id, digest, size_bytes, content_type, local_path))

// The fitted transformation whose output the model was trained on.
struct TransformationLink {
  std::string pipeline_run_id;
  std::string artifact_id;
  std::string digest;
  std::int64_t size_bytes = 0;
};
TRACSEQ_DESCRIBE(TransformationLink, (pipeline_run_id, artifact_id, digest, size_bytes))

// One registered version. The first block is the guide's ModelMetadata, the second ours.
struct ModelVersion {
  std::string model_id;
  std::string version;
  std::string name;
  std::string description;
  std::string model_type;
  std::string framework;
  double accuracy = 0;
  double precision = 0;
  double recall = 0;
  double f1_score = 0;
  double confidence_score = 0;
  std::string training_data_hash;
  double training_duration_seconds = 0;
  Json hyperparameters;
  std::vector<std::string> feature_columns;
  ModelStatus status = ModelStatus::staging;
  Timestamp created_at;
  Timestamp updated_at;
  std::string created_by;
  std::int64_t prediction_count = 0;
  double average_inference_time_ms = 0;
  double error_rate = 0;
  double traffic_percentage = 0;
  std::optional<std::string> ab_test_id;

  std::int64_t version_number = 0;  // 1, 2, … per model, never given twice
  std::int64_t revision = 1;        // counts the changes of this row
  std::optional<std::string> run_id;
  std::optional<std::string> pipeline_run_id;
  Json config;
  std::vector<std::string> requirements;
  Json signature;  // inputs and outputs, as the converter saw them
  bool servable = false;
  std::string not_servable_reason;
  std::vector<std::string> warnings;
  std::vector<ModelFile> files;
  std::optional<TransformationLink> transformation;
};
TRACSEQ_DESCRIBE(ModelVersion,
                 (model_id, version, name, description, model_type, framework, accuracy, precision, recall,
                  f1_score, confidence_score, training_data_hash, training_duration_seconds, hyperparameters,
                  feature_columns, status, created_at, updated_at, created_by, prediction_count,
                  average_inference_time_ms, error_rate, traffic_percentage, ab_test_id, version_number,
                  revision, run_id, pipeline_run_id, config, requirements, signature, servable,
                  not_servable_reason, warnings, files, transformation))

// A file to register: content that is an artifact already (an upload, or a file of a run).
struct RegisterFile {
  std::string name;
  FileRole role = FileRole::extra;
  std::string artifact_id;
};
TRACSEQ_DESCRIBE(RegisterFile, (name, role, artifact_id))

struct RegisterVersion {
  std::string model_id;
  std::string version;  // empty: the next semantic version
  std::string name;
  std::string description;
  std::string model_type;
  std::string framework;
  double accuracy = 0;
  double precision = 0;
  double recall = 0;
  double f1_score = 0;
  double confidence_score = 0;
  std::string training_data_hash;
  double training_duration_seconds = 0;
  Json hyperparameters;
  std::vector<std::string> feature_columns;
  ModelStatus status = ModelStatus::staging;
  std::string created_by;
  std::int64_t prediction_count = 0;
  double average_inference_time_ms = 0;
  double error_rate = 0;
  double traffic_percentage = 0;
  std::optional<std::string> ab_test_id;
  std::optional<std::string> run_id;
  std::optional<std::string> pipeline_run_id;
  Json config;
  std::vector<std::string> requirements;
  Json signature;
  std::string not_servable_reason;
  std::vector<std::string> warnings;
  std::vector<RegisterFile> files;
};
TRACSEQ_DESCRIBE(RegisterVersion,
                 (model_id, version, name, description, model_type, framework, accuracy, precision, recall,
                  f1_score, confidence_score, training_data_hash, training_duration_seconds, hyperparameters,
                  feature_columns, status, created_by, prediction_count, average_inference_time_ms,
                  error_rate, traffic_percentage, ab_test_id, run_id, pipeline_run_id, config, requirements,
                  signature, not_servable_reason, warnings, files))

// Version left out or empty: the newest.
struct VersionRef {
  std::string model_id;
  std::string version;
};
TRACSEQ_DESCRIBE(VersionRef, (model_id, version))

struct MoveVersion {
  std::string model_id;
  std::string version;
  ModelStatus to_status = ModelStatus::production;
  std::string reason;
  std::optional<std::int64_t> expected_revision;  // `conflict` if the version has changed since
};
TRACSEQ_DESCRIBE(MoveVersion, (model_id, version, to_status, reason, expected_revision))

struct UpdateVersion {
  std::string model_id;
  std::string version;
  std::optional<ModelStatus> status;
  std::optional<std::string> description;
  std::string reason;
  std::optional<std::int64_t> expected_revision;
};
TRACSEQ_DESCRIBE(UpdateVersion, (model_id, version, status, description, reason, expected_revision))

struct Performance {
  std::string model_id;
  std::string version;
  std::int64_t prediction_count = 0;
  double inference_time_ms = 0;
  double error_rate = 0;
};
TRACSEQ_DESCRIBE(Performance, (model_id, version, prediction_count, inference_time_ms, error_rate))

struct Rollback {
  std::string model_id;
  std::string to_version;  // empty: the version in production before
  std::string reason;
};
TRACSEQ_DESCRIBE(Rollback, (model_id, to_version, reason))

struct ListVersions {
  std::string model_id;  // empty: of all models
  std::string model_type;
  std::optional<ModelStatus> status;
  std::int64_t limit = 50;
  std::string page_token;
  std::string run_id{};  // empty: of any run or none; else those made from this run
};
TRACSEQ_DESCRIBE(ListVersions, (model_id, model_type, status, limit, page_token, run_id))

struct ModelVersionPage {
  std::vector<ModelVersion> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(ModelVersionPage, (items, next_page_token))

// A model as its newest version describes it.
struct Model {
  std::string model_id;
  std::string name;
  std::string description;
  std::string model_type;
  std::string framework;
  std::string latest_version;
  std::optional<std::string> production_version;
  std::int64_t version_count = 0;
  Timestamp created_at;
  Timestamp updated_at;
};
TRACSEQ_DESCRIBE(Model, (model_id, name, description, model_type, framework, latest_version,
                         production_version, version_count, created_at, updated_at))

struct ListModels {
  std::int64_t limit = 50;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListModels, (limit, page_token))

struct ModelRef {
  std::string model_id;
};
TRACSEQ_DESCRIBE(ModelRef, (model_id))

struct ModelPage {
  std::vector<Model> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(ModelPage, (items, next_page_token))

// How a version came to its status. `promote` and `rollback` bring it there; `step_back` is the former
// production version making room.
enum class Cause { registered, promote, update, step_back, rollback, deleted };
TRACSEQ_DESCRIBE_ENUM(Cause, registered, promote, update, step_back, rollback, deleted)

struct Transition {
  std::int64_t transition_id = 0;
  std::string model_id;
  std::string version;
  std::int64_t version_number = 0;
  Cause cause = Cause::registered;
  std::string from_status;  // empty: it was new
  std::string to_status;    // empty: it is gone
  std::string reason;
  std::string actor;
  Timestamp time;
};
TRACSEQ_DESCRIBE(Transition, (transition_id, model_id, version, version_number, cause, from_status, to_status,
                              reason, actor, time))

struct ListTransitions {
  std::string model_id;
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListTransitions, (model_id, limit, page_token))

struct TransitionPage {
  std::vector<Transition> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(TransitionPage, (items, next_page_token))

// What a model server needs of a file.
struct ServedFile {
  std::string artifact_id;
  std::string digest;
  std::int64_t size_bytes = 0;
};
TRACSEQ_DESCRIBE(ServedFile, (artifact_id, digest, size_bytes))

// A production version as a model server follows it.
struct ProductionModel {
  std::string model_id;
  std::string version;
  std::int64_t version_number = 0;
  std::string format;  // "onnx"; empty where there is nothing to serve
  std::optional<ServedFile> artefact;
  std::optional<ServedFile> transformation;
  std::vector<std::string> feature_columns;
  Json signature;
  std::string not_servable_reason;
};
TRACSEQ_DESCRIBE(ProductionModel, (model_id, version, version_number, format, artefact, transformation,
                                   feature_columns, signature, not_servable_reason))

struct ProductionModels {
  std::int64_t change = 0;  // grows with every change of what is in production
  std::vector<ProductionModel> items;
};
TRACSEQ_DESCRIBE(ProductionModels, (change, items))

}  // namespace tracseq::registry
