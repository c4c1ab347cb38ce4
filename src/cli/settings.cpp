// SPDX-License-Identifier: MIT
#include "cli/settings.h"

#include <unistd.h>

#include <map>
#include <string_view>

extern char** environ;

namespace tracseq::cli {
namespace {

std::map<std::string, std::string> process_variables() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace

Result<config::Loaded> load_settings(const std::string& path, const std::string& environment) {
  config::Sources sources;
  sources.path = path;
  sources.variables = process_variables();
  if (!environment.empty()) sources.variables["MLOPS_ENVIRONMENT"] = environment;
  TRACSEQ_TRY(sources.environment, config::environment_of(sources.variables));
  return config::load(sources);
}

Result<api::Monitoring::Options> monitoring_settings() {
  TRACSEQ_TRY(const config::Loaded loaded, load_settings());
  const config::MonitoringConfig& given = loaded.config.monitoring;
  api::Monitoring::Options options;
  options.retention.days = given.metrics_retention_days;
  options.alert_cooldown = std::chrono::minutes(given.alert_cooldown_minutes);
  options.error_rate_max = given.default_error_threshold;
  return options;
}

}  // namespace tracseq::cli
