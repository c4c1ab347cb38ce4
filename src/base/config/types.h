// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/describe.h"

// The settings of a whole installation: what `mlops_config.json` holds and what `mlops.config` gives to
// Python. Plain values; documents and ranges stand in types.cpp, defaults of the environments in
// defaults.cpp.
namespace tracseq::config {

enum class Environment { development, staging, production };
TRACSEQ_DESCRIBE_ENUM(Environment, development, staging, production)

struct DatabaseConfig {
  std::string url = "sqlite:///mlops.db";
  std::int32_t max_connections = 20;
  std::int32_t connection_timeout = 30;  // seconds
  std::int32_t pool_size = 10;
};
TRACSEQ_DESCRIBE(DatabaseConfig, (url, max_connections, connection_timeout, pool_size))

struct ModelRegistryConfig {
  std::string registry_path = "./mlops_data/model_registry";
  std::int32_t max_model_versions = 10;
  bool automatic_cleanup = true;
  bool backup_enabled = true;
  std::int32_t backup_interval_hours = 24;
};
TRACSEQ_DESCRIBE(ModelRegistryConfig, (registry_path, max_model_versions, automatic_cleanup, backup_enabled,
                                       backup_interval_hours))

struct ExperimentTrackingConfig {
  std::string tracking_dir = "./mlops_data/experiments";
  std::int32_t max_experiments = 1000;
  std::int32_t artifact_retention_days = 90;
  std::int32_t metrics_batch_size = 100;
};
TRACSEQ_DESCRIBE(ExperimentTrackingConfig,
                 (tracking_dir, max_experiments, artifact_retention_days, metrics_batch_size))

struct ABTestingConfig {
  std::string results_dir = "./mlops_data/ab_tests";
  double default_confidence_level = 0.95;
  double default_statistical_power = 0.8;
  std::int32_t max_concurrent_tests = 10;
  bool automatic_stopping = true;
};
TRACSEQ_DESCRIBE(ABTestingConfig, (results_dir, default_confidence_level, default_statistical_power,
                                   max_concurrent_tests, automatic_stopping))

struct ContinuousLearningConfig {
  std::string data_dir = "./mlops_data/continuous_learning";
  std::int32_t monitoring_interval_minutes = 60;
  std::int32_t max_training_time_hours = 4;
  double quality_threshold = 0.8;
  double improvement_threshold = 0.01;
};
TRACSEQ_DESCRIBE(ContinuousLearningConfig, (data_dir, monitoring_interval_minutes, max_training_time_hours,
                                            quality_threshold, improvement_threshold))

struct MonitoringConfig {
  std::string dashboard_dir = "./mlops_data/dashboards";
  std::int32_t metrics_retention_days = 30;
  std::int32_t health_check_interval_seconds = 30;
  std::int32_t alert_cooldown_minutes = 15;
  double default_error_threshold = 0.05;
};
TRACSEQ_DESCRIBE(MonitoringConfig, (dashboard_dir, metrics_retention_days, health_check_interval_seconds,
                                    alert_cooldown_minutes, default_error_threshold))

struct DeploymentConfig {
  std::string container_registry_url = "localhost:5000";
  std::optional<std::string> kubernetes_config_path;
  std::int32_t default_health_timeout = 300;  // seconds
  std::int32_t default_replicas = 2;
  bool rollback_enabled = true;
};
TRACSEQ_DESCRIBE(DeploymentConfig, (container_registry_url, kubernetes_config_path, default_health_timeout,
                                    default_replicas, rollback_enabled))

struct DataPipelineConfig {
  std::string data_dir = "./mlops_data/data_pipeline";
  std::int32_t batch_size = 1000;
  bool validation_enabled = true;
  double quality_threshold = 0.7;
  bool feature_store_enabled = false;
};
TRACSEQ_DESCRIBE(DataPipelineConfig,
                 (data_dir, batch_size, validation_enabled, quality_threshold, feature_store_enabled))

struct SecurityConfig {
  bool api_key_required = true;
  std::string jwt_secret_key;
  std::int32_t session_timeout_minutes = 60;
  bool encryption_enabled = true;
  bool audit_logging = true;
  std::string api_key;
};
TRACSEQ_DESCRIBE(SecurityConfig, (api_key_required, jwt_secret_key, session_timeout_minutes,
                                  encryption_enabled, audit_logging, api_key))

struct CacheConfig {
  std::optional<std::string> redis_url;
};
TRACSEQ_DESCRIBE(CacheConfig, (redis_url))

// The names and their order are those of the Python record `MLOpsConfig`.
struct Config {
  Environment environment = Environment::development;
  DatabaseConfig database;
  ModelRegistryConfig model_registry;
  ExperimentTrackingConfig experiment_tracking;
  ABTestingConfig ab_testing;
  ContinuousLearningConfig continuous_learning;
  MonitoringConfig monitoring;
  DeploymentConfig deployment;
  DataPipelineConfig data_pipeline;
  SecurityConfig security;
  CacheConfig cache;
};
TRACSEQ_DESCRIBE(Config, (environment, database, model_registry, experiment_tracking, ab_testing,
                          continuous_learning, monitoring, deployment, data_pipeline, security, cache))

// What holds for an environment when neither a file nor a variable says otherwise. No default is a secret.
Config defaults(Environment environment);

}  // namespace tracseq::config
