// SPDX-License-Identifier: MIT
// tracseq alert … and tracseq threshold …
#include <fmt/core.h>

#include "cli/connect.h"
#include "cli/resource.h"

namespace tracseq::cli {
namespace {

using api::Method;

const std::string kAlerts = "/api/v1/alerts";
const std::string kThresholds = "/api/v1/thresholds";

Result<void> list_alerts(const Invocation& in) {
  return show_list(in,
                   kAlerts + page_query(in, {{"model_id", in.get("model")},
                                             {"severity", in.get("severity")},
                                             {"is_resolved", in.has("all") ? "" : "false"}}),
                   {{"ALERT", "alert_id"},
                    {"MODEL", "model_id"},
                    {"METRIC", "metric_name"},
                    {"SEVERITY", "severity"},
                    {"VALUE", "current_value"},
                    {"LIMIT", "threshold_value"},
                    {"RESOLVED", "is_resolved"},
                    {"SINCE", "created_at"}},
                   in.has("all") ? "no alerts" : "no open alerts");
}

Result<void> acknowledge(const Invocation& in) {
  return show_one(in, Method::post, kAlerts + "/" + encode(in.words[0]) + "/acknowledge",
                  dump_json(Json::object().set("reason", in.get("reason"))));
}

Result<void> resolve(const Invocation& in) {
  return show_one(in, Method::post, kAlerts + "/" + encode(in.words[0]) + "/resolve",
                  dump_json(Json::object().set("reason", in.get("reason"))));
}

Result<void> list_thresholds(const Invocation& in) {
  return show_list(in, kThresholds + query_of({{"model_id", in.get("model")}, {"limit", in.get("limit")}}),
                   {{"THRESHOLD", "threshold_id"},
                    {"MODEL", "model_id"},
                    {"METRIC", "metric_name"},
                    {"IF", "operator"},
                    {"WARNING", "warning_threshold"},
                    {"CRITICAL", "critical_threshold"},
                    {"MINUTES", "evaluation_window_minutes"}},
                   "no thresholds");
}

// A number option into the body, if it was given.
Result<void> set_number(const Invocation& in, const char* option, const char* field, Json& body) {
  if (!in.has(option)) return {};
  double value = 0;
  TRACSEQ_CHECK(from_text(type_info<double>(), option, in.get(option), &value));
  body.set(field, value);
  return {};
}

Result<void> create_threshold(const Invocation& in) {
  Json body = Json::object().set("metric_name", in.words[0]).set("operator", in.get("if"));
  if (in.has("model")) body.set("model_id", in.get("model"));
  TRACSEQ_CHECK(set_number(in, "warning", "warning_threshold", body));
  TRACSEQ_CHECK(set_number(in, "critical", "critical_threshold", body));
  TRACSEQ_TRY(const std::int64_t minutes, in.integer("minutes", 5, 1, 525'600));
  TRACSEQ_TRY(const std::int64_t samples, in.integer("samples", 10, 1, 1'000'000));
  body.set("evaluation_window_minutes", minutes).set("minimum_samples", samples);
  return show_one(in, Method::post, kThresholds, dump_json(body));
}

std::vector<Command> alert_commands() {
  const auto connected = connection_options();
  return {
      {"alert",
       "list",
       "List alerts that are open, newest first",
       {},
       with(connected, with(page_options(), {{"model", "ID", "Only of this model"},
                                             {"severity", "info|warning|critical", "Only these"},
                                             {"all", "", "Resolved ones too", Takes::nothing}})),
       list_alerts},
      {"alert",
       "get",
       "Show an alert",
       {"ALERT"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::get, kAlerts + "/" + encode(in.words[0])); }},
      {"alert",
       "acknowledge",
       "Say that you look after an alert",
       {"ALERT"},
       with(connected, {reason_option()}),
       acknowledge},
      {"alert", "resolve", "Resolve an alert", {"ALERT"}, with(connected, {reason_option()}), resolve},
  };
}

std::vector<Command> threshold_commands() {
  const auto connected = connection_options();
  return {
      {"threshold",
       "list",
       "List thresholds",
       {},
       with(connected, {{"model", "ID", "Those that hold for this model"},
                        {"limit", "N", "How many", Takes::one, false, "1000"}}),
       list_thresholds},
      {"threshold",
       "get",
       "Show a threshold",
       {"THRESHOLD"},
       connected,
       [](const Invocation& in) {
         return show_one(in, Method::get, kThresholds + "/" + encode(in.words[0]));
       }},
      {"threshold",
       "create",
       "Raise alerts when a metric goes beyond a limit",
       {"METRIC"},
       with(connected,
            {{"model", "ID", "Absent: every model"},
             {"if", "gt|ge|lt|le|eq", "How the value stands to the limit", Takes::one, false, "gt"},
             {"warning", "X", "Limit of a warning"},
             {"critical", "X", "Limit of a critical alert"},
             {"minutes", "N", "The window that is looked at", Takes::one, false, "5"},
             {"samples", "N", "Fewest values in it", Takes::one, false, "10"}}),
       create_threshold},
      {"threshold",
       "delete",
       "Delete a threshold and resolve its alerts",
       {"THRESHOLD"},
       with(connected, {reason_option()}),
       [](const Invocation& in) {
         return show_one(in, Method::del,
                         kThresholds + "/" + encode(in.words[0]) + query_of({{"reason", in.get("reason")}}));
       }},
  };
}

}  // namespace

std::vector<Command> monitoring_commands() {
  std::vector<Command> commands = alert_commands();
  for (Command& command : threshold_commands()) commands.push_back(std::move(command));
  return commands;
}

}  // namespace tracseq::cli
