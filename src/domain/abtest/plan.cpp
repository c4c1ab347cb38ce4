// SPDX-License-Identifier: MIT
#include "domain/abtest/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace tracseq::abtest {

TRACSEQ_DEFINE_ENUM(MetricRole)

namespace {

constexpr double kShareTolerance = 1e-6;

Result<void> check_variants(const Plan& plan) {
  std::set<std::string> names;
  double sum = 0;
  for (std::size_t i = 0; i < plan.variants.size(); ++i) {
    const Variant& variant = plan.variants[i];
    if (!names.insert(variant.name).second)
      return fail_field(fmt::format("plan.variants[{}].name", i),
                        fmt::format("there are two variants '{}'; names are unique", variant.name));
    sum += variant.share;
  }
  if (!names.contains(kControl))
    return fail_field("plan.variants",
                      "one variant is named 'control': the one the others are compared with");
  if (std::abs(sum - 1) > kShareTolerance)
    return fail_field("plan.variants",
                      fmt::format("the variants' shares sum to {}; they must sum to 1", sum));
  for (const auto& [user, variant] : plan.forced_variants)
    if (!names.contains(variant))
      return fail_field("plan.forced_variants",
                        fmt::format("user '{}' is forced into '{}', which is no variant", user, variant));
  return {};
}

Result<void> check_metric(const MetricPlan& metric, const std::string& place) {
  if (metric.winsor_low && metric.winsor_high && *metric.winsor_low > *metric.winsor_high)
    return fail_field(place + ".winsor_low",
                      fmt::format("winsor_low is {}; it must not exceed winsor_high, {}", *metric.winsor_low,
                                  *metric.winsor_high));
  if (!metric.covariate.empty() && metric.kind != MetricKind::mean && metric.kind != MetricKind::proportion)
    return fail_field(place + ".covariate", "a covariate goes with the kinds mean and proportion");
  if (!metric.denominator.empty() && metric.kind != MetricKind::ratio)
    return fail_field(place + ".denominator", "a denominator goes with the kind ratio");
  for (const auto& limit : {metric.winsor_low, metric.winsor_high, metric.limit})
    if (limit && !std::isfinite(*limit)) return fail_field(place, "limits must be finite");
  return {};
}

Result<void> check_metrics(const Plan& plan) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < plan.metrics.size(); ++i) {
    const std::string place = fmt::format("plan.metrics[{}]", i);
    if (!names.insert(plan.metrics[i].name).second)
      return fail_field(place + ".name", fmt::format("'{}' is described twice", plan.metrics[i].name));
    TRACSEQ_CHECK(check_metric(plan.metrics[i], place));
  }
  std::set<std::string> roles{plan.primary_metric};
  for (const std::string& name : plan.secondary_metrics)
    if (name.empty() || !roles.insert(name).second)
      return fail_field("plan.secondary_metrics", fmt::format("'{}' is named twice, or empty", name));
  return {};
}

Result<void> check_ramp(const Plan& plan) {
  double hours = -1, coverage = 0;
  for (const RampStep& step : plan.ramp) {
    if (step.after_hours <= hours || step.coverage < coverage)
      return fail_field("plan.ramp", "the steps of a ramp go forward in time and never take users back");
    hours = step.after_hours;
    coverage = step.coverage;
  }
  if (!plan.ramp.empty() && plan.ramp.front().after_hours != 0)
    return fail_field("plan.ramp", "the first step of a ramp is at 0 hours");
  return {};
}

Metric filled(MetricPlan plan, MetricRole role) {
  if (plan.field.empty()) plan.field = plan.name;
  plan.field = measure_name(plan.field);
  if (!plan.denominator.empty()) plan.denominator = measure_name(plan.denominator);
  if (!plan.direction) plan.direction = default_direction(plan.field);
  return {std::move(plan), role};
}

Metric by_name(const Plan& plan, const std::string& name, MetricRole role) {
  const auto described = std::find_if(plan.metrics.begin(), plan.metrics.end(),
                                      [&](const MetricPlan& metric) { return metric.name == name; });
  MetricPlan metric;
  if (described != plan.metrics.end()) metric = *described;
  metric.name = name;
  Metric made = filled(std::move(metric), role);
  if (role == MetricRole::guardrail && !made.plan.limit) {
    if (made.plan.field == "error_rate") made.plan.limit = plan.error_rate_threshold;
    if (made.plan.field == "latency") made.plan.limit = plan.latency_threshold_ms;
  }
  return made;
}

}  // namespace

std::string_view measure_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kSame{{
      {"latency_ms", "latency"},
      {"average_latency", "latency"},
      {"average_latency_ms", "latency"},
      {"conversion_rate", "conversion"},
      {"mean_value", "value"},
      {"error", "error_rate"},
      {"errors", "error_rate"},
      {"success_rate", "success"},
  }};
  for (const auto& [alias, measure] : kSame)
    if (alias == name) return measure;
  return name;
}

Direction default_direction(std::string_view measure) {
  return measure == "error_rate" || measure == "latency" ? Direction::decrease : Direction::increase;
}

Result<void> check_plan(const Plan& plan) {
  TRACSEQ_CHECK(check_variants(plan));
  TRACSEQ_CHECK(check_metrics(plan));
  TRACSEQ_CHECK(check_ramp(plan));
  const Json::Object* filters = plan.user_filters.as_object();
  if (!plan.user_filters.is_null() && filters == nullptr)
    return fail_field("plan.user_filters", "user_filters must be an object of attributes");
  if (filters != nullptr && filters->size() > kFiltersMax)
    return fail_field("plan.user_filters", fmt::format("at most {} attributes are taken", kFiltersMax));
  if (plan.exclusion_group && plan.exclusion_group->low >= plan.exclusion_group->high)
    return fail_field("plan.exclusion_group", "low must be below high");
  if (plan.method == SequentialMethod::group_sequential && !plan.maximum_sample_size)
    return fail_field("plan.maximum_sample_size",
                      "group_sequential spends its error over the planned users: give maximum_sample_size");
  if (plan.maximum_sample_size && *plan.maximum_sample_size < plan.minimum_sample_size)
    return fail_field("plan.maximum_sample_size",
                      fmt::format("maximum_sample_size is {}; it must not be below minimum_sample_size, {}",
                                  *plan.maximum_sample_size, plan.minimum_sample_size));
  return {};
}

std::vector<Metric> planned_metrics(const Plan& plan) {
  std::vector<Metric> metrics;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name, MetricRole role) {
    if (seen.insert(name).second) metrics.push_back(by_name(plan, name, role));
  };
  add(plan.primary_metric, MetricRole::primary);
  for (const std::string& name : plan.secondary_metrics) add(name, MetricRole::secondary);
  for (const std::string& name : plan.guardrail_metrics) add(name, MetricRole::guardrail);
  for (const MetricPlan& metric : plan.metrics) add(metric.name, MetricRole::found);
  return metrics;
}

Metric found_metric(std::string_view measure) {
  MetricPlan plan;
  plan.name = measure;
  return filled(std::move(plan), MetricRole::found);
}

double coverage_at(const Plan& plan, double hours) {
  double coverage = 1;
  for (const RampStep& step : plan.ramp)
    if (hours >= step.after_hours) coverage = step.coverage;
  return coverage;
}

}  // namespace tracseq::abtest
