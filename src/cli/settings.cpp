// SPDX-License-Identifier: MIT
#include "cli/settings.h"

#include <fmt/core.h>

#include <filesystem>
#include <utility>

#include "base/log.h"

namespace tracseq::cli {

std::vector<Option> settings_options() {
  return {{"config", "FILE", "The settings file; one that does not exist means defaults", Takes::one, false,
           config::kFileName},
          {"environment", "NAME", "development, staging or production: whose settings hold", Takes::one,
           false, "", "MLOPS_ENVIRONMENT"}};
}

Result<config::Loaded> load_settings(const Invocation& in, std::string_view database_flag) {
  std::map<std::string, std::string> flags;
  if (in.has(database_flag)) flags["database.url"] = in.get(database_flag);
  auto loaded = api::load_settings(in.get("config", config::kFileName), in.get("environment"), flags);
  // Once a command, however often it looks.
  static bool told = false;
  if (loaded && !std::exchange(told, true))
    for (const std::string& warning : loaded->warnings) log::warning("settings.slip", {{"message", warning}});
  return loaded;
}

Result<std::vector<std::string>> settings_arguments(const Invocation& in) {
  std::error_code error;
  const auto file = std::filesystem::absolute(in.get("config", config::kFileName), error);
  if (error)
    return fail(Code::unavailable, fmt::format("the working folder cannot be found: {}", error.message()));
  std::vector<std::string> arguments{"--config", file.string()};
  if (in.has("environment")) arguments.insert(arguments.end(), {"--environment", in.get("environment")});
  return arguments;
}

}  // namespace tracseq::cli
