// SPDX-License-Identifier: MIT
// tracseq abtest …
#include <fmt/core.h>

#include "cli/connect.h"
#include "cli/resource.h"

namespace tracseq::cli {
namespace {

using api::Method;

const std::string kTests = "/api/v1/abtests";

std::string test_path(const Invocation& in, const std::string& verb = {}) {
  return kTests + "/" + encode(in.words[0]) + verb;
}

// "control=0.5" into a variant of the plan.
Result<Json> variant_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return fail_field("variant",
                      fmt::format("--variant is '{}'; it is NAME=SHARE or NAME=SHARE@MODEL:VERSION", text));
  const std::string rest = text.substr(equals + 1);
  const auto at = rest.find('@');
  double share = 0;
  TRACSEQ_CHECK(from_text(type_info<double>(), "variant", rest.substr(0, at), &share));
  Json variant = Json::object().set("name", text.substr(0, equals)).set("share", share);
  if (at == std::string::npos) return variant;
  const std::string model = rest.substr(at + 1);
  const auto colon = model.find(':');
  variant.set("model_id", model.substr(0, colon));
  if (colon != std::string::npos) variant.set("model_version", model.substr(colon + 1));
  return variant;
}

Json list_of(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back(name);
  return list;
}

Result<void> set_number(const Invocation& in, const char* option, const char* field, Json& body) {
  if (!in.has(option)) return {};
  double value = 0;
  TRACSEQ_CHECK(from_text(type_info<double>(), option, in.get(option), &value));
  body.set(field, value);
  return {};
}

Result<void> set_integer(const Invocation& in, const char* option, const char* field, Json& body) {
  if (!in.has(option)) return {};
  TRACSEQ_TRY(const std::int64_t value, in.integer(option, 0, 0, 1'000'000'000'000));
  body.set(field, value);
  return {};
}

Result<void> create(const Invocation& in) {
  Json variants = Json::array();
  for (const std::string& text : in.all("variant")) {
    TRACSEQ_TRY(Json variant, variant_of(text));
    variants.push_back(std::move(variant));
  }
  Json plan = Json::object()
                  .set("test_type", in.get("type"))
                  .set("variants", std::move(variants))
                  .set("primary_metric", in.get("metric"))
                  .set("secondary_metrics", list_of(in.all("secondary")))
                  .set("guardrail_metrics", list_of(in.all("guardrail")))
                  .set("method", in.get("method"));
  TRACSEQ_CHECK(set_number(in, "effect", "minimum_detectable_effect", plan));
  TRACSEQ_CHECK(set_number(in, "days", "planned_duration_days", plan));
  TRACSEQ_CHECK(set_integer(in, "minimum", "minimum_sample_size", plan));
  TRACSEQ_CHECK(set_integer(in, "maximum", "maximum_sample_size", plan));
  const Json body = Json::object()
                        .set("name", in.words[0])
                        .set("test_id", in.get("id"))
                        .set("hypothesis", in.get("hypothesis"))
                        .set("plan", std::move(plan));
  return show_one(in, Method::post, kTests, dump_json(body));
}

Result<void> list(const Invocation& in) {
  return show_list(in, kTests + page_query(in, {{"status", in.get("status")}}),
                   {{"TEST", "test_id"},
                    {"NAME", "name"},
                    {"STATUS", "status"},
                    {"USERS", "users"},
                    {"INTERACTIONS", "interactions"},
                    {"WINNER", "winner"},
                    {"CREATED", "created_at"}},
                   "no A/B tests");
}

Result<void> move(const Invocation& in, const char* verb) {
  return show_one(in, Method::post, test_path(in, verb),
                  dump_json(Json::object().set("reason", in.get("reason"))));
}

Result<void> plan(const Invocation& in) {
  Json body =
      Json::object().set("kind", in.has("std-dev") ? "mean" : "proportion").set("method", in.get("method"));
  TRACSEQ_CHECK(set_number(in, "baseline", "baseline", body));
  TRACSEQ_CHECK(set_number(in, "std-dev", "std_dev", body));
  TRACSEQ_CHECK(set_number(in, "effect", "effect", body));
  TRACSEQ_CHECK(set_number(in, "power", "statistical_power", body));
  TRACSEQ_CHECK(set_number(in, "users-per-day", "users_per_day", body));
  TRACSEQ_CHECK(set_integer(in, "variants", "variants", body));
  return show_one(in, Method::post, "/api/v1/abtest-plans", dump_json(body));
}

std::vector<Command> life_commands() {
  const auto connected = connection_options();
  const auto moved = with(connected, {reason_option()});
  std::vector<Command> commands;
  const auto add = [&](const char* verb, const char* path, const char* text) {
    commands.push_back(
        {"abtest", verb, text, {"TEST"}, moved, [path](const Invocation& in) { return move(in, path); }});
  };
  add("start", "/start", "Start an A/B test: users are assigned");
  add("pause", "/pause", "Pause an A/B test: nobody is assigned");
  add("resume", "/resume", "Resume a paused A/B test");
  add("stop", "/stop", "End an A/B test for good");
  return commands;
}

}  // namespace

std::vector<Command> abtest_commands() {
  const auto connected = connection_options();
  const Option method{"method",
                      "always_valid|msprt|group_sequential|fixed",
                      "How it may be looked at",
                      Takes::one,
                      false,
                      "always_valid"};
  std::vector<Command> commands{
      {"abtest",
       "create",
       "Create an A/B test; its plan is fixed from then on",
       {"NAME"},
       with(connected, {{"variant", "NAME=SHARE[@MODEL:VERSION]", "One of the variants, control among them",
                         Takes::many, true},
                        {"metric", "METRIC", "What decides", Takes::one, true},
                        {"secondary", "METRIC", "Looked at as well", Takes::many},
                        {"guardrail", "METRIC", "Pauses the test when it breaks", Takes::many},
                        {"type", "champion_challenger|multivariate|gradual_rollout|canary", "What it is for",
                         Takes::one, false, "champion_challenger"},
                        method,
                        {"id", "ID", "Absent: given"},
                        {"hypothesis", "TEXT", "What is expected"},
                        {"effect", "X", "Least relative effect that matters"},
                        {"days", "N", "Planned duration"},
                        {"minimum", "N", "Least users of each variant before a verdict"},
                        {"maximum", "N", "Users at which it ends"}}),
       create},
      {"abtest",
       "list",
       "List A/B tests, newest first",
       {},
       with(connected, with(page_options(), {{"status", "STATUS", "Only in this status"}})),
       list},
      {"abtest",
       "get",
       "Show an A/B test",
       {"TEST"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::get, test_path(in)); }},
      {"abtest",
       "results",
       "Show what an A/B test says: the split first, then metrics and verdict",
       {"TEST"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::get, test_path(in, "/results")); }},
      {"abtest",
       "check",
       "Complete the A/B test if a variant is shown better or worse",
       {"TEST"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::post, test_path(in, "/check"), "{}"); }},
      {"abtest",
       "plan",
       "Show the sample size and duration that find an effect",
       {},
       with(connected, {{"baseline", "X", "Control's rate, or mean", Takes::one, true},
                        {"std-dev", "X", "Of the values: the metric is a mean"},
                        {"effect", "X", "Relative to the baseline", Takes::one, false, "0.05"},
                        {"power", "X", "Chance to find it", Takes::one, false, "0.8"},
                        {"variants", "N", "control among them", Takes::one, false, "2"},
                        {"users-per-day", "X", "For the duration"},
                        method}),
       plan},
  };
  for (Command& command : life_commands()) commands.push_back(std::move(command));
  return commands;
}

}  // namespace tracseq::cli
