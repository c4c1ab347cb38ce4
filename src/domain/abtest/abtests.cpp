// SPDX-License-Identifier: MIT
#include "domain/abtest/abtests.h"

#include <fmt/core.h>

#include "base/id.h"
#include "domain/abtest/plan.h"

namespace tracseq::abtest {
namespace {

using sql::args;

constexpr std::size_t kAssignersMax = 1'000;

constexpr sql::Statement kPlace{
    "abtests.place", "SELECT test_key, status, coverage FROM abtests WHERE project_id = ? AND test_id = ?"};
constexpr sql::Statement kGroup{
    "abtests.in_group",
    "SELECT test_id, plan FROM abtests WHERE project_id = ? AND namespace_name = ? AND status IN ('running', "
    "'paused') AND test_id <> ?"};
constexpr sql::Statement kLockGroup{
    "abtests.lock_group", "SELECT COUNT(*) FROM abtests WHERE project_id = ? AND namespace_name = ?",
    "SELECT pg_advisory_xact_lock(hashtext(? || ' ' || ?))"};

Error wrong_status(const AbTest& test, const char* verb) {
  return {Code::conflict,
          fmt::format("the A/B test '{}' is {}; it cannot be {}", test.test_id, enum_name(test.status), verb),
          {},
          "test_id"};
}

bool allowed(TestStatus from, TestStatus to) {
  switch (to) {
    case TestStatus::running:
      return from == TestStatus::planning || from == TestStatus::paused;
    case TestStatus::paused:
      return from == TestStatus::running;
    case TestStatus::completed:
      return from == TestStatus::running || from == TestStatus::paused;
    case TestStatus::cancelled:
      return from == TestStatus::planning;
    case TestStatus::planning:
      return false;
  }
  return false;
}

const char* verb_of(TestStatus to, TestStatus from) {
  switch (to) {
    case TestStatus::running:
      return from == TestStatus::planning ? "start" : "resume";
    case TestStatus::paused:
      return "pause";
    case TestStatus::completed:
      return "complete";
    default:
      return "cancel";
  }
}

// A user is in one test of a group at most.
Result<void> check_group(sql::Session& tx, const StoredTest& stored) {
  const auto& group = stored.test.plan.exclusion_group;
  if (!group) return {};
  TRACSEQ_CHECK(tx.query(kLockGroup, args(stored.project_id, group->name),
                         [](const sql::Row&) -> Result<void> { return {}; }));
  return tx.query(kGroup, args(stored.project_id, group->name, stored.test.test_id),
                  [&](const sql::Row& row) -> Result<void> {
                    TRACSEQ_TRY(const Plan other, from_json<Plan>(row.text(1), UnknownFields::ignore));
                    const auto& theirs = other.exclusion_group;
                    if (!theirs || theirs->high <= group->low || group->high <= theirs->low) return {};
                    return fail({Code::conflict,
                                 fmt::format("the exclusion group '{}' gives {} to {} to the live test '{}'",
                                             group->name, theirs->low, theirs->high, row.text(0)),
                                 {},
                                 "plan.exclusion_group"});
                  });
}

// Changes the test in memory and in its row.
Result<void> take_to(sql::Transaction& tx, StoredTest& stored, TestStatus to, const std::string& reason) {
  AbTest& test = stored.test;
  if (test.status == TestStatus::planning && to == TestStatus::running) {
    TRACSEQ_CHECK(check_group(tx, stored));
    test.started_at = now();
    test.coverage = coverage_at(test.plan, 0);
  }
  if (to == TestStatus::completed || to == TestStatus::cancelled) test.ended_at = now();
  test.status = to;
  test.status_reason = reason;
  return update_test(tx, stored);
}

CallContext with_reason(const CallContext& ctx, const std::string& reason) {
  CallContext copy = ctx;
  if (!reason.empty()) copy.reason = reason;
  return copy;
}

Json status_document(const AbTest& test) {
  return Json::object().set("status", std::string(enum_name(test.status))).set("reason", test.status_reason);
}

}  // namespace

Result<AbTest> AbTests::create(const CallContext& ctx, const CreateTest& request) {
  TRACSEQ_CHECK(check_plan(request.plan));
  AbTest test;
  test.test_id = request.test_id.empty() ? new_id() : request.test_id;
  test.name = request.name;
  test.description = request.description;
  test.hypothesis = request.hypothesis;
  test.plan = request.plan;
  test.created_at = now();
  test.created_by = request.created_by.empty() ? ctx.actor.id : request.created_by;
  return ledger_.change<AbTest>(ctx, {"abtest.create", "abtest", test.test_id},
                                [&](sql::Transaction& tx, audit::Record& record) -> Result<AbTest> {
                                  TRACSEQ_CHECK(insert_test(tx, ctx.project_id, test));
                                  record.after = to_document(test);
                                  record.publish("abtests", "created");
                                  return test;
                                });
}

Result<AbTest> AbTests::get(const CallContext& ctx, const TestRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<AbTest> {
    TRACSEQ_TRY(StoredTest stored, load_test(session, ctx.project_id, ref.test_id));
    return std::move(stored.test);
  });
}

Result<TestPage> AbTests::list(const CallContext& ctx, const ListTests& request) {
  return database_.read([&](sql::Session& session) -> Result<TestPage> {
    TRACSEQ_TRY(auto tests, list_tests(session, ctx.project_id, request));
    TestPage page;
    const bool more = static_cast<std::int64_t>(tests.size()) > request.limit;
    if (more) tests.pop_back();
    for (StoredTest& stored : tests) page.items.push_back(std::move(stored.test));
    if (more) page.next_page_token = page.items.back().test_id;
    return page;
  });
}

Result<AbTest> AbTests::moved(const CallContext& ctx, const MoveTest& request, const char* action,
                              TestStatus to, Conclude conclude) {
  return ledger_.change<AbTest>(
      with_reason(ctx, request.reason), {fmt::format("abtest.{}", action), "abtest", request.test_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<AbTest> {
        TRACSEQ_TRY(StoredTest stored, load_test(tx, ctx.project_id, request.test_id, Access::change));
        const TestStatus from = stored.test.status;
        TestStatus target = to;
        if (to == TestStatus::completed && from == TestStatus::planning) target = TestStatus::cancelled;
        const bool right_move = std::string_view(action) != "resume" || from == TestStatus::paused;
        const bool right_start = std::string_view(action) != "start" || from == TestStatus::planning;
        if (!allowed(from, target) || !right_move || !right_start)
          return fail(wrong_status(stored.test, action));
        record.before = status_document(stored.test);
        if (target == TestStatus::completed) TRACSEQ_CHECK(conclude(tx, stored));
        TRACSEQ_CHECK(take_to(tx, stored, target, request.reason));
        record.after = status_document(stored.test);
        record.publish("abtests", std::string(enum_name(target)));
        return std::move(stored.test);
      });
}

Result<AbTest> AbTests::start(const CallContext& ctx, const MoveTest& request) {
  return moved(ctx, request, "start", TestStatus::running);
}
Result<AbTest> AbTests::pause(const CallContext& ctx, const MoveTest& request) {
  return moved(ctx, request, "pause", TestStatus::paused);
}
Result<AbTest> AbTests::resume(const CallContext& ctx, const MoveTest& request) {
  return moved(ctx, request, "resume", TestStatus::running);
}
Result<AbTest> AbTests::stop(const CallContext& ctx, const MoveTest& request, Conclude conclude) {
  return moved(ctx, request, "stop", TestStatus::completed, conclude);
}

Result<void> AbTests::move(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored, TestStatus to,
                           const std::string& reason) {
  if (!allowed(stored.test.status, to))
    return fail(wrong_status(stored.test, verb_of(to, stored.test.status)));
  const std::string action = fmt::format("abtest.{}", verb_of(to, stored.test.status));
  audit::Record record;
  record.object_id = stored.test.test_id;
  record.before = status_document(stored.test);
  TRACSEQ_CHECK(take_to(tx, stored, to, reason));
  record.after = status_document(stored.test);
  record.publish("abtests", std::string(enum_name(to)));
  CallContext reasoned = with_reason(ctx, reason);
  reasoned.project_id = stored.project_id;
  return audit::Ledger::write_entry(tx, reasoned, {action, "abtest", stored.test.test_id}, record);
}

std::shared_ptr<const Assigner> AbTests::assigner(std::int64_t key, const StoredTest& stored) {
  auto made = std::make_shared<const Assigner>(stored.test.test_id, stored.project_id, stored.test.plan);
  const Lock lock(mutex_);
  if (assigners_.size() >= kAssignersMax) assigners_.clear();
  return assigners_[key] = std::move(made);
}

Result<Assignment> AbTests::assign(const CallContext& ctx, const AssignUser& request) {
  return database_.read([&](sql::Session& session) -> Result<Assignment> {
    struct Place {
      std::int64_t key;
      bool running;
      double coverage;
    };
    TRACSEQ_TRY(const auto place,
                session.query_one(kPlace, args(ctx.project_id, request.test_id), [](const sql::Row& row) {
                  return Place{row.integer(0), row.text(1) == "running", row.real(2)};
                }));
    if (!place || !place->running) return Assignment{std::nullopt, "not_running", false};
    std::shared_ptr<const Assigner> found;
    {
      const Lock lock(mutex_);
      const auto known = assigners_.find(place->key);
      if (known != assigners_.end()) found = known->second;
    }
    if (!found) {  // the plan never changes, so it is read once
      TRACSEQ_TRY(const StoredTest stored, load_test(session, ctx.project_id, request.test_id));
      found = assigner(place->key, stored);
    }
    return found->assign(request.user_id, request.attributes, place->coverage);
  });
}

}  // namespace tracseq::abtest
