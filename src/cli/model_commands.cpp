// SPDX-License-Identifier: MIT
// tracseq model …
#include "cli/connect.h"
#include "cli/resource.h"

namespace tracseq::cli {
namespace {

using api::Method;

std::string model_path(const Invocation& in) { return "/api/v1/models/" + encode(in.words[0]); }
std::string version_path(const Invocation& in) { return model_path(in) + "/versions/" + encode(in.words[1]); }

Result<void> promote(const Invocation& in) {
  const Json body = Json::object().set("to_status", in.get("to")).set("reason", in.get("reason"));
  return show_one(in, Method::post, version_path(in) + "/promote", dump_json(body));
}

Result<void> roll_back(const Invocation& in) {
  Json body = Json::object().set("reason", in.get("reason"));
  if (in.has("to")) body.set("to_version", in.get("to"));
  return show_one(in, Method::post, model_path(in) + "/rollback", dump_json(body));
}

Result<void> list_versions(const Invocation& in) {
  return show_list(in, model_path(in) + "/versions" + page_query(in),
                   {{"VERSION", "version"},
                    {"STATUS", "status"},
                    {"SERVABLE", "servable"},
                    {"ACCURACY", "accuracy"},
                    {"F1", "f1_score"},
                    {"REPORTED PREDICTIONS", "prediction_count"},
                    {"CREATED", "created_at"}},
                   "no versions");
}

Result<void> list_models(const Invocation& in) {
  return show_list(in, "/api/v1/models" + page_query(in),
                   {{"MODEL", "model_id"},
                    {"NAME", "name"},
                    {"TYPE", "model_type"},
                    {"LATEST", "latest_version"},
                    {"PRODUCTION", "production_version"},
                    {"VERSIONS", "version_count"},
                    {"UPDATED", "updated_at"}},
                   "no models");
}

}  // namespace

std::vector<Command> model_commands() {
  const auto connected = connection_options();
  return {
      {"model", "list", "List registered models", {}, with(connected, page_options()), list_models},
      {"model",
       "get",
       "Show a model",
       {"MODEL"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::get, model_path(in)); }},
      {"model",
       "versions",
       "List the versions of a model",
       {"MODEL"},
       with(connected, page_options()),
       list_versions},
      {"model",
       "version",
       "Show a version",
       {"MODEL", "VERSION"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::get, version_path(in)); }},
      {"model",
       "promote",
       "Move a version to another stage",
       {"MODEL", "VERSION"},
       with(connected, {{"to", "STATUS", "staging, production, archived …", Takes::one, false, "production"},
                        reason_option()}),
       promote},
      {"model",
       "rollback",
       "Go back to the version in production before, or to a named one",
       {"MODEL"},
       with(connected, {{"to", "VERSION", "Absent: the one before"}, reason_option()}),
       roll_back},
      {"model",
       "delete",
       "Delete a version that is not in production",
       {"MODEL", "VERSION"},
       connected,
       [](const Invocation& in) { return show_one(in, Method::del, version_path(in)); }},
  };
}

}  // namespace tracseq::cli
