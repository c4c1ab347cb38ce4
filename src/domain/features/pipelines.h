// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/data/schemas.h"
#include "domain/features/configs.h"
#include "storage/artifacts/catalog.h"
#include "storage/jobs/store.h"
#include "storage/sql/database.h"

namespace tracseq::features {

inline constexpr const char* kPipelineJob = "data.pipeline";
inline constexpr std::int64_t kPipelineLogLinesShown = 1'000;

enum class PipelineStatus { pending, running, completed, failed };
TRACSEQ_DESCRIBE_ENUM(PipelineStatus, pending, running, completed, failed)

// One run of a pipeline over one file. A cancelled run is `failed` and says so.
struct PipelineRun {
  std::string run_id;
  std::string pipeline_id;
  std::string trigger_type = "manual";
  std::string input_data_path;  // as the caller named it
  std::string input_data_hash;  // SHA-256
  std::int64_t input_rows = 0;
  std::string schema_id;
  std::string feature_config_id;
  std::optional<std::string>
      output_data_path;  // on the worker's machine; empty where the outputs are artifacts
  std::optional<std::string> output_data_hash;  // SHA-256 of the CSV
  std::int64_t output_rows = 0;
  std::optional<std::string> quality_report_id;
  double data_quality_score = 0;
  std::vector<std::string> processing_steps;  // done, in order
  std::int64_t feature_count = 0;
  PipelineStatus status = PipelineStatus::pending;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> completed_at;
  double processing_time_seconds = 0;
  std::vector<std::string> processing_logs;  // of one run; empty in lists
  std::optional<std::string> error_message;
  Timestamp created_at;
  std::string created_by;
  std::string job_id;
  double progress = 0;                           // 0…1
  std::optional<std::string> transformation_id;  // artifact of the fitted transformation
};
TRACSEQ_DESCRIBE(PipelineRun,
                 (run_id, pipeline_id, trigger_type, input_data_path, input_data_hash, input_rows, schema_id,
                  feature_config_id, output_data_path, output_data_hash, output_rows, quality_report_id,
                  data_quality_score, processing_steps, feature_count, status, started_at, completed_at,
                  processing_time_seconds, processing_logs, error_message, created_at, created_by, job_id,
                  progress, transformation_id))

struct PipelineRunPage {
  std::vector<PipelineRun> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(PipelineRunPage, (items, next_page_token))

// What the worker has to know beyond the run's row. The caller of start() has resolved `path`.
struct PipelineSettings {
  std::string path;             // of this machine; below `data_root` where that is set
  std::string data_root;        // a folder that opening the path must not leave
  std::string expected_digest;  // SHA-256 of the content; empty: any
  std::string output_folder;    // outputs go to <output_folder>/<run_id>/; empty: into the artifact store
  double quality_threshold = 0.7;
  std::string name;  // what the caller calls the file; empty: its path
};
TRACSEQ_DESCRIBE(PipelineSettings, (path, data_root, expected_digest, output_folder, quality_threshold, name))

struct StartPipeline {
  std::string run_id;  // made when left out
  std::string pipeline_id;
  std::string input_data_path;  // as shown
  std::string schema_id;
  std::string feature_config_id;
  std::string trigger_type = "manual";
  PipelineSettings settings;
};

struct PipelineRef {
  std::string run_id;
};
TRACSEQ_DESCRIBE(PipelineRef, (run_id))
struct ListPipelines {
  std::string pipeline_id{};  // empty: all
  std::optional<PipelineStatus> status{};
  std::string output_data_hash{};  // empty: all
  std::int64_t limit = 100;
  std::string page_token{};
};
TRACSEQ_DESCRIBE(ListPipelines, (pipeline_id, status, output_data_hash, limit, page_token))

// Pipeline runs: started here, done by a worker (pipeline_job.h), kept here. Thread-safe; everything outlives
// it.
class PipelineRuns {
 public:
  PipelineRuns(sql::Database& database, audit::Ledger& ledger, jobs::JobStore& jobs, data::Schemas& schemas,
               FeatureConfigs& configs)
      : database_(database), ledger_(ledger), jobs_(jobs), schemas_(schemas), configs_(configs) {}

  // Enqueues the run and returns at once. `not_found` for an unknown schema or configuration.
  Result<PipelineRun> start(const CallContext& ctx, const StartPipeline& request);
  // With its newest log lines. A run whose job ended without it is `failed`, with the job's reason.
  Result<PipelineRun> get(const CallContext& ctx, const PipelineRef& ref);
  Result<PipelineRunPage> list(const CallContext& ctx, const ListPipelines& request);
  // Asks the worker to stop. A finished run is `conflict`.
  Result<PipelineRun> cancel(const CallContext& ctx, const PipelineRef& ref);
  Result<jobs::JobLogPage> logs(const CallContext& ctx, const std::string& run_id, std::int64_t after,
                                std::int64_t limit);
  // As stored. The run of that id, and the newest completed run with this output; or nothing.
  static Result<std::optional<PipelineRun>> find(sql::Session& session, const CallContext& ctx,
                                                 const std::string& run_id);
  static Result<std::optional<PipelineRun>> find_by_output(sql::Session& session, const CallContext& ctx,
                                                           const std::string& digest);

  // The worker's words. A run that has ended is left as it is. `also` runs in the same transaction.
  using Also = std::function<Result<void>(sql::Transaction&)>;
  Result<PipelineRun> update(const CallContext& ctx, const PipelineRun& run, const Also& also = {});

  // Told by the journal of the jobs, in the transaction in which a job ends: a run whose job failed, was
  // cancelled or lost ends with it. Other jobs are passed over.
  static Result<void> end_with_job(sql::Transaction& tx, const CallContext& ctx, const jobs::Job& job);

 private:
  Result<void> settle(PipelineRun& run);
  static void settle(PipelineRun& run, const jobs::Job& job);

  sql::Database& database_;
  audit::Ledger& ledger_;
  jobs::JobStore& jobs_;
  data::Schemas& schemas_;
  FeatureConfigs& configs_;
};

}  // namespace tracseq::features
