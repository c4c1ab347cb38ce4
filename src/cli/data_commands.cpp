// SPDX-License-Identifier: MIT
// tracseq data …
#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "cli/connect.h"
#include "cli/resource.h"

namespace tracseq::cli {
namespace {

using api::Method;

constexpr auto kWatch = std::chrono::milliseconds{300};

bool ended(const std::string& status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

// Follows a pipeline run to its end; fails if the run does.
Result<void> watch(const Invocation& in) {
  TRACSEQ_TRY(const auto connection, Connection::open(in));
  while (true) {
    TRACSEQ_TRY(const std::string body,
                connection->call(Method::get, "/api/v1/pipeline-runs/" + encode(in.words[0])));
    TRACSEQ_TRY(const Json run, parse_json(body));
    const Json* status = run.find("status");
    const Json* progress = run.find("progress");
    const Json* message = run.find("progress_message");
    show_progress(in, progress != nullptr ? progress->number_or(0) : 0,
                  message != nullptr ? message->string_or("") : "");
    if (status == nullptr || !ended(status->string_or(""))) {
      std::this_thread::sleep_for(kWatch);
      continue;
    }
    end_progress(in);
    print_object(in, body);
    if (status->string_or("") == "completed") return {};
    const Json* error = run.find("error_message");
    return fail(Code::unprocessable, fmt::format("the run {}: {}", status->string_or(""),
                                                 error != nullptr ? error->string_or("no reason is known")
                                                                  : "no reason is known"));
  }
}

Result<void> list_schemas(const Invocation& in) {
  return show_list(
      in, "/api/v1/schemas" + page_query(in),
      {{"SCHEMA", "schema_id"}, {"NAME", "name"}, {"VERSION", "version"}, {"CREATED", "created_at"}},
      "no schemas");
}

Result<void> list_reports(const Invocation& in) {
  return show_list(in, "/api/v1/quality-reports" + page_query(in),
                   {{"REPORT", "report_id"},
                    {"SCHEMA", "schema_id"},
                    {"ROWS", "total_rows"},
                    {"SCORE", "quality_score"},
                    {"CREATED", "created_at"}},
                   "no quality reports");
}

Result<void> list_runs(const Invocation& in) {
  return show_list(in,
                   "/api/v1/pipeline-runs" +
                       page_query(in, {{"status", in.get("status")}, {"pipeline_id", in.get("pipeline")}}),
                   {{"RUN", "run_id"},
                    {"PIPELINE", "pipeline_id"},
                    {"STATUS", "status"},
                    {"ROWS IN", "input_rows"},
                    {"ROWS OUT", "output_rows"},
                    {"FEATURES", "feature_count"},
                    {"CREATED", "created_at"}},
                   "no pipeline runs");
}

Result<void> cancel(const Invocation& in) {
  return show_one(in, Method::post, "/api/v1/pipeline-runs/" + encode(in.words[0]) + "/cancel", "{}");
}

}  // namespace

std::vector<Command> data_commands() {
  const auto connected = connection_options();
  const auto one = [](std::string resource) {
    return [resource = std::move(resource)](const Invocation& in) {
      return show_one(in, Method::get, "/api/v1/" + resource + "/" + encode(in.words[0]));
    };
  };
  return {
      {"data", "schemas", "List schemas", {}, with(connected, page_options()), list_schemas},
      {"data", "schema", "Show a schema", {"SCHEMA"}, connected, one("schemas")},
      {"data", "reports", "List quality reports", {}, with(connected, page_options()), list_reports},
      {"data", "report", "Show a quality report", {"REPORT"}, connected, one("quality-reports")},
      {"data",
       "runs",
       "List pipeline runs",
       {},
       with(connected, with(page_options(), {{"status", "STATUS", "pending, running, completed, failed"},
                                             {"pipeline", "ID", "Only this pipeline"}})),
       list_runs},
      {"data", "run", "Show a pipeline run", {"RUN"}, connected, one("pipeline-runs")},
      {"data", "watch", "Follow a pipeline run to its end", {"RUN"}, connected, watch},
      {"data", "cancel", "Cancel a pipeline run", {"RUN"}, connected, cancel},
  };
}

}  // namespace tracseq::cli
