// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/route.h"
#include "base/metrics.h"
#include "domain/serving/follower.h"
#include "domain/serving/model_table.h"
#include "domain/serving/recording_queue.h"

namespace tracseq::inference {

struct RecordingReport {
  std::int64_t delivered = 0;
  std::int64_t overflowed = 0;
  std::int64_t rejected = 0;
  std::int64_t damaged = 0;
  std::int64_t spooled = 0;
  std::int64_t spool_bytes = 0;
  std::string last_error;
};
TRACSEQ_DESCRIBE(RecordingReport,
                 (delivered, overflowed, rejected, damaged, spooled, spool_bytes, last_error))

struct ServingHealth {
  std::string status;  // "ok", "degraded", "waiting", "draining"
  std::string reason;
  std::string version;
  serving::FollowerReport registry;
  std::vector<serving::ModelReport> models;
  RecordingReport recording;
};
TRACSEQ_DESCRIBE(ServingHealth, (status, reason, version, registry, models, recording))

// What the probes look at; all of it outlives the routes.
struct HealthSources {
  const serving::ModelTable& table;
  const serving::Follower& follower;
  const serving::RecordingQueue& recording;
  metrics::Registry& metrics;
  std::function<bool()> draining;
  std::function<std::string()> pairing;  // what it waits for to be let in by the registry; empty: nothing
  std::string version;
};

// GET /health, /livez, /readyz, /metrics. `/health` is 200 while every model in production that can be served
// is served, else 503 with the reason; `/readyz` the same in short; a registry that is away alone makes
// neither fail.
std::vector<api::Route> health_routes(const HealthSources& sources);

// The state `/health` reports.
ServingHealth serving_health(const HealthSources& sources);

}  // namespace tracseq::inference
