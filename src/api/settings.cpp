// SPDX-License-Identifier: MIT
#include "api/settings.h"

#include <unistd.h>

#include <string_view>

extern char** environ;

namespace tracseq::api {

std::map<std::string, std::string> process_variables() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Result<config::Loaded> load_settings(const std::string& path, const std::string& environment,
                                     const std::map<std::string, std::string>& flags) {
  config::Sources sources;
  sources.path = path;
  sources.variables = process_variables();
  sources.flags = flags;
  if (!environment.empty()) sources.variables["MLOPS_ENVIRONMENT"] = environment;
  TRACSEQ_TRY(sources.environment, config::environment_of(sources.variables));
  return config::load(sources);
}

CoreOptions core_options(const config::Config& config) {
  CoreOptions options;
  options.database_url = config.database.url;
  options.limits.connections = config.database.max_connections;
  options.limits.connections_kept = config.database.pool_size;
  options.limits.connect_timeout = std::chrono::seconds(config.database.connection_timeout);
  options.monitoring.retention.days = config.monitoring.metrics_retention_days;
  options.monitoring.alert_cooldown = std::chrono::minutes(config.monitoring.alert_cooldown_minutes);
  options.monitoring.error_rate_max = config.monitoring.default_error_threshold;
  return options;
}

}  // namespace tracseq::api
