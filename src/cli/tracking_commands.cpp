// SPDX-License-Identifier: MIT
// tracseq experiment … and tracseq run …
#include <fmt/core.h>

#include "cli/connect.h"
#include "cli/resource.h"

namespace tracseq::cli {
namespace {

using api::Method;

Result<void> put_in_trash(const Invocation& in, const std::string& path) {
  TRACSEQ_CHECK(show_one(in, Method::del, path + query_of({{"reason", in.get("reason")}})));
  const std::string noun = path.starts_with("/api/v1/runs/") ? "run" : "experiment";
  say(in, fmt::format("it is in the trash; `tracseq {} restore {}` brings it back", noun, in.words[0]));
  return {};
}

std::vector<Command> experiment_commands() {
  const std::string base = "/api/v1/experiments";
  return {
      {"experiment",
       "list",
       "List experiments, newest first",
       {},
       with(connection_options(),
            with(page_options(), {{"deleted", "", "The trash instead", Takes::nothing}})),
       [base](const Invocation& in) {
         return show_list(in, base + page_query(in, {{"deleted", in.has("deleted") ? "true" : ""}}),
                          {{"ID", "experiment_id"},
                           {"NAME", "name"},
                           {"RUNS", "run_count"},
                           {"RUNNING", "running_count"},
                           {"CREATED", "created_at"}},
                          "no experiments");
       }},
      {"experiment",
       "create",
       "Create an experiment",
       {"NAME"},
       with(connection_options(), {{"description", "TEXT", "What it is about"}}),
       [base](const Invocation& in) {
         const Json body = Json::object().set("name", in.words[0]).set("description", in.get("description"));
         return show_one(in, Method::post, base, dump_json(body));
       }},
      {"experiment",
       "get",
       "Show an experiment",
       {"ID"},
       connection_options(),
       [base](const Invocation& in) { return show_one(in, Method::get, base + "/" + encode(in.words[0])); }},
      {"experiment",
       "delete",
       "Put an experiment and its runs into the trash",
       {"ID"},
       with(connection_options(), {reason_option()}),
       [base](const Invocation& in) { return put_in_trash(in, base + "/" + encode(in.words[0])); }},
      {"experiment",
       "restore",
       "Bring an experiment back from the trash",
       {"ID"},
       with(connection_options(), {reason_option()}),
       [base](const Invocation& in) {
         return show_one(in, Method::post, base + "/" + encode(in.words[0]) + "/restore",
                         dump_json(Json::object().set("reason", in.get("reason"))));
       }},
  };
}

Result<void> list_runs(const Invocation& in) {
  std::vector<std::pair<std::string, std::string>> filters{{"query", in.get("query")},
                                                           {"search", in.get("search")},
                                                           {"order_by", in.get("order-by")},
                                                           {"experiment_id", in.get("experiment")},
                                                           {"deleted", in.has("deleted") ? "true" : ""}};
  for (const auto& status : in.all("status")) filters.emplace_back("status", status);
  for (const auto& tag : in.all("tag")) filters.emplace_back("tag", tag);
  std::vector<Shown> columns{{"RUN", "run_id"},
                             {"NAME", "name"},
                             {"EXPERIMENT", "experiment_name"},
                             {"STATUS", "status"},
                             {"CREATED", "created_at"}};
  for (const auto& column : in.all("column")) columns.push_back({column, column});
  return show_list(in, "/api/v1/runs" + page_query(in, filters), columns, "no runs match");
}

Result<void> show_metrics(const Invocation& in) {
  std::vector<std::pair<std::string, std::string>> query{{"run_id", in.words[0]},
                                                         {"max_points", in.get("max-points")}};
  for (const auto& key : in.all("key")) query.emplace_back("key", key);
  TRACSEQ_TRY(const auto connection, Connection::open(in, Connection::Missing::refuse));
  Json all = Json::array();  // of every page; a long series comes in pieces
  for (bool more = true; more;) {
    TRACSEQ_TRY(const std::string body,
                connection->call(Method::get, "/api/v1/metrics/series" + query_of(query)));
    TRACSEQ_TRY(const Json page, parse_json(body, "the answer"));
    if (const Json* items = page.find("items"); items != nullptr && items->is_array())
      for (const Json& series : *items->as_array()) all.push_back(series);
    const Json* token = page.find("next_page_token");
    more = token != nullptr && token->is_string();
    if (query.back().first == "page_token") query.pop_back();
    if (more) query.emplace_back("page_token", token->string_or(""));
  }
  if (in.json) {
    fmt::print("{}\n", dump_json(Json::object().set("items", std::move(all))));
    return {};
  }
  Json rows = Json::array();
  for (const Json& series : *all.as_array()) {
    const auto* steps = series.find("steps")->as_array();
    for (std::size_t i = 0; i < steps->size(); ++i)
      rows.push_back(Json::object()
                         .set("key", *series.find("key"))
                         .set("step", (*steps)[i])
                         .set("time", (*series.find("times")->as_array())[i])
                         .set("value", (*series.find("values")->as_array())[i]));
  }
  print_list(in, dump_json(Json::object().set("items", rows)),
             {{"METRIC", "key"}, {"STEP", "step"}, {"VALUE", "value"}, {"TIME", "time"}}, "no metrics");
  return {};
}

Command run_list_command() {
  return {"run",
          "list",
          "List runs",
          {},
          with(connection_options(),
               with(page_options(),
                    {{"query", "TEXT", "e.g. \"metrics.auc > 0.9 and params.lr < 1e-3\""},
                     {"search", "TEXT", "Part of name, description or id"},
                     {"experiment", "ID", "Only this experiment"},
                     {"status", "STATUS", "running, completed, failed, cancelled", Takes::many},
                     {"tag", "TAG", "Runs with any of these tags", Takes::many},
                     {"order-by", "KEY", "created_at, name, metrics.<key> …, asc or desc"},
                     {"column", "PATH", "A further column, e.g. metrics.auc or params.lr", Takes::many},
                     {"deleted", "", "The trash instead", Takes::nothing}})),
          list_runs};
}

std::vector<Command> run_commands() {
  const std::string base = "/api/v1/runs/";
  return {
      run_list_command(),
      {"run",
       "get",
       "Show a run",
       {"RUN"},
       connection_options(),
       [base](const Invocation& in) { return show_one(in, Method::get, base + encode(in.words[0])); }},
      {"run",
       "metrics",
       "Show the metric points of a run",
       {"RUN"},
       with(connection_options(),
            {{"key", "METRIC", "Only these metrics", Takes::many},
             {"max-points", "N", "Points a metric, extremes kept", Takes::one, false, "1000"}}),
       show_metrics},
      {"run",
       "delete",
       "Put a run into the trash",
       {"RUN"},
       with(connection_options(), {reason_option()}),
       [base](const Invocation& in) { return put_in_trash(in, base + encode(in.words[0])); }},
      {"run",
       "restore",
       "Bring a run back from the trash",
       {"RUN"},
       with(connection_options(), {reason_option()}),
       [base](const Invocation& in) {
         return show_one(in, Method::post, base + encode(in.words[0]) + "/restore",
                         dump_json(Json::object().set("reason", in.get("reason"))));
       }},
  };
}

}  // namespace

std::vector<Command> tracking_commands() {
  std::vector<Command> commands = experiment_commands();
  for (Command& command : run_commands()) commands.push_back(std::move(command));
  return commands;
}

}  // namespace tracseq::cli
