// SPDX-License-Identifier: MIT
#include "storage/sql/outbox.h"

#include <thread>

#include "storage/sql/retention.h"

namespace tracseq::sql {
namespace {

constexpr std::int64_t kAdvisoryLock = 0x7472616373657131;  // any number no other lock of the program has

constexpr Statement kTryLock{"outbox.try_lock", "SELECT 1 WHERE ? <> 0",
                             "SELECT CASE WHEN pg_try_advisory_xact_lock(?) THEN 1 ELSE 0 END"};
constexpr Statement kLock{"outbox.lock", "SELECT 1 WHERE ? <> 0",
                          "SELECT 1 FROM (SELECT pg_advisory_xact_lock(?)) AS held"};
// One statement, so that a row committed meanwhile cannot slip in between.
constexpr Statement kSequence{
    "outbox.sequence",
    "WITH batch AS (SELECT position, row_number() OVER (ORDER BY position) AS n FROM "
    "(SELECT position FROM outbox WHERE sequence IS NULL ORDER BY position LIMIT ?) AS waiting), "
    "top AS (SELECT COALESCE(max(sequence), 0) AS value FROM outbox WHERE sequence IS NOT NULL) "
    "UPDATE outbox SET sequence = top.value + batch.n FROM batch, top WHERE outbox.position = "
    "batch.position"};
constexpr std::int64_t kSequencedAtOnceMax = 5'000;
constexpr auto kSequencedByOthersMax = std::chrono::seconds{2};  // waited for another process that is at it
constexpr auto kSequencedByOthersPause = std::chrono::milliseconds{20};

constexpr Statement kLast{"outbox.last", "SELECT COALESCE(max(position), 0) FROM outbox",
                          "SELECT COALESCE(max(sequence), 0) FROM outbox WHERE sequence IS NOT NULL"};
constexpr Statement kAfter{"outbox.after",
                           "SELECT position, topic, kind, object_type, object_id, project_id, data, time_us "
                           "FROM outbox WHERE position > ? "
                           "ORDER BY position LIMIT ?",
                           "SELECT sequence, topic, kind, object_type, object_id, project_id, data, time_us "
                           "FROM outbox WHERE sequence > ? "
                           "ORDER BY sequence LIMIT ?"};
// The oldest rows alone are looked at: positions grow with time, and an index on time would be one more page
// written with every change.
constexpr Statement kForget{
    "outbox.forget",
    "DELETE FROM outbox WHERE position IN (SELECT position FROM (SELECT position, time_us FROM outbox WHERE "
    "position < (SELECT max(position) FROM outbox) ORDER BY position LIMIT ?) WHERE time_us < ?)",
    "DELETE FROM outbox WHERE position IN (SELECT position FROM (SELECT position, time_us FROM outbox WHERE "
    "sequence < (SELECT max(sequence) FROM outbox WHERE sequence IS NOT NULL) ORDER BY sequence LIMIT ?) AS "
    "oldest WHERE time_us < ?)"};
// PostgreSQL: rows nobody listened to.
constexpr Statement kForgetUnsequenced{
    "outbox.forget_unsequenced",
    "DELETE FROM outbox WHERE position IN (SELECT position FROM (SELECT position, time_us FROM outbox WHERE "
    "sequence IS NULL ORDER BY position LIMIT ?) AS oldest WHERE time_us < ?)"};
// Leaves a gap behind the newest position, as if the rows removed had had theirs: who resumes from before
// sees that something is missing.
constexpr Statement kLeaveGap{
    "outbox.leave_gap",
    "UPDATE outbox SET sequence = sequence + ? WHERE sequence = (SELECT max(sequence) FROM outbox WHERE "
    "sequence IS NOT NULL)"};

OutboxEvent read_event(const Row& row) {
  return {row.integer(0), row.str(1), row.str(2), row.str(3),
          row.str(4),     row.str(5), row.str(6), row.time(7)};
}

using Given = std::optional<std::int64_t>;  // nothing: another process is at it

Result<Given> give_positions(Database& database) {
  auto given = database.write([&](Transaction& tx) -> Result<Given> {
    TRACSEQ_TRY(const auto locked,
                tx.query_one(kTryLock, args(kAdvisoryLock), [](const Row& row) { return row.integer(0); }));
    if (locked.value_or(0) == 0) return Given{};
    TRACSEQ_TRY(const std::int64_t rows, tx.execute(kSequence, args(kSequencedAtOnceMax)));
    return Given{rows};
  });
  // Somebody was faster with a snapshot newer than ours: the rows have their positions, which is all we
  // wanted.
  if (!given && given.error().code == Code::conflict) return Given{};
  return given;
}

}  // namespace

Result<std::int64_t> Outbox::sequence() {
  if (database_.dialect() == Dialect::sqlite) return 0;
  TRACSEQ_TRY(const Given given, give_positions(database_));
  return given.value_or(0);
}

Result<void> Outbox::sequence_all() {
  if (database_.dialect() == Dialect::sqlite) return {};
  const auto patience = Steady::now() + kSequencedByOthersMax;
  for (;;) {
    TRACSEQ_TRY(const Given given, give_positions(database_));
    if (given && *given < kSequencedAtOnceMax) return {};
    if (given) continue;
    if (Steady::now() > patience) return {};
    std::this_thread::sleep_for(kSequencedByOthersPause);
  }
}

Result<std::int64_t> Outbox::last() {
  TRACSEQ_TRY(const auto last, database_.read([](Session& session) {
    return session.query_one(kLast, {}, [](const Row& row) { return row.integer(0); });
  }));
  return last.value_or(0);
}

Result<std::vector<OutboxEvent>> Outbox::after(std::int64_t position, std::int64_t limit) {
  return database_.read(
      [&](Session& session) { return session.query_all(kAfter, args(position, limit), read_event); });
}

Result<std::int64_t> Outbox::forget(Timestamp before) {
  return database_.write([&](Transaction& tx) -> Result<std::int64_t> {
    std::int64_t unheard = 0;
    if (database_.dialect() == Dialect::postgres) {
      TRACSEQ_CHECK(tx.query(kLock, args(kAdvisoryLock), [](const Row&) -> Result<void> { return {}; }));
      TRACSEQ_TRY(unheard, tx.execute(kForgetUnsequenced, args(kRemovedAtOnceMax, before)));
      // One more than were removed: a gap of one would look like the next position.
      if (unheard > 0) TRACSEQ_CHECK(tx.execute(kLeaveGap, args(unheard + 1)));
      if (unheard == kRemovedAtOnceMax) return unheard;
    }
    TRACSEQ_TRY(const std::int64_t forgotten, tx.execute(kForget, args(kRemovedAtOnceMax - unheard, before)));
    return forgotten + unheard;
  });
}

}  // namespace tracseq::sql
