// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <vector>

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/monitoring/types.h"
#include "storage/sql/database.h"
#include "storage/sql/lease.h"

namespace tracseq::monitoring {

// Alerts: thresholds that were crossed. A row per alert; at most one is open per threshold and model.
//   none → open      the window has enough samples and its mean is bad, and the last alert was raised longer
//   ago than
//                    the cool-down
//   open → open      warning becomes critical
//   open → resolved  the mean is good again, no values are left in the window, the threshold was switched off
//   or
//                    deleted, or somebody resolved it
// Lifecycle: the database and the ledger outlive it. Thread-safe; each call is one transaction but for
// `evaluate`.
class Alerts {
 public:
  Alerts(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // Newest first.
  Result<AlertPage> list(const CallContext& ctx, const ListAlerts& request);
  Result<Alert> get(const CallContext& ctx, const AlertRef& ref);
  // Says that somebody looks after it. Again: nothing changes. `conflict` for a resolved one.
  Result<Alert> acknowledge(const CallContext& ctx, const AcknowledgeAlert& request);
  // Again: nothing changes.
  Result<Alert> resolve(const CallContext& ctx, const AlertRef& ref);

  struct Evaluated {
    std::vector<Alert> raised;
    std::vector<Alert> resolved;
    std::int64_t watched = 0;  // thresholds with values in their window, by model, and alerts that were open
  };
  // One step of the reconciler: looks at every threshold of every project and takes the transitions above,
  // each in a transaction of its own. May be called by several at once and cut off anywhere; the next call
  // goes on. With a lease, nothing changes once it is lost (`conflict`).
  Result<Evaluated> evaluate(Timestamp now, std::chrono::minutes cooldown, const sql::Lease* lease = nullptr);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

}  // namespace tracseq::monitoring
