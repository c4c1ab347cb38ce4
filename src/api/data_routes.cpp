// SPDX-License-Identifier: MIT
#include "api/data_routes.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <filesystem>

#include "api/artifact_routes.h"
#include "domain/features/pipeline_job.h"
#include "storage/artifacts/file.h"
#include "storage/tables/file_source.h"

namespace tracseq::api {

TRACSEQ_DEFINE_TYPE(
    PostQualityReport, {.name = "report_id", .text = "Made when left out.", .length_max = 128},
    {.name = "schema_id", .required = true},
    {.name = "path", .text = "A file of the server's machine; needs --data-root.", .length_max = 4096},
    {.name = "upload_id", .text = "Content uploaded before.", .length_max = 128})
TRACSEQ_DEFINE_TYPE(
    PostPipelineRun, {.name = "run_id", .text = "Made when left out.", .length_max = 128},
    {.name = "pipeline_id", .required = true, .length_max = 256}, {.name = "schema_id", .required = true},
    {.name = "feature_config_id", .required = true}, {.name = "trigger_type", .length_max = 64},
    {.name = "input_data_path", .length_max = 4096},
    {.name = "path", .text = "A file of the server's machine; needs --data-root.", .length_max = 4096},
    {.name = "upload_id", .text = "Content uploaded before.", .length_max = 128},
    {.name = "output_folder", .text = "Only for programs that call in process.", .length_max = 4096},
    {.name = "quality_threshold", .text = "A run fails below this score.", .min = 0, .max = 1})
TRACSEQ_DEFINE_TYPE(CancelPipelineRun, {.name = "run_id", .required = true},
                    {.name = "reason", .text = "Why; kept in the audit trail.", .length_max = 1000})
TRACSEQ_DEFINE_TYPE(ListPipelineLogs, {.name = "run_id", .required = true},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(PipelineOutput, {.name = "run_id", .required = true},
                    {.name = "format", .text = "csv or parquet"})

namespace {

namespace fs = std::filesystem;
using artifacts::Artifact;
using artifacts::ArtifactCatalog;
using features::PipelineRun;
using features::PipelineStatus;

// The file a request means, as a path of this machine, and what to call it.
struct Input {
  std::string path;  // below `root` where there is one
  std::string name;
  std::string root;
  std::string digest;  // of an upload
};

class Handlers {
 public:
  explicit Handlers(DataServices services) : services_(std::move(services)) {}

  Result<data::QualityReport> assess(const CallContext& ctx, const PostQualityReport& in) const {
    TRACSEQ_TRY(const Input input, input_of(ctx, in.path, in.upload_id));
    return services_.reports.request(
        ctx, {in.report_id, in.schema_id, input.path, input.root, input.digest, input.name});
  }

  Result<PipelineRun> start(const CallContext& ctx, const PostPipelineRun& in) const {
    TRACSEQ_TRY(const Input input, input_of(ctx, in.path, in.upload_id));
    if (!in.output_folder.empty() && !is_embedded(ctx))
      return fail(Error{Code::forbidden,
                        "output_folder may be named only by programs that call in process",
                        {},
                        "output_folder"});
    if (!in.output_folder.empty() && !fs::path(in.output_folder).is_absolute())
      return fail_field("output_folder",
                        fmt::format("output_folder: '{}' must be an absolute path", in.output_folder));
    features::StartPipeline start;
    start.run_id = in.run_id;
    start.pipeline_id = in.pipeline_id;
    start.input_data_path = in.input_data_path.empty() ? input.name : in.input_data_path;
    start.schema_id = in.schema_id;
    start.feature_config_id = in.feature_config_id;
    start.trigger_type = in.trigger_type;
    start.settings.path = input.path;
    start.settings.data_root = input.root;
    start.settings.expected_digest = input.digest;
    start.settings.name = input.name;
    start.settings.output_folder = in.output_folder;
    if (in.quality_threshold) start.settings.quality_threshold = *in.quality_threshold;
    return services_.runs.start(ctx, start);
  }

  Result<PipelineRun> cancel(const CallContext& ctx, const CancelPipelineRun& in) const {
    CallContext copy = ctx;
    if (!in.reason.empty()) copy.reason = in.reason;
    return services_.runs.cancel(copy, {in.run_id});
  }

  Result<jobs::JobLogPage> logs(const CallContext& ctx, const ListPipelineLogs& in) const {
    std::int64_t after = 0;
    if (!in.page_token.empty() && !from_text(type_info<std::int64_t>(), "page_token", in.page_token, &after))
      return fail_field("page_token", "page_token: give the next_page_token of the page before");
    return services_.runs.logs(ctx, in.run_id, after, in.limit);
  }

  // The output table, from the artifact store or from the folder the run wrote it to.
  Result<Response> output(const CallContext& ctx, const PipelineOutput& in, Request& request) const {
    if (in.format != "csv" && in.format != "parquet")
      return fail_field("format",
                        fmt::format("format: '{}' is not known; allowed are csv, parquet", in.format));
    const bool csv = in.format == "csv";
    return file_of(ctx, in.run_id, csv ? features::kCsvFile : features::kParquetFile,
                   csv ? "text/csv" : "application/vnd.apache.parquet", request);
  }

  Result<Response> transformation(const CallContext& ctx, const features::PipelineRef& in,
                                  Request& request) const {
    return file_of(ctx, in.run_id, features::kTransformationFile, "application/json", request);
  }

 private:
  Result<Response> file_of(const CallContext& ctx, const std::string& run_id, const char* name,
                           const char* type, const Request& request) const {
    TRACSEQ_TRY(const PipelineRun run, services_.runs.get(ctx, {run_id}));
    if (run.status != PipelineStatus::completed)
      return fail(Code::conflict, fmt::format("the pipeline run '{}' is {}; it has no output", run_id,
                                              enum_name(run.status)));
    TRACSEQ_TRY(const std::optional<Artifact> artifact, services_.database.read([&](sql::Session& session) {
      return ArtifactCatalog::find(session, artifacts::OwnerType::pipeline_run, run_id, name);
    }));
    if (artifact) return artifact_content(services_.catalog, *artifact, request);
    if (!run.output_data_path)
      return fail(Code::not_found, fmt::format("the pipeline run '{}' has no {}", run_id, name));
    const fs::path path = fs::path(*run.output_data_path).parent_path() / name;
    auto file = tables::FileSource::open(path.string());
    if (!file)
      return fail(
          Code::not_found,
          fmt::format("the output of the pipeline run '{}' is no longer where it was written", run_id));
    std::error_code error;
    Response response;
    response.content_type = type;
    response.headers.emplace_back("content-disposition", fmt::format("attachment; filename=\"{}\"", name));
    response.headers.emplace_back("x-content-type-options", "nosniff");
    const auto bytes = fs::file_size(path, error);
    if (!error) response.stream_length = bytes;
    response.stream = std::make_unique<tables::FileSource>(std::move(*file));
    return response;
  }

  Result<Input> input_of(const CallContext& ctx, const std::string& path,
                         const std::string& upload_id) const {
    if (path.empty() == upload_id.empty())
      return fail_field("path", "path: name the input, either by path or by upload_id");
    if (!upload_id.empty()) return upload_of(ctx, upload_id);
    if (!is_embedded(ctx)) return below_root(path);
    if (!fs::path(path).is_absolute())
      return fail_field("path", fmt::format("path: '{}' must be an absolute path", path));
    return Input{path, path, {}, {}};
  }

  Result<Input> upload_of(const CallContext& ctx, const std::string& upload_id) const {
    TRACSEQ_TRY(const Artifact artifact, services_.database.read([&](sql::Session& session) {
      return artifact_of(session, ctx, upload_id);
    }));
    const auto path = services_.catalog.local_path(artifact);
    if (!path) return fail(Code::unsupported, "the upload does not lie on this machine, where pipelines run");
    return Input{*path, artifact.path, {}, artifact.digest};
  }

  // Paths of callers over HTTP: below --data-root, without links and without leaving it. The worker opens
  // the file in the same way, for what lies there may have changed by then.
  Result<Input> below_root(const std::string& path) const {
    if (services_.data_root.empty())
      return fail(Error{Code::forbidden,
                        "the server opens no files of its own: upload the file, or start the server "
                        "with --data-root",
                        {},
                        "path"});
    const fs::path root = fs::absolute(services_.data_root).lexically_normal();
    const fs::path given(path);
    const fs::path relative =
        given.is_absolute() ? given.lexically_normal().lexically_relative(root) : given.lexically_normal();
    if (relative.empty() || relative == "." || *relative.begin() == "..")
      return fail(Error{Code::forbidden,
                        fmt::format("'{}' does not lie below the server's data folder", path),
                        {},
                        "path"});
    const artifacts::FileHandle folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder.open())
      return fail(Code::unavailable, "the server's data folder cannot be opened", root.string());
    if (!artifacts::open_beneath(folder.get(), relative.string(), O_RDONLY | O_CLOEXEC))
      return fail(Error{Code::not_found,
                        fmt::format("there is no file '{}' below the server's data folder", path),
                        {},
                        "path"});
    return Input{relative.string(), path, root.string(), {}};
  }

  DataServices services_;
};

using enum Method;
using enum Effect;

std::vector<Route> schema_routes(const DataServices& s) {
  const std::string schemas = "/api/v1/schemas";
  return {
      route(
          post, schemas, "data:write", changes, "Store a schema: what a table must be",
          [&all = s.schemas](const CallContext& ctx, const data::Schema& in) { return all.create(ctx, in); },
          {.status = 201}),
      route(get, schemas, "data:read", reads, "List schemas, newest first",
            [&all = s.schemas](const CallContext& ctx, const data::ListSchemas& in) {
              return all.list(ctx, in);
            }),
      route(
          get, schemas + "/{schema_id}", "data:read", reads, "Get a schema",
          [&all = s.schemas](const CallContext& ctx, const data::SchemaRef& in) { return all.get(ctx, in); }),
  };
}

std::vector<Route> config_routes(const DataServices& s) {
  const std::string configs = "/api/v1/feature-configs";
  return {
      route(post, configs, "data:write", changes,
            "Store a feature configuration: how a table becomes features",
            [&all = s.configs](const CallContext& ctx, const features::FeatureConfig& in) {
              return all.create(ctx, in);
            },
            {.status = 201}),
      route(get, configs, "data:read", reads, "List feature configurations, newest first",
            [&all = s.configs](const CallContext& ctx, const features::ListConfigs& in) {
              return all.list(ctx, in);
            }),
      route(get, configs + "/{config_id}", "data:read", reads, "Get a feature configuration",
            [&all = s.configs](const CallContext& ctx, const features::ConfigRef& in) {
              return all.get(ctx, in);
            }),
  };
}

std::vector<Route> report_routes(const DataServices& s, const Handlers& handlers) {
  const std::string reports = "/api/v1/quality-reports";
  return {
      route(post, reports, "data:write", changes,
            "Have a table assessed; the report is pending until a worker has done it",
            [handlers](const CallContext& ctx, const PostQualityReport& in) {
              return handlers.assess(ctx, in);
            },
            {.status = 201}),
      route(get, reports, "data:read", reads, "List quality reports, newest first, without column statistics",
            [&all = s.reports](const CallContext& ctx, const data::ListReports& in) {
              return all.list(ctx, in);
            }),
      route(
          get, reports + "/{report_id}", "data:read", reads, "Get a quality report",
          [&all = s.reports](const CallContext& ctx, const data::ReportRef& in) { return all.get(ctx, in); }),
  };
}

std::vector<Route> pipeline_routes(const DataServices& s, const Handlers& handlers) {
  const std::string runs = "/api/v1/pipeline-runs";
  const std::string run = runs + "/{run_id}";
  return {
      route(post, runs, "data:write", changes, "Start a pipeline run over a file",
            [handlers](const CallContext& ctx, const PostPipelineRun& in) { return handlers.start(ctx, in); },
            {.status = 201}),
      route(get, runs, "data:read", reads, "List pipeline runs, newest first, without their logs",
            [&all = s.runs](const CallContext& ctx, const features::ListPipelines& in) {
              return all.list(ctx, in);
            }),
      route(get, run, "data:read", reads, "Get a pipeline run with its log lines",
            [&all = s.runs](const CallContext& ctx, const features::PipelineRef& in) {
              return all.get(ctx, in);
            }),
      route(post, run + "/cancel", "data:write", changes, "Cancel a pipeline run",
            [handlers](const CallContext& ctx, const CancelPipelineRun& in) {
              return handlers.cancel(ctx, in);
            }),
      route(
          get, run + "/logs", "data:read", reads, "Log lines of a pipeline run, in order",
          [handlers](const CallContext& ctx, const ListPipelineLogs& in) { return handlers.logs(ctx, in); }),
      stream_route(get, run + "/output", "data:read", reads, "The output table of a pipeline run",
                   "text/csv, application/vnd.apache.parquet",
                   [handlers](const CallContext& ctx, const PipelineOutput& in, Request& request) {
                     return handlers.output(ctx, in, request);
                   }),
      stream_route(get, run + "/transformation", "data:read", reads,
                   "The fitted transformation of a pipeline run", "application/json",
                   [handlers](const CallContext& ctx, const features::PipelineRef& in, Request& request) {
                     return handlers.transformation(ctx, in, request);
                   }),
  };
}

}  // namespace

std::vector<Route> data_routes(const DataServices& services) {
  const Handlers handlers(services);
  std::vector<Route> routes = schema_routes(services);
  for (auto& more :
       {config_routes(services), report_routes(services, handlers), pipeline_routes(services, handlers)})
    routes.insert(routes.end(), more.begin(), more.end());
  return routes;
}

}  // namespace tracseq::api
