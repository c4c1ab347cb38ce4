// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/monitoring/types.h"
#include "storage/sql/database.h"

namespace tracseq::monitoring {

// How models in use do now, from their values and open alerts.
// unhealthy: a critical alert is open, or errors are at twice the limit; degraded: another alert is open, or
// errors are over the limit. The score is the share of answers without error, times 0.4 under a critical and
// 0.7 under a warning alert. Lifecycle: the database outlives it. Thread-safe; each call reads one snapshot.
class HealthReports {
 public:
  explicit HealthReports(sql::Database& database, double error_rate_max = 0.05)
      : database_(database), error_rate_max_(error_rate_max) {}

  // `not_found` for a model without any value.
  Result<ModelHealth> get(const CallContext& ctx, const ModelRef& ref);
  // Every model that has a value, by name.
  Result<ModelHealthList> list(const CallContext& ctx, const ListModels& request);

 private:
  sql::Database& database_;
  const double error_rate_max_;
};

}  // namespace tracseq::monitoring
