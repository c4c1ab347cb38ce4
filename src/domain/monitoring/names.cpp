// SPDX-License-Identifier: MIT
#include "domain/monitoring/names.h"

#include <array>
#include <utility>

namespace tracseq::monitoring {
namespace {

constexpr std::array<std::pair<std::string_view, MetricType>, 11> kTypes{{
    {"accuracy", MetricType::accuracy},
    {"prediction_accuracy", MetricType::accuracy},
    {"latency", MetricType::latency},
    {kLatency, MetricType::latency},
    {kThroughput, MetricType::throughput},
    {"error_rate", MetricType::error_rate},
    {kError, MetricType::error_rate},
    {"memory_usage", MetricType::memory_usage},
    {kMemory, MetricType::memory_usage},
    {"cpu_usage", MetricType::cpu_usage},
    {kCpu, MetricType::cpu_usage},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSameMetric{{
    {"accuracy", "prediction_accuracy"},
    {"latency", kLatency},
    {"error_rate", kError},
}};

}  // namespace

MetricType type_of_name(std::string_view name) noexcept {
  for (const auto& [known, type] : kTypes)
    if (name == known) return type;
  return MetricType::custom;
}

std::vector<std::string> recorded_names(std::string_view name) {
  for (const auto& [shorter, longer] : kSameMetric)
    if (name == shorter || name == longer) return {std::string(longer), std::string(shorter)};
  return {std::string(name)};
}

}  // namespace tracseq::monitoring
