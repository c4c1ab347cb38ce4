// SPDX-License-Identifier: MIT
#include "domain/audit/ledger.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "base/id.h"
#include "storage/sql/retention.h"
#include "storage/sql/testing.h"

namespace tracseq::audit {

struct Thing {
  std::string name;
  std::int64_t number = 0;
};
TRACSEQ_DESCRIBE(Thing, (name, number))
TRACSEQ_DEFINE_TYPE(Thing)

namespace {

using sql::args;

constexpr sql::Statement kBump{"test.bump",
                               "INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO "
                               "UPDATE SET value = counters.value + 1"};
constexpr sql::Statement kRead{"test.read", "SELECT value FROM counters WHERE name = ?"};
constexpr sql::Statement kEvents{"test.events",
                                 "SELECT topic, kind, object_id, data FROM outbox ORDER BY position"};
constexpr sql::Statement kCanonical{"test.canonical", "SELECT canonical, leaf_hash FROM audit_entries"};

class LedgerTest : public sql::testing::DatabaseTest {
 protected:
  CallContext context(std::string key = {}, std::string fingerprint = {}) {
    CallContext ctx;
    ctx.actor.id = "os:tester@here";
    ctx.request_id = new_id();
    ctx.idempotency_key = std::move(key);
    ctx.fingerprint = std::move(fingerprint);
    return ctx;
  }
  Result<Thing> bump(Ledger& ledger, const CallContext& ctx, const std::string& name) {
    return ledger.change<Thing>(ctx, {"thing.bump", "thing", name},
                                [&](sql::Transaction& tx, Record& record) -> Result<Thing> {
                                  TRACSEQ_CHECK(tx.execute(kBump, args(name)));
                                  record.delta = Json::object().set("name", name);
                                  record.publish("things", "bumped");
                                  return Thing{name, 7};
                                });
  }
  std::int64_t value(const std::string& name) {
    const auto found = database().read([&](sql::Session& session) {
      return session.query_one(kRead, args(name), [](const sql::Row& row) { return row.integer(0); });
    });
    return found && *found ? **found : 0;
  }
  std::vector<Entry> entries(Ledger& ledger) {
    auto page = ledger.list(context(), {});
    EXPECT_TRUE(page) << page.error().message;
    return page ? page->items : std::vector<Entry>{};
  }
};
TRACSEQ_ON_BOTH_DATABASES(LedgerTest);

TEST_P(LedgerTest, AChangeWritesItsEntryAndItsEvent) {
  Ledger ledger{database()};
  CallContext ctx = context();
  ctx.reason = "because";
  ASSERT_TRUE(bump(ledger, ctx, "a"));
  const auto found = entries(ledger);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].action, "thing.bump");
  EXPECT_EQ(found[0].actor, "os:tester@here");
  EXPECT_EQ(found[0].reason, "because");
  EXPECT_EQ(found[0].object_id, "a");
  EXPECT_EQ(dump_json(found[0].delta), R"({"name":"a"})");
  const auto events = database().read([](sql::Session& session) {
    return session.query_all(
        kEvents, {}, [](const sql::Row& row) { return row.str(0) + "." + row.str(1) + " " + row.str(2); });
  });
  ASSERT_TRUE(events);
  EXPECT_EQ(*events, std::vector<std::string>{"things.bumped a"});
}

TEST_P(LedgerTest, TheLeafHashIsThatOfTheCanonicalBytes) {
  Ledger ledger{database()};
  ASSERT_TRUE(bump(ledger, context(), "a"));
  const auto matches = database().read([](sql::Session& session) {
    return session.query_all(kCanonical, {}, [](const sql::Row& row) {
      const std::string leaf = std::string(1, '\0') + std::string(text_of(row.bytes(0)));
      return hex(sha256(bytes_of(leaf))) == hex(row.bytes(1));
    });
  });
  ASSERT_TRUE(matches);
  EXPECT_EQ(*matches, std::vector<bool>{true});
}

TEST_P(LedgerTest, AFailedChangeLeavesNothing) {
  Ledger ledger{database()};
  const auto failed = ledger.change<Thing>(context("key"), {"thing.bump", "thing", "a"},
                                           [&](sql::Transaction& tx, Record& record) -> Result<Thing> {
                                             TRACSEQ_CHECK(tx.execute(kBump, args("a")));
                                             record.publish("things", "bumped");
                                             return fail(Code::conflict, "no");
                                           });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::conflict);
  EXPECT_EQ(value("a"), 0);
  EXPECT_TRUE(entries(ledger).empty());
  EXPECT_TRUE(bump(ledger, context("key"), "a")) << "the key of a failed call is free again";
}

TEST_P(LedgerTest, ARepeatWithTheSameKeyReturnsTheFirstAnswer) {
  Ledger ledger{database()};
  const auto first = bump(ledger, context("key", "print"), "a");
  const auto again = bump(ledger, context("key", "print"), "a");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(again->name, "a");
  EXPECT_EQ(again->number, 7);
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(entries(ledger).size(), 1U);
}

TEST_P(LedgerTest, OldKeysAreForgottenInBatches) {
  Ledger ledger(database());
  ASSERT_TRUE(bump(ledger, context("fresh", "f"), "a"));
  constexpr std::size_t kOld = 1'100;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kOld; ++i) keys.push_back("old " + std::to_string(i));
  const std::vector<std::string> texts(kOld, "x");
  const std::vector<std::int64_t> times(kOld, 1'000);
  const std::span<const std::string> text(texts);
  const std::array<sql::Column, 5> columns{text, std::span<const std::string>(keys), text, text,
                                           std::span<const std::int64_t>(times)};
  ASSERT_TRUE(database().write([&](sql::Transaction& tx) {
    return tx.bulk_insert(
        {"test.keys", "idempotency_keys", {"actor", "key", "fingerprint", "response", "created_us"}},
        columns);
  }));
  const Timestamp before = now() - std::chrono::hours(1);
  EXPECT_EQ(ledger.forget_keys(before).value(), sql::kRemovedAtOnceMax);
  EXPECT_EQ(ledger.forget_keys(before).value(), sql::kRemovedAtOnceMax);
  EXPECT_EQ(ledger.forget_keys(before).value(), 100);
  EXPECT_EQ(ledger.forget_keys(before).value(), 0);
  ASSERT_TRUE(bump(ledger, context("fresh", "f"), "a"));
  EXPECT_EQ(value("a"), 1) << "the key that is not old still answers";
}

TEST_P(LedgerTest, TheSameKeyForAnotherCallIsRefused) {
  Ledger ledger{database()};
  ASSERT_TRUE(bump(ledger, context("key", "print"), "a"));
  const auto other = bump(ledger, context("key", "another print"), "b");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::unprocessable);
  EXPECT_EQ(value("b"), 0);
}

TEST_P(LedgerTest, ConcurrentRepeatsDoTheWorkOnce) {
  Ledger ledger{database()};
  std::vector<std::thread> threads;
  std::atomic<int> succeeded{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { succeeded += bump(ledger, context("key", "print"), "a") ? 1 : 0; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(succeeded.load(), 8);
  EXPECT_EQ(value("a"), 1);
}

TEST_P(LedgerTest, AppendedDataWritesOneEntryWithItsCount) {
  Ledger ledger{database()};
  const auto appended =
      ledger.append<Thing>(context(), [&](sql::Transaction&, std::vector<Appended>& notes) -> Result<Thing> {
        notes.push_back({"metrics", "run", "r1", 3, sha256(bytes_of("x")), "metrics"});
        notes.push_back({"metrics", "run", "r2", 4, sha256(bytes_of("y")), "metrics"});
        return Thing{};
      });
  ASSERT_TRUE(appended) << appended.error().message;
  const auto found = entries(ledger);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].action, "metrics.append");
  EXPECT_EQ(found[0].delta.find("count")->integer_or(0), 7);
  EXPECT_EQ(found[0].delta.find("objects")->integer_or(0), 2);
  const auto changes = ledger.list(context(), {.action = {},
                                               .object_type = {},
                                               .object_id = {},
                                               .actor = {},
                                               .changes_only = true,
                                               .limit = 10,
                                               .page_token = {}});
  ASSERT_TRUE(changes) << changes.error().message;
  EXPECT_TRUE(changes->items.empty());
}

TEST_P(LedgerTest, AListRefusesALimitOutOfRange) {
  Ledger ledger{database()};
  for (const std::int64_t limit : {0, 1'001}) {
    EntryFilter filter;
    filter.limit = limit;
    const auto refused = ledger.list(context(), filter);
    ASSERT_FALSE(refused) << limit;
    EXPECT_EQ(refused.error().field, "limit");
  }
}

TEST_P(LedgerTest, SequencesAreGaplessFromZero) {
  Ledger ledger{database()};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(bump(ledger, context(), "a"));
  ASSERT_EQ(ledger.sequence_entries().value_or(-1), 5);
  ASSERT_TRUE(bump(ledger, context(), "a"));
  ASSERT_EQ(ledger.sequence_entries().value_or(-1), 1);
  std::set<std::int64_t> sequences;
  for (const Entry& entry : entries(ledger)) sequences.insert(entry.sequence.value_or(-1));
  EXPECT_EQ(sequences, (std::set<std::int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST_P(LedgerTest, PagesGoThroughEverythingOnce) {
  Ledger ledger{database()};
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(bump(ledger, context(), "n" + std::to_string(i)));
  EntryFilter filter{.action = "thing.",
                     .object_type = {},
                     .object_id = {},
                     .actor = {},
                     .changes_only = true,
                     .limit = 3,
                     .page_token = {}};
  std::vector<std::string> seen;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = ledger.list(context(), filter);
    ASSERT_TRUE(page) << page.error().message;
    for (const Entry& entry : page->items) seen.push_back(entry.object_id);
    if (!page->next_page_token) break;
    filter.page_token = *page->next_page_token;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"n6", "n5", "n4", "n3", "n2", "n1", "n0"}));
}

}  // namespace
}  // namespace tracseq::audit
