// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/abtest/report.h"
#include "domain/abtest/rows.h"
#include "domain/audit/ledger.h"
#include "storage/sql/lease.h"

namespace tracseq::abtest {

struct Checked {
  bool stopped = false;  // a variant is shown better or worse; the test is completed
  std::string reason;
  Verdict verdict;
};
TRACSEQ_DESCRIBE(Checked, (stopped, reason, verdict))

// What tests say. Reads the sums only, so that its time does not grow with the users. Lifecycle: the database
// and the ledger outlive it. Thread-safe; an unknown test is `not_found`.
class Results {
 public:
  explicit Results(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // Changes nothing. A group-sequential test is judged by the looks that were taken.
  Result<Report> report(const CallContext& ctx, const TestRef& ref);
  // The looks that were taken, oldest first.
  Result<LookList> looks(const CallContext& ctx, const TestRef& ref);
  // Takes a look and completes a live test whose verdict is better or worse.
  Result<Checked> check(const CallContext& ctx, const TestRef& ref);

  // Takes a last look at a live test that somebody ends, and writes into it which variant was shown better or
  // worse, if any.
  Result<void> conclude(sql::Transaction& tx, StoredTest& stored);

  // One step of the reconciler: a look at each live test with new data; guardrails pause, ramps grow, planned
  // ends and (where the plan says so) verdicts complete. Returns how many tests changed or were looked at.
  Result<std::int64_t> watch(const CallContext& ctx, Timestamp at, const sql::Lease* lease = nullptr);

 private:
  Result<Report> look(sql::Transaction& tx, const StoredTest& stored, Timestamp at);
  Result<std::int64_t> watch_one(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored,
                                 Timestamp at);

  sql::Database& database_;
  audit::Ledger& ledger_;
};

}  // namespace tracseq::abtest
