// SPDX-License-Identifier: MIT
// tracseq config …, token …, doctor, version, completion
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/config/config.h"
#include "base/module.h"
#include "cli/completion.h"
#include "cli/connect.h"
#include "cli/resource.h"
#include "cli/settings.h"
#include "cli/version.h"
#include "domain/serving/onnx_engine.h"
#include "storage/sql/postgres/entry.h"
#include "storage/sql/url.h"
#include "storage/tables/table_engine.h"

namespace tracseq::cli {
namespace {

using api::Method;

// What may be seen of a setting: of a secret that is a URL all but its password, of others only that it is
// set.
Json shown(const Field& field, const Json& value) {
  const std::string text = value.string_or("");
  if (!field.doc.secret || text.empty()) return value;
  return Json(text.find("://") == std::string::npos ? "***" : sql::mask_password(text));
}

// One row per setting.
Json setting_rows(const config::Loaded& loaded) {
  Json rows = Json::array();
  const Json document = to_document(loaded.config);
  const auto add = [&](const std::string& key, const Json& value) {
    const auto origin = loaded.origins.find(key);
    rows.push_back(Json::object()
                       .set("key", key)
                       .set("value", value)
                       .set("origin", origin == loaded.origins.end() ? "" : origin->second)
                       .set("note", config::not_used_yet(key) ? "not used yet" : ""));
  };
  for (const Field& section : type_info<config::Config>().fields) {
    const Json& values = *document.find(section.name);
    if (section.type().kind != Kind::object) {
      add(section.name, values);
      continue;
    }
    for (const Field& field : section.type().fields) {
      const Json* value = values.find(field.name);
      add(fmt::format("{}.{}", section.name, field.name), value != nullptr ? shown(field, *value) : Json());
    }
  }
  return rows;
}

Result<void> show_config(const Invocation& in) {
  TRACSEQ_TRY(const config::Loaded loaded, load_settings(in));
  std::vector<Shown> columns{{"KEY", "key"}, {"VALUE", "value"}, {"NOTE", "note"}};
  if (in.has("origin")) columns.push_back({"FROM", "origin"});
  print_list(in, dump_json(Json::object().set("items", setting_rows(loaded))), columns, "no settings");
  return {};
}

Result<void> validate_config(const Invocation& in) {
  TRACSEQ_TRY(const config::Loaded loaded, load_settings(in));
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

Result<void> pair_token(const Invocation& in) {
  TRACSEQ_TRY(const auto connection, Connection::open(in));
  const Json body = Json::object().set("code", in.words[0]).set("reason", in.get("reason"));
  TRACSEQ_TRY(const std::string answer,
              connection->call(Method::post, "/api/v1/tokens/pair", dump_json(body)));
  print_object(in, answer);
  say(in,
      "it gets a token of the role service; `tracseq token list` shows it, `tracseq token revoke` ends it");
  return {};
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
  for (const auto& [module, entry] :
       {std::pair{"postgres", sql::postgres::kEntryName}, std::pair{"duckdb", tables::kEngineEntry},
        std::pair{"onnx", serving::kOnnxEntry}}) {
    const auto opened = load_module(module, entry);
    add(module, opened ? Result<std::string>("opens") : fail(opened.error()));
  }
  const auto loaded = load_settings(in);
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

Result<void> completion(const Invocation& in) {
  TRACSEQ_TRY(const std::string script, completion_script(in.get("shell"), all_commands()));
  fmt::print("{}", script);
  return {};
}

}  // namespace

std::vector<Command> tool_commands() {
  return {
      {"config",
       "show",
       "Show the settings in force",
       {},
       with(settings_options(), {{"origin", "", "Also where each came from", Takes::nothing}}),
       show_config},
      {"config", "validate", "Name every fault of the settings", {}, settings_options(), validate_config},
      {"token",
       "create",
       "Create an API token",
       {"NAME"},
       with(connection_options(),
            {{"role", "ROLE", "viewer, editor, admin or service", Takes::one, false, "viewer"},
             {"expires", "TIME", "RFC 3339; absent: never"}}),
       create_token},
      {"token",
       "pair",
       "Let in the model server that shows this code",
       {"CODE"},
       with(connection_options(), {reason_option()}),
       pair_token},
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
       connection_options(),
       doctor},
      {"version", "", "Print the version", {}, {}, show_version},
      {"completion",
       "",
       "Print a completion script for a shell; bash: source <(tracseq completion)",
       {},
       {{"shell", "bash|zsh|fish", "For which", Takes::one, false, "bash"}},
       completion},
  };
}

}  // namespace tracseq::cli
