// SPDX-License-Identifier: MIT
#include "api/monitoring_routes.h"

#include "base/log.h"
#include "storage/sql/retention.h"

namespace tracseq::api {
namespace {

using namespace monitoring;
using enum Method;
using enum Effect;

constexpr RouteOptions kBatch{.status = 201, .body_bytes_max = 32UL << 20};
constexpr auto kEvaluateEvery = std::chrono::seconds(2);  // an alert is promised within 10 s of a value
constexpr auto kPruneEvery = std::chrono::minutes(5);

std::vector<Route> value_routes(Monitoring& m) {
  return {
      route(
          post, "/api/v1/predictions", "predictions:write", appends, "Record predictions, all or none",
          [&](const CallContext& ctx, const RecordPredictions& in) { return m.predictions.record(ctx, in); },
          kBatch),
      route(get, "/api/v1/predictions", "predictions:read", reads, "List recorded predictions, newest first",
            [&](const CallContext& ctx, const ListPredictions& in) { return m.predictions.list(ctx, in); }),
      route(
          post, "/api/v1/monitoring/metrics", "monitoring:write", appends,
          "Record values of models' metrics, all or none",
          [&](const CallContext& ctx, const RecordMetrics& in) { return m.values.record(ctx, in); }, kBatch),
      route(get, "/api/v1/monitoring/metrics", "monitoring:read", reads,
            "List values of a model's metrics, newest first",
            [&](const CallContext& ctx, const ListMetrics& in) { return m.values.list(ctx, in); }),
      route(get, "/api/v1/monitoring/series", "monitoring:read", reads,
            "Get count, mean, extremes and percentiles of a model's metric by stretches of time",
            [&](const CallContext& ctx, const GetBuckets& in) { return m.values.buckets(ctx, in); }),
      route(get, "/api/v1/monitoring/models", "monitoring:read", reads,
            "List the models in use with their health",
            [&](const CallContext& ctx, const ListModels& in) { return m.health.list(ctx, in); }),
      route(get, "/api/v1/monitoring/models/{model_id}/metrics", "monitoring:read", reads,
            "List a model's metrics by name, with count, first and last time",
            [&](const CallContext& ctx, const ListMetricNames& in) { return m.values.metrics(ctx, in); }),
      route(get, "/api/v1/monitoring/models/{model_id}/health", "monitoring:read", reads,
            "Get a model's health",
            [&](const CallContext& ctx, const ModelRef& in) { return m.health.get(ctx, in); }),
  };
}

std::vector<Route> alert_routes(Monitoring& m) {
  const std::string thresholds = "/api/v1/thresholds";
  const std::string threshold = "/api/v1/thresholds/{threshold_id}";
  const std::string alert = "/api/v1/alerts/{alert_id}";
  return {
      route(post, thresholds, "thresholds:write", changes, "Create a threshold",
            [&](const CallContext& ctx, const Threshold& in) { return m.thresholds.create(ctx, in); },
            {.status = 201}),
      route(get, thresholds, "thresholds:read", reads, "List thresholds, newest first",
            [&](const CallContext& ctx, const ListThresholds& in) { return m.thresholds.list(ctx, in); }),
      route(get, threshold, "thresholds:read", reads, "Get a threshold",
            [&](const CallContext& ctx, const ThresholdRef& in) { return m.thresholds.get(ctx, in); }),
      route(patch, threshold, "thresholds:write", changes, "Change a threshold",
            [&](const CallContext& ctx, const UpdateThreshold& in) { return m.thresholds.update(ctx, in); }),
      route(del, threshold, "thresholds:delete", changes, "Delete a threshold and resolve its alerts",
            [&](const CallContext& ctx, const ThresholdRef& in) { return m.thresholds.remove(ctx, in); }),
      route(get, "/api/v1/alerts", "alerts:read", reads, "List alerts, newest first",
            [&](const CallContext& ctx, const ListAlerts& in) { return m.alerts.list(ctx, in); }),
      route(get, alert, "alerts:read", reads, "Get an alert",
            [&](const CallContext& ctx, const AlertRef& in) { return m.alerts.get(ctx, in); }),
      route(
          post, alert + "/acknowledge", "alerts:write", changes, "Say that somebody looks after an alert",
          [&](const CallContext& ctx, const AcknowledgeAlert& in) { return m.alerts.acknowledge(ctx, in); }),
      route(post, alert + "/resolve", "alerts:write", changes, "Resolve an alert",
            [&](const CallContext& ctx, const AlertRef& in) { return m.alerts.resolve(ctx, in); }),
  };
}

Result<std::int64_t> evaluate(Monitoring& m, const sql::Lease& lease) {
  TRACSEQ_TRY(const Alerts::Evaluated evaluated, m.alerts.evaluate(now(), m.options.alert_cooldown, &lease));
  for (const Alert& alert : evaluated.raised)
    log::warning("alert raised",
                 {{"alert_id", alert.alert_id}, {"model_id", alert.model_id}, {"message", alert.message}});
  for (const Alert& alert : evaluated.resolved)
    log::info("alert resolved", {{"alert_id", alert.alert_id}, {"model_id", alert.model_id}});
  return evaluated.watched;  // as long as values come in or an alert is open there is something to drive
}

}  // namespace

std::vector<Route> monitoring_routes(Monitoring& services) {
  std::vector<Route> routes = value_routes(services);
  for (Route& one : alert_routes(services)) routes.push_back(std::move(one));
  return routes;
}

std::vector<DriverStep> monitoring_steps(Monitoring& m) {
  return {
      {"monitoring.evaluate", kEvaluateEvery,
       [&](const CallContext&, const sql::Lease& lease) { return evaluate(m, lease); }, 0, Lane::prompt},
      {"monitoring.expire_predictions", kPruneEvery,
       [&](const CallContext& ctx, const sql::Lease&) {
         return m.predictions.prune(ctx, now(), m.options.retention);
       },
       sql::kRemovedAtOnceMax},
      {"monitoring.expire_values", kPruneEvery,
       [&](const CallContext& ctx, const sql::Lease&) {
         return m.values.prune(ctx, now(), m.options.retention.days);
       },
       sql::kRemovedAtOnceMax},
  };
}

}  // namespace tracseq::api
