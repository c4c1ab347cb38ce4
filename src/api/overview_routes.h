// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/router.h"

namespace tracseq::api {

// One number of the overview. A series is its last 24 hours or its last entries, oldest first; gaps are null.
struct Tile {
  std::string key;
  std::string label;
  std::optional<double> value;
  std::string unit;  // "", "ratio", "count", "ms", "s", "1/s", "MB", "%"
  std::optional<double> delta;
  std::string delta_against;  // what the delta is measured against, in words
  std::vector<std::optional<double>> series;
};
TRACSEQ_DESCRIBE(Tile, (key, label, value, unit, delta, delta_against, series))

// Something somebody should look at.
struct Attention {
  std::optional<Timestamp> time;
  std::string severity;  // info, warning, critical
  std::string message;
  std::string object_type;
  std::string object_id;
};
TRACSEQ_DESCRIBE(Attention, (time, severity, message, object_type, object_id))

// A version that answers requests now.
struct InProduction {
  std::string model_id;
  std::string name;
  std::string version;
  std::optional<Timestamp> since;
  std::optional<double> predictions_per_hour;
  std::optional<double> p95_ms;
  std::optional<double> error_rate;
  std::string health;   // empty: not watched yet
  std::string test_id;  // of its newest live A/B test; empty: none
};
TRACSEQ_DESCRIBE(InProduction,
                 (model_id, name, version, since, predictions_per_hour, p95_ms, error_rate, health, test_id))

struct Activity {
  std::string entry_id;
  std::optional<Timestamp> time;
  std::string action;
  std::string object_type;
  std::string object_id;
  std::string actor;
  std::string reason;
};
TRACSEQ_DESCRIBE(Activity, (entry_id, time, action, object_type, object_id, actor, reason))

// What the dashboard's first page shows.
struct Overview {
  std::vector<Tile> model_performance;
  std::vector<Tile> system;
  std::vector<Tile> data_quality;
  std::vector<Tile> operations;
  std::vector<Attention> attention;  // newest first
  std::vector<InProduction> production;
  std::vector<Activity> activity;  // newest first
};
TRACSEQ_DESCRIBE(Overview,
                 (model_performance, system, data_quality, operations, attention, production, activity))

// GET /api/v1/overview: composed from the answers of the other routes of this table, so each part needs that
// route's permission; what the caller may not read is left out. The router outlives the route.
Route overview_route(const Router& router);

}  // namespace tracseq::api
