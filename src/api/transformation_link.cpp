// SPDX-License-Identifier: MIT
#include "api/transformation_link.h"

#include <fmt/core.h>

#include "domain/features/pipelines.h"

namespace tracseq::api {

using artifacts::ArtifactCatalog;
using features::PipelineRun;
using features::PipelineRuns;

Result<std::optional<registry::TransformationLink>> find_transformation(sql::Session& session,
                                                                        const CallContext& ctx,
                                                                        const std::string& pipeline_run_id,
                                                                        const std::string& output_hash) {
  const bool by_id = !pipeline_run_id.empty();
  TRACSEQ_TRY(const std::optional<PipelineRun> run,
              by_id ? PipelineRuns::find(session, ctx, pipeline_run_id)
                    : PipelineRuns::find_by_output(session, ctx, output_hash));
  if (by_id && !run)
    return fail(Error{Code::not_found,
                      fmt::format("there is no pipeline run '{}'", pipeline_run_id),
                      {},
                      "pipeline_run_id"});
  if (!run || !run->transformation_id) return std::optional<registry::TransformationLink>{};
  TRACSEQ_TRY(const artifacts::Artifact artifact, ArtifactCatalog::get(session, *run->transformation_id));
  return std::optional(
      registry::TransformationLink{run->run_id, artifact.artifact_id, artifact.digest, artifact.size_bytes});
}

}  // namespace tracseq::api
