// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "domain/data/quality_job.h"
#include "domain/data/reports.h"
#include "domain/data/schemas.h"
#include "domain/features/configs.h"
#include "domain/features/pipelines.h"
#include "storage/artifacts/catalog.h"
#include "storage/jobs/runner.h"
#include "storage/tables/table_engine.h"

namespace tracseq::features {

// The names of a run's artifacts and files.
inline constexpr const char* kTransformationFile = "transformation.json";
inline constexpr const char* kCsvFile = "features.csv";
inline constexpr const char* kParquetFile = "features.parquet";

// How long a run waits for a Python process that hosts a function it needs, before it fails; also where the
// process goes away while the function is queued.
inline constexpr std::chrono::seconds kHostWaitMax{60};

// Does the jobs of kind kPipelineJob in a worker process: check the file, load, assess, refuse what is too
// bad, preprocess, run Python functions in the processes that host them, fit, transform, write, keep the
// fitted transformation. Bears being run again after a crash at any point: outputs appear whole, in one
// rename, and the run's row is written last. Everything outlives it.
class PipelineJob final : public jobs::JobHandler {
 public:
  struct Services {
    data::Schemas& schemas;
    data::Reports& reports;
    FeatureConfigs& configs;
    PipelineRuns& runs;
    jobs::JobStore& jobs;
    artifacts::ArtifactCatalog& catalog;
  };
  // `work_root`: where runs have their folders; empty: the system's temporary folder. A run holds what the
  // limits give DuckDB, half as much for what the fit learns, and a few batches. `host_wait`: how long a
  // Python step waits for a living process that hosts its function.
  PipelineJob(Services services, std::string work_root, tables::EngineLimits limits,
              std::chrono::milliseconds host_wait = kHostWaitMax)
      : services_(services), work_root_(std::move(work_root)), limits_(limits), host_wait_(host_wait) {}
  Result<Json> run(const CallContext& ctx, const jobs::Job& job, jobs::JobReporter& reporter) override;

 private:
  Services services_;
  const std::string work_root_;
  const tables::EngineLimits limits_;
  const std::chrono::milliseconds host_wait_;
};

}  // namespace tracseq::features
