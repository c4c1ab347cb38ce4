// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/monitoring/types.h"

namespace tracseq::monitoring {

inline constexpr std::string_view kLatency = "prediction_latency";  // ms
inline constexpr std::string_view kError = "prediction_error";      // 0 or 1
inline constexpr std::string_view kConfidence = "confidence_score";
inline constexpr std::string_view kThroughput = "throughput";  // derived: predictions per second
inline constexpr std::string_view kCpu = "cpu_usage_percent";
inline constexpr std::string_view kMemory = "memory_usage_mb";

// The type that follows from a metric's name, else custom.
MetricType type_of_name(std::string_view name) noexcept;

// The names under which values of this metric were recorded: itself and its other name. `accuracy` and
// `prediction_accuracy` are one metric, so are `latency` and `prediction_latency`, `error_rate` and
// `prediction_error`.
std::vector<std::string> recorded_names(std::string_view name);

}  // namespace tracseq::monitoring
