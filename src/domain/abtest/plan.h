// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/abtest/types.h"

namespace tracseq::abtest {

enum class MetricRole { primary, secondary, guardrail, found };
TRACSEQ_DESCRIBE_ENUM(MetricRole, primary, secondary, guardrail, found)

// A metric with all its defaults filled in.
struct Metric {
  MetricPlan plan;  // field, direction set
  MetricRole role = MetricRole::found;
};

// Checks what the fields' own ranges do not: names, shares, roles, ramp, filters. `invalid` names the field.
Result<void> check_plan(const Plan& plan);
// The metrics of a plan by name: primary first, then secondary, guardrails, those only described.
std::vector<Metric> planned_metrics(const Plan& plan);
// A metric nobody planned: the mean over interactions of a measure.
Metric found_metric(std::string_view measure);
// The one name of a measure: latency_ms and average_latency_ms are latency, conversion_rate is conversion …
std::string_view measure_name(std::string_view name);
Direction default_direction(std::string_view measure);
// Share of the users let in, `hours` after the start.
double coverage_at(const Plan& plan, double hours);

}  // namespace tracseq::abtest
