// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/abtest/types.h"
#include "domain/audit/ledger.h"
#include "storage/sql/database.h"

namespace tracseq::abtest {

// Raw interactions of tests that ended longer ago are removed; their sums stay.
inline constexpr auto kRawKept = std::chrono::hours{24 * 90};

// Exposures and interactions, in batches: the raw rows, the state per user and the sums are written together,
// one transaction a call, all or nothing. A guardrail whose limit is broken pauses its test there and then.
// Taken while a test runs or is paused, and for 24 h after its end, else `conflict`; an unknown test is
// `not_found`, an unknown variant `invalid`. Lifecycle: the database and the ledger outlive it. Thread-safe.
class InteractionLog {
 public:
  InteractionLog(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // A user's first variant is his; one seen in another is counted as crossed.
  Result<LoggedData> expose(const CallContext& ctx, const LogExposures& request);
  // An interaction whose id the test knows changes nothing.
  Result<LoggedData> interact(const CallContext& ctx, const LogInteractions& request);
  // Removes raw interactions past their time, at most sql::kRemovedAtOnceMax. Returns how many.
  Result<std::int64_t> prune(const CallContext& ctx, Timestamp now);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

}  // namespace tracseq::abtest
