// SPDX-License-Identifier: MIT
#include "base/config/types.h"

namespace tracseq::config {

Config defaults(Environment environment) {
  Config config;
  config.environment = environment;
  if (environment == Environment::development) {
    config.database.url = "sqlite:///mlops_dev.db";
    config.monitoring.health_check_interval_seconds = 60;
    config.security.api_key_required = false;
    config.security.encryption_enabled = false;
  }
  if (environment == Environment::production) {
    config.database.max_connections = 50;
    config.database.pool_size = 20;
    config.model_registry.backup_interval_hours = 6;
    config.monitoring.health_check_interval_seconds = 15;
    config.monitoring.alert_cooldown_minutes = 5;
    config.deployment.default_replicas = 3;
    config.security.session_timeout_minutes = 30;
  }
  return config;
}

}  // namespace tracseq::config
