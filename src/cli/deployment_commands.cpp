// SPDX-License-Identifier: MIT
// tracseq deploy and tracseq rollout …
#include <fmt/core.h>

#include <map>
#include <set>

#include "cli/connect.h"
#include "cli/drive.h"
#include "cli/process.h"
#include "cli/resource.h"

namespace tracseq::cli {
namespace {

using api::Method;

constexpr auto kWatch = std::chrono::milliseconds{200};
const std::string kDeployments = "/api/v1/deployments";

// How far each phase of a roll-out is.
const std::map<std::string, double, std::less<>> kProgress{
    {"pending", 0.05},  {"starting", 0.2},  {"validating", 0.5}, {"switching", 0.7},
    {"analysing", 0.8}, {"returning", 0.8}, {"draining", 0.9},   {"watching", 1}};

std::string text_in(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr ? value->string_or("") : "";
}

bool bool_in(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr && value->bool_or(false);
}

std::string of(const std::string& id) { return kDeployments + "/" + encode(id); }

// Lines of the deployment's log that were not told yet.
void tell(const Invocation& in, const Json& deployment, std::set<std::string>& told) {
  const Json* lines = deployment.find("deployment_logs");
  if (lines == nullptr || lines->as_array() == nullptr) return;
  for (const Json& line : *lines->as_array())
    if (told.insert(line.string_or("")).second) {
      end_progress(in);
      say(in, line.string_or(""));
    }
}

// Follows a roll-out until it is over, or waits for a person. Ctrl-C stops looking; it goes on.
Result<void> follow(const Invocation& in, Connection& connection, const std::string& id) {
  std::set<std::string> told;
  while (true) {
    TRACSEQ_TRY(const std::string body, connection.call(Method::get, of(id)));
    TRACSEQ_TRY(const Json deployment, parse_json(body));
    tell(in, deployment, told);
    const std::string status = text_in(deployment, "status");
    const std::string phase = text_in(deployment, "phase");
    const bool over = status == "deployed" || status == "failed" || status == "rolled_back";
    const bool waits = bool_in(deployment, "paused") ||
                       (phase == "analysing" && text_in(deployment, "verdict") == "success");
    if (over || waits) {
      end_progress(in);
      if (status == "failed")
        return fail(Code::unprocessable, "it failed: " + text_in(deployment, "error_message"));
      print_object(in, body);
      if (waits) say(in, "it waits for a person: tracseq rollout promote|resume|abort " + id);
      return {};
    }
    const auto progress = kProgress.find(phase);
    show_progress(in, progress == kProgress.end() ? 0 : progress->second, phase);
    if (wait_signal(kWatch) == 0) continue;
    end_progress(in);
    return fail(Code::cancelled, "not watched any longer; it goes on: tracseq rollout status " + id);
  }
}

Result<void> set_number(const Invocation& in, const char* option, const char* field, Json& body) {
  if (!in.has(option)) return {};
  double value = 0;
  TRACSEQ_CHECK(from_text(type_info<double>(), option, in.get(option), &value));
  body.set(field, value);
  return {};
}

Result<Json> steps_of(const Invocation& in) {
  Json steps = Json::array();
  for (const std::string& text : in.all("step")) {
    double value = 0;
    TRACSEQ_CHECK(from_text(type_info<double>(), "step", text, &value));
    steps.push_back(value);
  }
  return steps;
}

Result<Json> variables_of(const Invocation& in) {
  Json variables = Json::object();
  for (const std::string& text : in.all("env")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail_field("env", fmt::format("--env is '{}'; it must be NAME=VALUE", text));
    variables.set(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Result<Json> deployment_body(const Invocation& in) {
  Json body = Json::object().set("model_id", in.words[0]);
  TRACSEQ_TRY(const std::int64_t replicas, in.integer("replicas", 1, 1, 100));
  TRACSEQ_TRY(Json steps, steps_of(in));
  TRACSEQ_TRY(Json variables, variables_of(in));
  body.set("model_version", in.get("model-version"))
      .set("environment", in.get("to", "development"))
      .set("strategy", in.get("strategy", "immediate"))
      .set("replicas", replicas)
      .set("canary_steps", std::move(steps))
      .set("environment_variables", std::move(variables))
      .set("description", in.get("description"))
      .set("auto_promote", in.has("auto-promote"));
  if (in.has("id")) body.set("deployment_id", in.get("id"));
  TRACSEQ_CHECK(set_number(in, "canary", "canary_traffic_percentage", body));
  TRACSEQ_CHECK(set_number(in, "step-minutes", "canary_step_minutes", body));
  TRACSEQ_CHECK(set_number(in, "watch-minutes", "monitoring_window_minutes", body));
  TRACSEQ_CHECK(set_number(in, "errors-max", "rollback_error_threshold", body));
  TRACSEQ_CHECK(set_number(in, "latency-max-ms", "rollback_latency_threshold_ms", body));
  Json limits = Json::object();
  if (in.has("memory")) limits.set("memory", in.get("memory"));
  if (in.has("cpu")) limits.set("cpu", in.get("cpu"));
  if (in.has("memory") || in.has("cpu")) body.set("resource_limits", std::move(limits));
  if (in.has("no-rollback")) body.set("auto_rollback_enabled", false);
  return body;
}

Result<void> deploy(const Invocation& in) {
  block_signals();
  TRACSEQ_TRY(const Json body, deployment_body(in));
  TRACSEQ_TRY(const auto connection, Connection::open(in));
  TRACSEQ_TRY(const std::string answer, connection->call(Method::post, kDeployments, dump_json(body)));
  TRACSEQ_TRY(const Json made, parse_json(answer));
  TRACSEQ_CHECK(ensure_driver(*connection));
  if (in.has("detach")) {
    print_object(in, answer);
    return {};
  }
  return follow(in, *connection, text_in(made, "deployment_id"));
}

// A word to a roll-out; then it is followed, but for a pause, which ends nothing.
Result<void> say_word(const Invocation& in, const std::string& word, Json body) {
  block_signals();
  TRACSEQ_TRY(const auto connection, Connection::open(in));
  body.set("reason", in.get("reason"));
  TRACSEQ_TRY(const std::string answer,
              connection->call(Method::post, of(in.words[0]) + "/" + word, dump_json(body)));
  TRACSEQ_CHECK(ensure_driver(*connection));
  if (word == "pause" || word == "resume" || word == "stop") {
    print_object(in, answer);
    return {};
  }
  return follow(in, *connection, in.words[0]);
}

Command word_command(const char* word, const char* text) {
  return {"rollout",
          word,
          text,
          {"DEPLOYMENT"},
          with(connection_options(), {reason_option()}),
          [word = std::string(word)](const Invocation& in) { return say_word(in, word, Json::object()); }};
}

Result<void> list_rollouts(const Invocation& in) {
  return show_list(in,
                   kDeployments + page_query(in, {{"model_id", in.get("model")},
                                                  {"environment", in.get("to")},
                                                  {"status", in.get("status")}}),
                   {{"DEPLOYMENT", "deployment_id"},
                    {"MODEL", "model_id"},
                    {"VERSION", "model_version"},
                    {"ENVIRONMENT", "environment"},
                    {"STRATEGY", "strategy"},
                    {"STATUS", "status"},
                    {"PHASE", "phase"},
                    {"TRAFFIC", "traffic_percentage"},
                    {"URL", "endpoint_url"}},
                   "no deployments");
}

Result<void> set_traffic(const Invocation& in) {
  Json body = Json::object().set("reason", in.get("reason"));
  double share = 0;
  TRACSEQ_CHECK(from_text(type_info<double>(), "PERCENT", in.words[1], &share));
  body.set("traffic_percentage", share);
  return show_one(in, Method::put, of(in.words[0]) + "/traffic", dump_json(body));
}

std::vector<Option> deploy_options() {
  return with(
      connection_options(),
      {{"model-version", "VERSION", "Absent: the newest"},
       {"to", "development|staging|production|canary", "The environment", Takes::one, false, "development"},
       {"strategy", "immediate|rolling|blue_green|canary", "How it takes over", Takes::one, false,
        "immediate"},
       {"replicas", "N", "Processes that answer", Takes::one, false, "1"},
       {"id", "ID", "The deployment's id; absent: given"},
       {"canary", "PERCENT", "A canary's first share"},
       {"step", "PERCENT", "A further share of a canary; may be repeated", Takes::many},
       {"step-minutes", "N", "How long a canary's step waits for a verdict"},
       {"auto-promote", "", "Promote after the last step's success", Takes::nothing},
       {"watch-minutes", "N", "How long it is watched after it is deployed"},
       {"errors-max", "SHARE", "The worst bearable share of errors, 0 to 1"},
       {"latency-max-ms", "N", "What at most 5 % of requests may exceed"},
       {"no-rollback", "", "Pause on a failure instead of rolling back", Takes::nothing},
       {"cpu", "CORES", "Limit of a replica, such as 500m"},
       {"memory", "BYTES", "Limit of a replica, such as 512Mi"},
       {"env", "NAME=VALUE", "A variable of the replicas; may be repeated", Takes::many},
       {"description", "TEXT", "For people"},
       {"detach", "", "Do not follow it", Takes::nothing}});
}

}  // namespace

std::vector<Command> deployment_commands() {
  const auto connected = connection_options();
  return {
      {"deploy",
       "",
       "Deploy a version of a model and follow its roll-out",
       {"MODEL"},
       deploy_options(),
       deploy},
      {"rollout",
       "list",
       "List deployments, newest first",
       {},
       with(connected, with(page_options(), {{"model", "ID", "Only of this model"},
                                             {"to", "ENVIRONMENT", "Only of this environment"},
                                             {"status", "STATUS", "Only these"}})),
       list_rollouts},
      {"rollout",
       "status",
       "Show a deployment with its log",
       {"DEPLOYMENT"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::get, of(in.words[0])); }},
      {"rollout",
       "traffic",
       "Set a deployment's share of its route",
       {"DEPLOYMENT", "PERCENT"},
       with(connected, {reason_option()}),
       set_traffic},
      {"rollout",
       "rollback",
       "Give the traffic back to an earlier deployment",
       {"DEPLOYMENT"},
       with(connected, {reason_option(), {"to-deployment", "ID", "Absent: the one it followed"}}),
       [](const Invocation& in) {
         return say_word(in, "rollback", Json::object().set("to_deployment_id", in.get("to-deployment")));
       }},
      word_command("promote", "Give a canary the whole of the traffic"),
      word_command("pause", "Hold a roll-out where it is"),
      word_command("resume", "Let a paused roll-out go on"),
      word_command("abort", "Take back a roll-out that is under way"),
      word_command("stop", "End a deployment and its replicas"),
  };
}

}  // namespace tracseq::cli
