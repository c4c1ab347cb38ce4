// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/config/config.h"

namespace tracseq::config {
namespace {

// Of parts that are not there yet; a section stands for all its settings.
constexpr std::array kUnused = {
    "ab_testing",
    "cache",
    "continuous_learning",
    "data_pipeline.batch_size",
    "data_pipeline.feature_store_enabled",
    "data_pipeline.validation_enabled",
    "deployment",
    "experiment_tracking.artifact_retention_days",
    "experiment_tracking.max_experiments",
    "experiment_tracking.metrics_batch_size",
    "model_registry.automatic_cleanup",
    "model_registry.backup_enabled",
    "model_registry.backup_interval_hours",
    "model_registry.max_model_versions",
    "security.api_key_required",
    "security.audit_logging",
    "security.encryption_enabled",
    "security.jwt_secret_key",
    "security.session_timeout_minutes",
};

}  // namespace

bool not_used_yet(std::string_view key) {
  const std::string_view section = key.substr(0, key.find('.'));
  return std::any_of(kUnused.begin(), kUnused.end(),
                     [&](std::string_view unused) { return unused == key || unused == section; });
}

std::string unused_warning(const Loaded& loaded) {
  const Json given = to_document(loaded.config);
  const Json usual = to_document(defaults(loaded.config.environment));
  std::string keys;
  for (const auto& [key, origin] : loaded.origins) {
    const auto dot = key.find('.');
    if (origin == "default" || dot == std::string::npos || !not_used_yet(key)) continue;
    const auto value = [&](const Json& document) {
      const Json* section = document.find(key.substr(0, dot));
      const Json* found = section != nullptr ? section->find(key.substr(dot + 1)) : nullptr;
      return found != nullptr ? *found : Json();
    };
    if (value(given) != value(usual)) keys += (keys.empty() ? "" : ", ") + key;
  }
  return keys.empty() ? keys : fmt::format("kept, but followed by nothing in this version: {}", keys);
}

}  // namespace tracseq::config
