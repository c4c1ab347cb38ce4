// SPDX-License-Identifier: MIT
#include "base/config/types.h"

namespace tracseq::config {
namespace {
constexpr double kCountMax = 1e6;       // of anything counted in a setting
constexpr double kSecondsMax = 86'400;  // a time-out or interval longer than a day is a slip of the pen
constexpr double kDaysMax = 36'500;
constexpr std::size_t kTextMax = 4096;
}  // namespace

TRACSEQ_DEFINE_ENUM(Environment)

TRACSEQ_DEFINE_TYPE(
    DatabaseConfig,
    {.name = "url",
     .text = "sqlite:///file, sqlite:////absolute/file, postgresql://… or the URL of a server",
     .length_max = kTextMax,
     .length_min = 1,
     .secret = true},
    {.name = "max_connections", .text = "most connections of one process", .min = 1, .max = 10'000},
    {.name = "connection_timeout", .text = "seconds to wait for a connection", .min = 1, .max = kSecondsMax},
    {.name = "pool_size", .text = "connections kept open", .min = 1, .max = 10'000})

TRACSEQ_DEFINE_TYPE(
    ModelRegistryConfig,
    {.name = "registry_path", .text = "folder of the models", .length_max = kTextMax, .length_min = 1},
    {.name = "max_model_versions",
     .text = "versions of a model kept by the clean-up",
     .min = 1,
     .max = kCountMax},
    {.name = "automatic_cleanup", .text = "whether old versions are removed"},
    {.name = "backup_enabled", .text = "whether the registry is backed up"},
    {.name = "backup_interval_hours", .text = "hours between backups", .min = 1, .max = 8760})

TRACSEQ_DEFINE_TYPE(
    ExperimentTrackingConfig,
    {.name = "tracking_dir",
     .text = "folder of the runs' artifacts",
     .length_max = kTextMax,
     .length_min = 1},
    {.name = "max_experiments", .text = "most experiments kept", .min = 1, .max = 1e9},
    {.name = "artifact_retention_days",
     .text = "days an artifact of a deleted run is kept",
     .min = 1,
     .max = kDaysMax},
    {.name = "metrics_batch_size", .text = "metric points committed together", .min = 1, .max = 65'536})

TRACSEQ_DEFINE_TYPE(
    ABTestingConfig,
    {.name = "results_dir", .text = "folder of the results", .length_max = kTextMax, .length_min = 1},
    {.name = "default_confidence_level", .text = "confidence of the intervals", .min = 0.5, .max = 0.9999},
    {.name = "default_statistical_power", .text = "power a test is planned with", .min = 0.5, .max = 0.9999},
    {.name = "max_concurrent_tests", .text = "tests that may run at once", .min = 1, .max = kCountMax},
    {.name = "automatic_stopping", .text = "whether a decided test ends by itself"})

TRACSEQ_DEFINE_TYPE(
    ContinuousLearningConfig,
    {.name = "data_dir", .text = "folder of collected data", .length_max = kTextMax, .length_min = 1},
    {.name = "monitoring_interval_minutes",
     .text = "minutes between checks of drift",
     .min = 1,
     .max = 525'600},
    {.name = "max_training_time_hours",
     .text = "hours after which a training is ended",
     .min = 1,
     .max = 8760},
    {.name = "quality_threshold", .text = "least score of a model that is kept", .min = 0, .max = 1},
    {.name = "improvement_threshold", .text = "least relative gain of a new model", .min = 0, .max = 1})

TRACSEQ_DEFINE_TYPE(
    MonitoringConfig,
    {.name = "dashboard_dir",
     .text = "folder of generated dashboards",
     .length_max = kTextMax,
     .length_min = 1},
    {.name = "metrics_retention_days", .text = "days monitoring values are kept", .min = 1, .max = kDaysMax},
    {.name = "health_check_interval_seconds",
     .text = "seconds between health values",
     .min = 1,
     .max = kSecondsMax},
    {.name = "alert_cooldown_minutes", .text = "minutes an alert is not repeated", .min = 0, .max = 525'600},
    {.name = "default_error_threshold", .text = "share of errors that is too much", .min = 0, .max = 1})

TRACSEQ_DEFINE_TYPE(
    DeploymentConfig,
    {.name = "container_registry_url", .text = "where images are pushed to", .length_max = kTextMax},
    {.name = "kubernetes_config_path",
     .text = "kubeconfig file; none: no Kubernetes",
     .length_max = kTextMax},
    {.name = "default_health_timeout", .text = "seconds to wait for health", .min = 1, .max = kSecondsMax},
    {.name = "default_replicas", .text = "replicas of a deployment", .min = 1, .max = 10'000},
    {.name = "rollback_enabled", .text = "whether a bad deployment is rolled back"})

TRACSEQ_DEFINE_TYPE(
    DataPipelineConfig,
    {.name = "data_dir", .text = "folder of the pipelines' files", .length_max = kTextMax, .length_min = 1},
    {.name = "batch_size", .text = "rows worked on together", .min = 1, .max = kCountMax},
    {.name = "validation_enabled", .text = "whether data is checked against its schema"},
    {.name = "quality_threshold", .text = "least quality score a run accepts", .min = 0, .max = 1},
    {.name = "feature_store_enabled", .text = "whether features are kept for serving"})

TRACSEQ_DEFINE_TYPE(
    SecurityConfig, {.name = "api_key_required", .text = "whether calls need a key"},
    {.name = "jwt_secret_key", .text = "signs the tokens", .length_max = kTextMax, .secret = true},
    {.name = "session_timeout_minutes", .text = "minutes until a session ends", .min = 1, .max = 525'600},
    {.name = "encryption_enabled", .text = "whether artifacts are encrypted at rest"},
    {.name = "audit_logging", .text = "whether the audit trail is also logged"},
    {.name = "api_key", .text = "the key clients send", .length_max = kTextMax, .secret = true})

TRACSEQ_DEFINE_TYPE(CacheConfig, {.name = "redis_url",
                                  .text = "redis://…; none: a cache in the process",
                                  .length_max = kTextMax,
                                  .secret = true})

TRACSEQ_DEFINE_TYPE(Config)

}  // namespace tracseq::config
