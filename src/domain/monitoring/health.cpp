// SPDX-License-Identifier: MIT
#include "domain/monitoring/health.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "domain/monitoring/alert_rows.h"
#include "domain/monitoring/names.h"
#include "domain/monitoring/series.h"

namespace tracseq::monitoring {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kCurrentUs = 300'000'000;  // "now" is the mean of five minutes
constexpr double kScoreUnderCritical = 0.4;
constexpr double kScoreUnderWarning = 0.7;

using SeriesByMetric = std::map<std::string, std::vector<StoredSeries>>;

// The mean of the last five minutes, else the last value; also tells the newest version and prediction.
Result<void> read_current(sql::Session& session, const SeriesByMetric& metrics, Timestamp at,
                          ModelHealth& health) {
  std::int64_t newest_us = 0;
  for (const auto& [name, series] : metrics) {
    TRACSEQ_TRY(const Rollup current, window_of(session, series, at.us - kCurrentUs,
                                                at.us + kFineSeconds * 1'000'000, Quantiles::without));
    std::int64_t last_us = 0;
    double last = 0;
    for (const StoredSeries& one : series) {
      TRACSEQ_TRY(const auto newest, newest_rollup(session, one.series_id));
      if (!newest || newest->rollup.last_us < last_us) continue;
      last_us = newest->rollup.last_us;
      last = newest->rollup.last;
      if (last_us >= newest_us) {
        newest_us = last_us;
        health.model_version = one.model_version;
      }
    }
    health.current_metrics[name] = current.mean().value_or(last);
    if (name == kLatency && last_us != 0) health.last_prediction = Timestamp{last_us};
    if (name == kLatency && !metrics.contains(std::string(kThroughput)))
      health.current_metrics[std::string(kThroughput)] =
          static_cast<double>(current.all()) / window_seconds(at.us - kCurrentUs, at.us);
    if (name == kError) health.current_metrics["error_rate"] = current.mean().value_or(0);
  }
  return {};
}

Result<void> read_hour(sql::Session& session, const SeriesByMetric& metrics, Timestamp at,
                       ModelHealth& health) {
  const auto hour_of = [&](std::string_view name) -> Result<Rollup> {
    const auto found = metrics.find(std::string(name));
    if (found == metrics.end()) return Rollup{};
    return window_of(session, found->second, at.us - kHourUs, at.us + kFineSeconds * 1'000'000,
                     Quantiles::without);
  };
  TRACSEQ_TRY(const Rollup latency, hour_of(kLatency));
  TRACSEQ_TRY(const Rollup errors, hour_of(kError));
  health.predictions_last_hour = latency.all();
  health.average_latency_ms = latency.mean().value_or(0);
  health.error_rate_last_hour = errors.mean().value_or(0);
  return {};
}

void judge(ModelHealth& health, const std::vector<OpenAlert>& alerts, const std::string& project_id,
           double error_rate_max) {
  bool warning = false;
  bool critical = false;
  for (const OpenAlert& open : alerts) {
    if (open.project_id != project_id || open.alert.model_id != health.model_id) continue;
    health.active_alerts.push_back(open.alert.alert_id);
    (open.alert.severity == Severity::critical ? critical : warning) = true;
  }
  const double errors = std::clamp(health.error_rate_last_hour, 0.0, 1.0);
  if (critical || errors >= 2 * error_rate_max) {
    health.overall_health = Health::unhealthy;
  } else if (warning || errors > error_rate_max) {
    health.overall_health = Health::degraded;
  }
  health.health_score = (1 - errors) * (critical ? kScoreUnderCritical : warning ? kScoreUnderWarning : 1.0);
}

Result<ModelHealth> report(sql::Session& session, const std::string& project_id, const std::string& model_id,
                           const SeriesByMetric& metrics, const std::vector<OpenAlert>& alerts,
                           double error_rate_max) {
  ModelHealth health;
  const Timestamp at = now();
  health.model_id = model_id;
  health.last_updated = at;
  TRACSEQ_CHECK(read_current(session, metrics, at, health));
  TRACSEQ_CHECK(read_hour(session, metrics, at, health));
  const auto system = [&](std::string_view name) {
    const auto found = health.current_metrics.find(std::string(name));
    return found == health.current_metrics.end() ? 0.0 : found->second;
  };
  health.memory_usage_mb = system(kMemory);
  health.cpu_usage_percent = system(kCpu);
  judge(health, alerts, project_id, error_rate_max);
  return health;
}

}  // namespace

Result<ModelHealth> HealthReports::get(const CallContext& ctx, const ModelRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<ModelHealth> {
    TRACSEQ_TRY(const auto series, find_series(session, ctx.project_id, ref.model_id, {}));
    if (series.empty())
      return fail({Code::not_found,
                   fmt::format("nothing has been recorded of a model '{}'", ref.model_id),
                   {},
                   "model_id"});
    SeriesByMetric metrics;
    for (const StoredSeries& one : series) metrics[one.metric_name].push_back(one);
    TRACSEQ_TRY(const auto alerts, open_alerts(session));
    return report(session, ctx.project_id, ref.model_id, metrics, alerts, error_rate_max_);
  });
}

Result<ModelHealthList> HealthReports::list(const CallContext& ctx, const ListModels& request) {
  return database_.read([&](sql::Session& session) -> Result<ModelHealthList> {
    TRACSEQ_TRY(const auto series, find_series(session, ctx.project_id, {}, {}));
    std::map<std::string, SeriesByMetric> models;
    for (const StoredSeries& one : series) models[one.model_id][one.metric_name].push_back(one);
    TRACSEQ_TRY(const auto alerts, open_alerts(session));
    ModelHealthList list;
    for (const auto& [model_id, metrics] : models) {
      if (static_cast<std::int64_t>(list.items.size()) >= request.limit) break;
      TRACSEQ_TRY(ModelHealth health,
                  report(session, ctx.project_id, model_id, metrics, alerts, error_rate_max_));
      list.items.push_back(std::move(health));
    }
    return list;
  });
}

}  // namespace tracseq::monitoring
