// SPDX-License-Identifier: MIT
// tracseq data …
#include <fmt/core.h>

#include "cli/connect.h"
#include "cli/files.h"
#include "cli/follow.h"
#include "cli/process.h"
#include "cli/resource.h"

namespace tracseq::cli {
namespace {

using api::Method;

constexpr auto kDownloadMax = std::chrono::hours{4};
const std::string kSchemas = "/api/v1/schemas";
const std::string kConfigs = "/api/v1/feature-configs";
const std::string kReports = "/api/v1/quality-reports";
const std::string kRuns = "/api/v1/pipeline-runs";

Result<std::string> text_in(const std::string& body, std::string_view name) {
  TRACSEQ_TRY(const Json object, parse_json(body, "the answer"));
  const Json* value = object.find(name);
  if (value == nullptr || value->as_string() == nullptr)
    return fail(Code::internal, fmt::format("the answer has no {}", name));
  return *value->as_string();
}

// Stores what a JSON file describes.
Result<void> create_from_file(const Invocation& in, const std::string& resource) {
  TRACSEQ_TRY(const std::string body, read_text(in.words[0]));
  TRACSEQ_TRY(const Json document, parse_json(body, in.words[0]));
  if (!document.is_object())
    return fail(Code::invalid, fmt::format("'{}' must hold a JSON object", in.words[0]));
  return show_one(in, Method::post, resource, body);
}

// Starts work on a file and, unless told not to, follows it to its end and shows what came of it.
Result<void> start_work(const Invocation& in, const std::string& resource, const std::string& id_name,
                        Json body, bool cancels_by_job) {
  block_signals();
  TRACSEQ_TRY(const auto connection, Connection::open(in));
  if (in.has("detach") && connection->embedded() != nullptr)
    say(in, "nothing works on this database by itself: `tracseq worker` does, or a server");
  TRACSEQ_CHECK(set_input(*connection, in.words[0], body));
  TRACSEQ_TRY(const std::string made, connection->call(Method::post, resource, dump_json(body)));
  TRACSEQ_TRY(const std::string id, text_in(made, id_name));
  const std::string one = resource + "/" + encode(id);
  if (in.has("detach")) {
    print_object(in, made);
    return {};
  }
  say(in, fmt::format("{} has begun; Ctrl-C cancels it", id));
  TRACSEQ_TRY(const std::string job, text_in(made, "job_id"));
  auto followed = follow_job(in, *connection, job,
                             cancels_by_job ? "/api/v1/jobs/" + encode(job) + "/cancel" : one + "/cancel");
  if (!followed && followed.error().code == Code::cancelled) return followed;
  TRACSEQ_TRY(const std::string ended, connection->call(Method::get, one));
  print_object(in, ended);
  return followed;
}

Result<void> assess(const Invocation& in) {
  return start_work(in, kReports, "report_id", Json::object().set("schema_id", in.get("schema")), true);
}

Result<void> start_run(const Invocation& in) {
  Json body = Json::object()
                  .set("pipeline_id", in.get("pipeline"))
                  .set("schema_id", in.get("schema"))
                  .set("feature_config_id", in.get("features"))
                  .set("input_data_path", in.words[0]);
  if (in.has("quality-threshold")) {
    double threshold = 0;
    TRACSEQ_CHECK(
        from_text(type_info<double>(), "quality-threshold", in.get("quality-threshold"), &threshold));
    body.set("quality_threshold", threshold);
  }
  return start_work(in, kRuns, "run_id", std::move(body), false);
}

// Follows a pipeline run to its end; fails if the run does. Ctrl-C stops the watching, not the run.
Result<void> watch(const Invocation& in) {
  block_signals();
  TRACSEQ_TRY(const auto connection, Connection::open(in, Connection::Missing::refuse));
  const std::string one = kRuns + "/" + encode(in.words[0]);
  TRACSEQ_TRY(const std::string begun, connection->call(Method::get, one));
  TRACSEQ_TRY(const std::string job, text_in(begun, "job_id"));
  auto followed = follow_job(in, *connection, job, {});
  if (!followed && followed.error().code == Code::cancelled) return followed;
  TRACSEQ_TRY(const std::string ended, connection->call(Method::get, one));
  print_object(in, ended);
  return followed;
}

Result<void> list_schemas(const Invocation& in) {
  return show_list(
      in, kSchemas + page_query(in),
      {{"SCHEMA", "schema_id"}, {"NAME", "name"}, {"VERSION", "version"}, {"CREATED", "created_at"}},
      "no schemas; `tracseq data create-schema FILE` makes one");
}

Result<void> list_configs(const Invocation& in) {
  return show_list(in, kConfigs + page_query(in),
                   {{"CONFIG", "config_id"},
                    {"NAME", "name"},
                    {"SCALING", "scaling_method"},
                    {"ENCODING", "encoding_method"},
                    {"CREATED", "created_at"}},
                   "no feature configurations; `tracseq data create-features FILE` makes one");
}

Result<void> list_reports(const Invocation& in) {
  return show_list(in, kReports + page_query(in),
                   {{"REPORT", "report_id"},
                    {"SCHEMA", "schema_id"},
                    {"STATUS", "status"},
                    {"ROWS", "total_rows"},
                    {"SCORE", "quality_score"},
                    {"CREATED", "created_at"}},
                   "no quality reports; `tracseq data assess FILE --schema ID` makes one");
}

Result<void> list_runs(const Invocation& in) {
  return show_list(
      in, kRuns + page_query(in, {{"status", in.get("status")}, {"pipeline_id", in.get("pipeline")}}),
      {{"RUN", "run_id"},
       {"PIPELINE", "pipeline_id"},
       {"STATUS", "status"},
       {"ROWS IN", "input_rows"},
       {"ROWS OUT", "output_rows"},
       {"FEATURES", "feature_count"},
       {"CREATED", "created_at"}},
      "no pipeline runs");
}

// The table a run made, as a file.
Result<void> fetch_output(const Invocation& in) {
  TRACSEQ_TRY(const auto connection, Connection::open(in, Connection::Missing::refuse));
  TRACSEQ_TRY(api::Request request,
              api::make_request(Method::get, kRuns + "/" + encode(in.words[0]) + "/output" +
                                                 query_of({{"format", in.get("format")}})));
  TRACSEQ_TRY(api::Response response, connection->client().send(std::move(request), kDownloadMax));
  if (response.status >= 300) return fail(api::error_of(response.status, response.body));
  TRACSEQ_TRY(const std::uint64_t bytes, write_answer(response, in.get("output")));
  if (in.get("output") != "-") say(in, fmt::format("{} bytes written to {}", bytes, in.get("output")));
  return {};
}

Result<void> cancel(const Invocation& in) {
  return show_one(in, Method::post, kRuns + "/" + encode(in.words[0]) + "/cancel", "{}");
}

std::vector<Command> list_and_show() {
  const auto connected = connection_options();
  const auto one = [](const std::string& resource) {
    return [resource](const Invocation& in) {
      return show_one(in, Method::get, resource + "/" + encode(in.words[0]));
    };
  };
  return {
      {"data", "schemas", "List schemas", {}, with(connected, page_options()), list_schemas},
      {"data", "schema", "Show a schema", {"SCHEMA"}, connected, one(kSchemas)},
      {"data", "features", "List feature configurations", {}, with(connected, page_options()), list_configs},
      {"data", "feature", "Show a feature configuration", {"CONFIG"}, connected, one(kConfigs)},
      {"data", "reports", "List quality reports", {}, with(connected, page_options()), list_reports},
      {"data", "report", "Show a quality report", {"REPORT"}, connected, one(kReports)},
      {"data",
       "runs",
       "List pipeline runs",
       {},
       with(connected, with(page_options(), {{"status", "STATUS", "pending, running, completed, failed"},
                                             {"pipeline", "ID", "Only this pipeline"}})),
       list_runs},
      {"data", "run", "Show a pipeline run", {"RUN"}, connected, one(kRuns)},
  };
}

}  // namespace

std::vector<Command> data_commands() {
  const auto connected = connection_options();
  const std::vector<Option> detached{{"detach", "", "Do not wait for its end", Takes::nothing}};
  std::vector<Command> commands = list_and_show();
  for (Command& command : std::vector<Command>{
           {"data",
            "create-schema",
            "Store a schema: a JSON object with name, version, columns ('-': standard input)",
            {"FILE"},
            connected,
            [](const Invocation& in) { return create_from_file(in, kSchemas); }},
           {"data",
            "create-features",
            "Store a feature configuration: a JSON object ('-': standard input)",
            {"FILE"},
            connected,
            [](const Invocation& in) { return create_from_file(in, kConfigs); }},
           {"data",
            "assess",
            "Have a table's quality assessed (CSV, JSON lines, Parquet)",
            {"FILE"},
            with(connected, with(detached, {{"schema", "ID", "What the table must be", Takes::one, true}})),
            assess},
           {"data",
            "start",
            "Start a pipeline run over a table (CSV, JSON lines, Parquet)",
            {"FILE"},
            with(connected,
                 with(detached, {{"schema", "ID", "What the table must be", Takes::one, true},
                                 {"features", "ID", "How it becomes features", Takes::one, true},
                                 {"pipeline", "NAME", "What the run belongs to", Takes::one, false, "cli"},
                                 {"quality-threshold", "X", "Fail below this score, 0 to 1"}})),
            start_run},
           {"data", "watch", "Follow a pipeline run to its end", {"RUN"}, connected, watch},
           {"data",
            "output",
            "Write the table a pipeline run made",
            {"RUN"},
            with(connected,
                 {{"format", "csv|parquet", "The form", Takes::one, false, "csv"},
                  {"output", "FILE", "Where to; '-' is standard output", Takes::one, false, "-", "", "o"}}),
            fetch_output},
           {"data", "cancel", "Cancel a pipeline run", {"RUN"}, connected, cancel},
       })
    commands.push_back(std::move(command));
  return commands;
}

}  // namespace tracseq::cli
