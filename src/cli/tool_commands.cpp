// SPDX-License-Identifier: MIT
// tracseq config …, token …, doctor, version, completion
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>

#include "base/config/config.h"
#include "base/module.h"
#include "cli/connect.h"
#include "cli/resource.h"
#include "cli/settings.h"
#include "cli/version.h"

namespace tracseq::cli {
namespace {

using api::Method;

std::vector<Option> config_options() {
  return {{"config", "FILE", "The settings file", Takes::one, false, config::kFileName},
          {"environment", "NAME", "development, staging or production", Takes::one, false, "",
           "MLOPS_ENVIRONMENT"}};
}

Result<config::Loaded> load(const Invocation& in) {
  return load_settings(in.get("config", config::kFileName), in.get("environment"));
}

// One row per leaf of the settings; secrets are not shown.
void flatten(const Json& value, const std::string& path, Json& rows,
             const std::map<std::string, std::string>& origins) {
  if (const Json::Object* members = value.as_object()) {
    for (const auto& [name, child] : *members)
      flatten(child, path.empty() ? name : path + "." + name, rows, origins);
    return;
  }
  const bool secret = path == "security.jwt_secret_key" || path == "security.api_key";
  const Json shown = secret && !value.string_or("").empty() ? Json("***") : value;
  const auto origin = origins.find(path);
  rows.push_back(Json::object()
                     .set("key", path)
                     .set("value", shown)
                     .set("origin", origin == origins.end() ? "" : origin->second));
}

Result<void> show_config(const Invocation& in) {
  TRACSEQ_TRY(const config::Loaded loaded, load(in));
  Json rows = Json::array();
  flatten(to_document(loaded.config), "", rows, loaded.origins);
  std::vector<Shown> columns{{"KEY", "key"}, {"VALUE", "value"}};
  if (in.has("origin")) columns.push_back({"FROM", "origin"});
  print_list(in, dump_json(Json::object().set("items", rows)), columns, "no settings");
  return {};
}

Result<void> validate_config(const Invocation& in) {
  TRACSEQ_TRY(const config::Loaded loaded, load(in));
  const auto faults = config::validate(loaded.config);
  for (const Error& fault : faults) fmt::print(stderr, "{}\n", fault.message);
  if (!faults.empty()) return fail(Code::invalid, fmt::format("{} faults in the settings", faults.size()));
  say(in, "the settings have no faults");
  return {};
}

Result<void> create_token(const Invocation& in) {
  TRACSEQ_TRY(const auto connection, Connection::open(in));
  Json body = Json::object().set("name", in.words[0]).set("role", in.get("role"));
  if (in.has("expires")) body.set("expires_at", in.get("expires"));
  TRACSEQ_TRY(const std::string answer, connection->call(Method::post, "/api/v1/tokens", dump_json(body)));
  print_object(in, answer);
  say(in, "the token is shown this once; keep it");
  return {};
}

Result<void> list_tokens(const Invocation& in) {
  return show_list(in, "/api/v1/tokens" + query_of({{"limit", in.get("limit")}}),
                   {{"ID", "token_id"},
                    {"NAME", "name"},
                    {"ROLE", "role"},
                    {"CREATED", "created_at"},
                    {"EXPIRES", "expires_at"},
                    {"REVOKED", "revoked_at"}},
                   "no tokens");
}

Result<void> revoke_token(const Invocation& in) {
  return show_one(in, Method::del,
                  "/api/v1/tokens/" + encode(in.words[0]) + query_of({{"reason", in.get("reason")}}));
}

Result<void> doctor(const Invocation& in) {
  Json rows = Json::array();
  bool healthy = true;
  const auto add = [&](const char* what, const Result<std::string>& found) {
    healthy = healthy && found.has_value();
    rows.push_back(Json::object()
                       .set("check", what)
                       .set("ok", found.has_value())
                       .set("detail", found ? *found : found.error().message));
  };
  add("program", std::string(kVersion));
  for (const char* module : {"postgres", "duckdb", "onnx"}) {
    const std::string symbol = fmt::format("tracseq_{}_module", module);
    const auto opened = load_module(module, symbol.c_str());
    add(module, opened ? Result<std::string>("opens") : fail(opened.error()));
  }
  const auto loaded = load(in);
  add("settings", loaded ? Result<std::string>("no faults") : fail(loaded.error()));
  const auto connection = Connection::open(in);
  const auto answer =
      connection ? (*connection)->call(Method::get, "/api/v1/whoami") : fail(connection.error());
  add("database or server", answer ? Result<std::string>("answers") : fail(answer.error()));
  print_list(in, dump_json(Json::object().set("items", rows).set("ok", healthy)),
             {{"CHECK", "check"}, {"OK", "ok"}, {"DETAIL", "detail"}}, "");
  if (!healthy) return fail(Code::unavailable, "something is missing; see above");
  return {};
}

Result<void> show_version(const Invocation& in) {
  if (in.json)
    fmt::print("{}\n", dump_json(Json::object().set("version", kVersion)));
  else
    fmt::print("tracseq {}\n", kVersion);
  return {};
}

// The words that may come next, for bash; other shells can source it through bash completion.
Result<void> completion(const Invocation&) {
  std::map<std::string, std::string> verbs;
  std::string nouns;
  for (const auto& commands :
       {service_commands(), tracking_commands(), model_commands(), data_commands(), tool_commands()})
    for (const Command& command : commands) {
      if (!verbs.contains(command.noun)) nouns += command.noun + " ";
      verbs[command.noun] += command.verb + " ";
    }
  fmt::print("_tracseq() {{\n  local cur=${{COMP_WORDS[COMP_CWORD]}}\n  case ${{COMP_WORDS[1]}} in\n");
  for (const auto& [noun, words] : verbs)
    fmt::print(
        "    {}) [ \"$COMP_CWORD\" = 2 ] && COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); [ \"$COMP_CWORD\" "
        "= 2 ] && return ;;\n",
        noun, words);
  fmt::print(
      "  esac\n  [ \"$COMP_CWORD\" = 1 ] && COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))\n}}\ncomplete -o "
      "default -F _tracseq tracseq\n",
      nouns);
  return {};
}

}  // namespace

std::vector<Command> tool_commands() {
  return {
      {"config",
       "show",
       "Show the settings in force",
       {},
       with(config_options(), {{"origin", "", "Also where each came from", Takes::nothing}}),
       show_config},
      {"config", "validate", "Name every fault of the settings", {}, config_options(), validate_config},
      {"token",
       "create",
       "Create an API token",
       {"NAME"},
       with(connection_options(),
            {{"role", "ROLE", "viewer, editor, admin or service", Takes::one, false, "viewer"},
             {"expires", "TIME", "RFC 3339; absent: never"}}),
       create_token},
      {"token",
       "list",
       "List API tokens",
       {},
       with(connection_options(), {{"limit", "N", "How many", Takes::one, false, "100"}}),
       list_tokens},
      {"token",
       "revoke",
       "Revoke an API token",
       {"ID"},
       with(connection_options(), {reason_option()}),
       revoke_token},
      {"doctor",
       "",
       "Check the program, its modules, the settings and the database",
       {},
       with(connection_options(), config_options()),
       doctor},
      {"version", "", "Print the version", {}, {}, show_version},
      {"completion", "", "Print a bash completion script", {}, {}, completion},
  };
}

}  // namespace tracseq::cli
