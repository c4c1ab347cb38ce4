// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/route.h"
#include "domain/data/reports.h"
#include "domain/data/schemas.h"
#include "domain/features/configs.h"
#include "domain/features/pipelines.h"
#include "storage/artifacts/catalog.h"

namespace tracseq::api {

// The input file is either an upload or a file of this machine: any for programs that call in process, one
// below the server's --data-root for callers over HTTP.
struct PostQualityReport {
  std::string report_id;
  std::string schema_id;
  std::string path;
  std::string upload_id;
};
TRACSEQ_DESCRIBE(PostQualityReport, (report_id, schema_id, path, upload_id))

struct PostPipelineRun {
  std::string run_id;
  std::string pipeline_id;
  std::string schema_id;
  std::string feature_config_id;
  std::string trigger_type = "manual";
  std::string input_data_path;  // as shown; left out: the path or the upload's name
  std::string path;
  std::string upload_id;
  std::string output_folder;  // of this machine; only for programs that call in process
  std::optional<double> quality_threshold;
};
TRACSEQ_DESCRIBE(PostPipelineRun, (run_id, pipeline_id, schema_id, feature_config_id, trigger_type,
                                   input_data_path, path, upload_id, output_folder, quality_threshold))

struct CancelPipelineRun {
  std::string run_id;
  std::string reason;
};
TRACSEQ_DESCRIBE(CancelPipelineRun, (run_id, reason))

struct ListPipelineLogs {
  std::string run_id;
  std::int64_t limit = 1000;
  std::string page_token;  // lines behind the one of this number
};
TRACSEQ_DESCRIBE(ListPipelineLogs, (run_id, limit, page_token))

struct PipelineOutput {
  std::string run_id;
  std::string format = "csv";  // or parquet
};
TRACSEQ_DESCRIBE(PipelineOutput, (run_id, format))

struct DataServices {
  sql::Database& database;
  artifacts::ArtifactCatalog& catalog;
  data::Schemas& schemas;
  data::Reports& reports;
  features::FeatureConfigs& configs;
  features::PipelineRuns& runs;
  std::string data_root;  // empty: callers over HTTP name no files
};

// Schemas, quality reports, feature configurations, pipeline runs. The services outlive the routes.
std::vector<Route> data_routes(const DataServices& services);

}  // namespace tracseq::api
