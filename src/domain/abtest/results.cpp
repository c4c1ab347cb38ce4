// SPDX-License-Identifier: MIT
#include "domain/abtest/results.h"

#include <fmt/core.h>

#include <algorithm>

#include "domain/abtest/abtests.h"
#include "domain/abtest/analysis.h"
#include "domain/abtest/plan.h"

namespace tracseq::abtest {

TRACSEQ_DEFINE_TYPE(Checked)

namespace {

using sql::args;

constexpr std::int64_t kLookUs = 5'000'000;  // looks closer together replace each other …
constexpr std::int64_t kLookShare = 100;     // … and those within a hundredth of the test's age
constexpr std::int64_t kLooksShown = 2'000;

// A look as it is stored: what the chart shows, and the evidence so far.
struct StoredLook {
  Look look;
  EvidenceState evidence;
};
TRACSEQ_DESCRIBE(StoredLook, (look, evidence))
TRACSEQ_DEFINE_TYPE(StoredLook)

constexpr sql::Statement kLast{
    "abtests.last_look",
    "SELECT look, time_us, document FROM abtest_looks WHERE test_key = ? ORDER BY look DESC LIMIT 1"};
constexpr sql::Statement kLooks{
    "abtests.looks", "SELECT document FROM abtest_looks WHERE test_key = ? ORDER BY look DESC LIMIT ?"};
constexpr sql::Statement kWrite{
    "abtests.write_look",
    "INSERT INTO abtest_looks (test_key, look, time_us, users, document) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
    "(test_key, look) DO UPDATE SET users = excluded.users, document = excluded.document"};

struct LastLook {
  std::int64_t number = 0;
  std::int64_t time_us = 0;
  StoredLook stored;
};

Result<LastLook> last_look(sql::Session& session, std::int64_t key) {
  LastLook last;
  TRACSEQ_CHECK(session.query(kLast, args(key), [&](const sql::Row& row) -> Result<void> {
    last.number = row.integer(0);
    last.time_us = row.integer(1);
    TRACSEQ_TRY(last.stored, from_json<StoredLook>(row.text(2), UnknownFields::ignore));
    return {};
  }));
  return last;
}

Look look_of(const StoredTest& stored, const Report& report) {
  Look look{report.calculated_at, stored.test.users, report.split.p_value, {}, report.split.users};
  for (const MetricReport& one : report.metrics)
    if (one.role == MetricRole::primary && one.variant != kControl)
      look.points.push_back({one.variant, one.effect, one.low, one.high, one.p_value});
  return look;
}

Result<Report> report_of(sql::Session& session, const StoredTest& stored, const EvidenceState& evidence,
                         Timestamp at) {
  TRACSEQ_TRY(const Sums sums, read_sums(session, stored.key));
  TRACSEQ_TRY(const auto counts, read_counts(session, stored.key));
  return make_report({stored, sums, counts, evidence, at});
}

void write_down(const Verdict& verdict, AbTest& test) {
  test.winner = verdict.decision == Decision::better || verdict.variant == kControl ? verdict.variant : "";
  test.significant = true;
}

// Completes the test with the verdict's winner.
Result<void> complete(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored,
                      const Verdict& verdict) {
  write_down(verdict, stored.test);
  return AbTests::move(tx, ctx, stored, TestStatus::completed, verdict.reason);
}

bool shown(const Verdict& verdict) {
  return verdict.decision == Decision::better || verdict.decision == Decision::worse;
}

std::string broken_guardrail(const Report& report) {
  for (const GuardrailReport& one : report.guardrails) {
    if (!one.broken || one.limit) continue;  // limits are watched where data comes in
    return fmt::format("guardrail {} of {} is shown to be worse than control's", one.metric, one.variant);
  }
  return {};
}

// Whether the planned time is over.
bool over(const AbTest& test, Timestamp at) {
  const auto planned =
      std::chrono::microseconds(static_cast<std::int64_t>(test.plan.planned_duration_days * 86'400e6));
  return planned.count() > 0 && test.started_at && at - *test.started_at >= planned;
}

}  // namespace

Result<Report> Results::report(const CallContext& ctx, const TestRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<Report> {
    TRACSEQ_TRY(const StoredTest stored, load_test(session, ctx.project_id, ref.test_id));
    TRACSEQ_TRY(const LastLook last, last_look(session, stored.key));
    return report_of(session, stored, last.stored.evidence, now());
  });
}

Result<LookList> Results::looks(const CallContext& ctx, const TestRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<LookList> {
    TRACSEQ_TRY(const StoredTest stored, load_test(session, ctx.project_id, ref.test_id));
    LookList list;
    TRACSEQ_CHECK(
        session.query(kLooks, args(stored.key, kLooksShown), [&](const sql::Row& row) -> Result<void> {
          TRACSEQ_TRY(const StoredLook look, from_json<StoredLook>(row.text(0), UnknownFields::ignore));
          list.items.push_back(look.look);
          return {};
        }));
    std::reverse(list.items.begin(), list.items.end());
    return list;
  });
}

// Reports, and remembers the evidence. A group-sequential look that is due changes what the report says, so
// it is made again.
Result<Report> Results::look(sql::Transaction& tx, const StoredTest& stored, Timestamp at) {
  TRACSEQ_TRY(const LastLook last, last_look(tx, stored.key));
  TRACSEQ_TRY(const Sums sums, read_sums(tx, stored.key));
  TRACSEQ_TRY(const auto counts, read_counts(tx, stored.key));
  const Seen before{stored, sums, counts, last.stored.evidence, at};
  Report report = make_report(before);
  StoredLook taken;
  taken.evidence = take_look(before, report);
  if (stored.test.plan.method == SequentialMethod::group_sequential)
    report = make_report({stored, sums, counts, taken.evidence, at});
  taken.look = look_of(stored, report);
  const std::int64_t age = at.us - stored.test.started_at.value_or(at).us;
  const std::int64_t apart = std::max(kLookUs, age / kLookShare);
  const bool fresh = last.number == 0 || at.us - last.time_us >= apart;
  TRACSEQ_CHECK(tx.execute(kWrite, args(stored.key, fresh ? last.number + 1 : last.number, at,
                                        stored.test.users, to_json(taken))));
  TRACSEQ_CHECK(note_look(tx, stored.key, at, stored.test.interactions));
  return report;
}

Result<Checked> Results::check(const CallContext& ctx, const TestRef& ref) {
  return ledger_.append<Checked>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& notes) -> Result<Checked> {
        TRACSEQ_TRY(StoredTest stored, load_test(tx, ctx.project_id, ref.test_id, Access::change));
        const bool live =
            stored.test.status == TestStatus::running || stored.test.status == TestStatus::paused;
        if (!live) {
          TRACSEQ_TRY(const LastLook last, last_look(tx, stored.key));
          TRACSEQ_TRY(const Report report, report_of(tx, stored, last.stored.evidence, now()));
          return Checked{false, fmt::format("the test is {}", enum_name(stored.test.status)), report.verdict};
        }
        TRACSEQ_TRY(const Report report, look(tx, stored, now()));
        Checked checked{shown(report.verdict), report.verdict.reason, report.verdict};
        notes.push_back(
            {"abtest looks", "abtest", stored.test.test_id, 1, sha256(bytes_of(to_json(report))), "abtests"});
        if (checked.stopped) TRACSEQ_CHECK(complete(tx, ctx, stored, report.verdict));
        return checked;
      });
}

Result<void> Results::conclude(sql::Transaction& tx, StoredTest& stored) {
  TRACSEQ_TRY(const Report report, look(tx, stored, now()));
  if (shown(report.verdict)) write_down(report.verdict, stored.test);
  return {};
}

Result<std::int64_t> Results::watch_one(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored,
                                        Timestamp at) {
  AbTest& test = stored.test;
  const bool running = test.status == TestStatus::running;
  std::int64_t did = 0;
  if (running && !test.plan.ramp.empty() && test.started_at) {
    const double hours = static_cast<double>((at - *test.started_at).count()) / 3.6e9;
    const double wanted = coverage_at(test.plan, hours);
    if (wanted > test.coverage) {
      audit::Record record;
      record.object_id = test.test_id;
      record.before = Json::object().set("coverage", test.coverage);
      test.coverage = wanted;
      record.after = Json::object().set("coverage", wanted);
      record.publish("abtests", "ramped");
      TRACSEQ_CHECK(update_test(tx, stored));
      CallContext there = ctx;
      there.project_id = stored.project_id;
      TRACSEQ_CHECK(audit::Ledger::write_entry(tx, there, {"abtest.ramp", "abtest", test.test_id}, record));
      ++did;
    }
  }
  const bool ends = running && over(test, at);
  if (test.interactions == stored.looked_interactions && !ends) return did;
  TRACSEQ_TRY(const Report report, look(tx, stored, at));
  ++did;
  if (!running) return did;
  if (const std::string why = broken_guardrail(report); !why.empty()) {
    TRACSEQ_CHECK(AbTests::move(tx, ctx, stored, TestStatus::paused, why));
  } else if (shown(report.verdict) && (test.plan.automatic_stopping || ends)) {
    TRACSEQ_CHECK(complete(tx, ctx, stored, report.verdict));
  } else if (ends) {
    TRACSEQ_CHECK(AbTests::move(tx, ctx, stored, TestStatus::completed, "planned duration reached"));
  }
  return did;
}

Result<std::int64_t> Results::watch(const CallContext& ctx, Timestamp at, const sql::Lease* lease) {
  TRACSEQ_TRY(const auto live, database_.read([&](sql::Session& session) { return live_tests(session); }));
  std::int64_t did = 0;
  for (const StoredTest& one : live) {
    TRACSEQ_CHECK(ctx.check());
    TRACSEQ_TRY(const std::int64_t done, database_.write([&](sql::Transaction& tx) -> Result<std::int64_t> {
      if (lease != nullptr) TRACSEQ_CHECK(sql::Leases::check(tx, *lease));
      TRACSEQ_TRY(StoredTest stored, load_test(tx, one.project_id, one.test.test_id, Access::change));
      if (stored.test.status != TestStatus::running && stored.test.status != TestStatus::paused) return 0;
      return watch_one(tx, ctx, stored, at);
    }));
    did += done;
  }
  return did;
}

}  // namespace tracseq::abtest
