// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/context.h"
#include "base/function_ref.h"
#include "base/mutex.h"
#include "domain/abtest/assignment.h"
#include "domain/abtest/rows.h"
#include "domain/abtest/types.h"
#include "domain/audit/ledger.h"

namespace tracseq::abtest {

inline constexpr auto kNothingShown = [](sql::Transaction&, StoredTest&) -> Result<void> { return {}; };

// The tests and their life: planning → running ⇄ paused → completed; planning → cancelled. The plan is fixed
// with the creation. Lifecycle: the database and the ledger outlive it. Thread-safe; each call is one
// transaction. An unknown test is `not_found`, a move its status does not allow `conflict`.
class AbTests {
 public:
  AbTests(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  Result<AbTest> create(const CallContext& ctx, const CreateTest& request);
  Result<AbTest> get(const CallContext& ctx, const TestRef& ref);
  // Newest first.
  Result<TestPage> list(const CallContext& ctx, const ListTests& request);
  // `conflict` also where a live test of the exclusion group overlaps its range.
  Result<AbTest> start(const CallContext& ctx, const MoveTest& request);
  Result<AbTest> pause(const CallContext& ctx, const MoveTest& request);
  Result<AbTest> resume(const CallContext& ctx, const MoveTest& request);
  // Completes a test that was started, cancels one that was not. `conclude` writes down what a test that is
  // completed showed, in the same transaction.
  using Conclude = FunctionRef<Result<void>(sql::Transaction&, StoredTest&)>;
  Result<AbTest> stop(const CallContext& ctx, const MoveTest& request, Conclude conclude = kNothingShown);

  // Which variant the user gets now; unknown tests and those that do not run give none. Reads only.
  Result<Assignment> assign(const CallContext& ctx, const AssignUser& request);

  // Inside somebody's transaction: takes the locked test to another status and writes the audit entry.
  static Result<void> move(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored, TestStatus to,
                           const std::string& reason);

 private:
  Result<AbTest> moved(const CallContext& ctx, const MoveTest& request, const char* action, TestStatus to,
                       Conclude conclude = kNothingShown);
  std::shared_ptr<const Assigner> assigner(std::int64_t key, const StoredTest& stored);

  sql::Database& database_;
  audit::Ledger& ledger_;
  Mutex mutex_;
  std::map<std::int64_t, std::shared_ptr<const Assigner>> assigners_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::abtest
