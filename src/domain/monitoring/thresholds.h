// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/monitoring/types.h"
#include "storage/sql/database.h"

namespace tracseq::monitoring {

// When a metric is bad: the mean of its values in a window stands so and so to a warning or critical bound.
// Lifecycle: the database and the ledger outlive it. Thread-safe; each call is one transaction.
class Thresholds {
 public:
  Thresholds(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // `invalid` without a finite bound, `conflict` for an id that exists.
  Result<Threshold> create(const CallContext& ctx, const Threshold& request);
  Result<Threshold> get(const CallContext& ctx, const ThresholdRef& ref);
  Result<ThresholdPage> list(const CallContext& ctx, const ListThresholds& request);
  // Changes what is given.
  Result<Threshold> update(const CallContext& ctx, const UpdateThreshold& request);
  // Its open alerts are resolved with it.
  Result<Threshold> remove(const CallContext& ctx, const ThresholdRef& ref);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

// A threshold with the project it belongs to, as the evaluation reads them.
struct StoredThreshold {
  std::string project_id;
  Threshold threshold;
};
// All thresholds of all projects that are enabled.
Result<std::vector<StoredThreshold>> enabled_thresholds(sql::Session& session);

}  // namespace tracseq::monitoring
