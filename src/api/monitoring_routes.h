// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "api/driver.h"
#include "api/route.h"
#include "domain/monitoring/alerts.h"
#include "domain/monitoring/health.h"
#include "domain/monitoring/predictions.h"
#include "domain/monitoring/thresholds.h"
#include "domain/monitoring/values.h"

namespace tracseq::api {

// The services of monitoring over one database, as the core holds them.
struct Monitoring {
  struct Options {
    monitoring::Retention retention;
    std::chrono::minutes alert_cooldown{15};
    double error_rate_max = 0.05;  // beyond, a model is degraded
  };
  Monitoring(sql::Database& database, audit::Ledger& ledger, const Options& given)
      : options(given),
        predictions(database, ledger),
        values(database, ledger),
        thresholds(database, ledger),
        alerts(database, ledger),
        health(database, given.error_rate_max) {}

  const Options options;
  monitoring::PredictionLog predictions;
  monitoring::MetricValues values;
  monitoring::Thresholds thresholds;
  monitoring::Alerts alerts;
  monitoring::HealthReports health;
};

// Predictions, metric values, health, thresholds and alerts below /api/v1. The services outlive the routes.
std::vector<Route> monitoring_routes(Monitoring& services);

// What is driven: the evaluation of thresholds every few seconds, retention now and then.
std::vector<DriverStep> monitoring_steps(Monitoring& services);

}  // namespace tracseq::api
