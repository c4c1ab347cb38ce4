// SPDX-License-Identifier: MIT
#include "domain/registry/types.h"

namespace tracseq::registry {
namespace {

constexpr std::size_t kNameMax = 250;
constexpr std::size_t kTextMax = 64UL << 10;
constexpr std::size_t kColumnsMax = 100'000;
constexpr std::size_t kFilesMax = 100;

}  // namespace

TRACSEQ_DEFINE_ENUM(ModelStatus)
TRACSEQ_DEFINE_ENUM(FileRole)
TRACSEQ_DEFINE_ENUM(Cause)
TRACSEQ_DEFINE_TYPE(ModelFile,
                    {.name = "local_path", .text = "the file, told to programs on the same machine"})
TRACSEQ_DEFINE_TYPE(TransformationLink)
TRACSEQ_DEFINE_TYPE(ModelVersion,
                    {.name = "version", .text = "semantic version, or any text its owner chose"},
                    {.name = "version_number", .text = "counts the model's versions"},
                    {.name = "revision", .text = "counts the changes of this version"},
                    {.name = "prediction_count",
                     .text = "as reported through /performance; the prediction log counts by itself"},
                    {.name = "average_inference_time_ms", .text = "as reported through /performance"},
                    {.name = "error_rate", .text = "as reported through /performance"},
                    {.name = "not_servable_reason", .text = "why the model server cannot run it"})
TRACSEQ_DEFINE_TYPE(RegisterFile, {.name = "name", .required = true},
                    {.name = "artifact_id", .required = true})
TRACSEQ_DEFINE_TYPE(RegisterVersion,
                    {.name = "model_id", .required = true, .length_max = kNameMax, .length_min = 1},
                    {.name = "version", .text = "empty: the next semantic version", .length_max = 100},
                    {.name = "name", .length_max = kTextMax}, {.name = "description", .length_max = kTextMax},
                    {.name = "model_type", .length_max = kNameMax},
                    {.name = "framework", .length_max = kNameMax},
                    {.name = "training_data_hash", .length_max = kNameMax},
                    {.name = "feature_columns", .length_max = kColumnsMax},
                    {.name = "created_by", .length_max = kNameMax}, {.name = "prediction_count", .min = 0},
                    {.name = "requirements", .length_max = 10'000},
                    {.name = "not_servable_reason",
                     .text = "why what is registered cannot be served",
                     .length_max = kTextMax},
                    {.name = "warnings", .length_max = 1000}, {.name = "files", .length_max = kFilesMax})
TRACSEQ_DEFINE_TYPE(VersionRef, {.name = "model_id", .required = true},
                    {.name = "version", .text = "empty: the newest"})
TRACSEQ_DEFINE_TYPE(MoveVersion, {.name = "model_id", .required = true},
                    {.name = "version", .required = true}, {.name = "to_status", .required = true},
                    {.name = "reason", .length_max = kTextMax})
TRACSEQ_DEFINE_TYPE(UpdateVersion, {.name = "model_id", .required = true},
                    {.name = "version", .required = true}, {.name = "description", .length_max = kTextMax},
                    {.name = "reason", .length_max = kTextMax})
TRACSEQ_DEFINE_TYPE(
    Performance, {.name = "model_id", .required = true}, {.name = "version", .required = true},
    {.name = "prediction_count", .required = true, .min = 0},
    {.name = "inference_time_ms", .text = "mean, milliseconds", .required = true, .min = 0},
    {.name = "error_rate", .text = "share of failed predictions", .required = true, .min = 0, .max = 1})
TRACSEQ_DEFINE_TYPE(Rollback, {.name = "model_id", .required = true},
                    {.name = "to_version", .text = "empty: the version in production before"},
                    {.name = "reason", .length_max = kTextMax})
TRACSEQ_DEFINE_TYPE(ListVersions, {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(ModelVersionPage)
TRACSEQ_DEFINE_TYPE(Model)
TRACSEQ_DEFINE_TYPE(ListModels, {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(ModelRef, {.name = "model_id", .required = true})
TRACSEQ_DEFINE_TYPE(ModelPage)
TRACSEQ_DEFINE_TYPE(Transition)
TRACSEQ_DEFINE_TYPE(ListTransitions, {.name = "model_id", .required = true},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(TransitionPage)
TRACSEQ_DEFINE_TYPE(ServedFile)
TRACSEQ_DEFINE_TYPE(ProductionModel, {.name = "format", .text = "how it is run; empty: not at all"})
TRACSEQ_DEFINE_TYPE(ProductionModels,
                    {.name = "change", .text = "grows with every change of what is in production"})

}  // namespace tracseq::registry
