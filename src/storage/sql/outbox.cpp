// SPDX-License-Identifier: MIT
#include "storage/sql/outbox.h"

namespace tracseq::sql {
namespace {

constexpr std::int64_t kAdvisoryLock = 0x7472616373657131;  // any number no other lock of the program has

constexpr Statement kTryLock{"outbox.try_lock", "SELECT 1 WHERE ? <> 0",
                             "SELECT CASE WHEN pg_try_advisory_xact_lock(?) THEN 1 ELSE 0 END"};
// One statement, so that a row committed meanwhile cannot slip in between.
constexpr Statement kSequence{
    "outbox.sequence",
    "WITH batch AS (SELECT position, row_number() OVER (ORDER BY position) AS n FROM "
    "(SELECT position FROM outbox WHERE sequence IS NULL ORDER BY position LIMIT ?) AS waiting), "
    "top AS (SELECT COALESCE(max(sequence), 0) AS value FROM outbox WHERE sequence IS NOT NULL) "
    "UPDATE outbox SET sequence = top.value + batch.n FROM batch, top WHERE outbox.position = "
    "batch.position"};
constexpr std::int64_t kSequencedAtOnceMax = 5'000;

constexpr Statement kLast{"outbox.last", "SELECT COALESCE(max(position), 0) FROM outbox",
                          "SELECT COALESCE(max(sequence), 0) FROM outbox WHERE sequence IS NOT NULL"};
constexpr Statement kAfter{"outbox.after",
                           "SELECT position, topic, kind, object_type, object_id, project_id, data, time_us "
                           "FROM outbox WHERE position > ? "
                           "ORDER BY position LIMIT ?",
                           "SELECT sequence, topic, kind, object_type, object_id, project_id, data, time_us "
                           "FROM outbox WHERE sequence > ? "
                           "ORDER BY sequence LIMIT ?"};
constexpr Statement kForget{
    "outbox.forget", "DELETE FROM outbox WHERE time_us < ? AND position < (SELECT max(position) FROM outbox)",
    "DELETE FROM outbox WHERE time_us < ? AND sequence < (SELECT max(sequence) FROM outbox WHERE sequence IS "
    "NOT NULL)"};

OutboxEvent read_event(const Row& row) {
  return {row.integer(0), row.str(1), row.str(2), row.str(3),
          row.str(4),     row.str(5), row.str(6), row.time(7)};
}

}  // namespace

Result<std::int64_t> Outbox::sequence() {
  if (database_.dialect() == Dialect::sqlite) return 0;
  auto given = database_.write([&](Transaction& tx) -> Result<std::int64_t> {
    TRACSEQ_TRY(const auto locked,
                tx.query_one(kTryLock, args(kAdvisoryLock), [](const Row& row) { return row.integer(0); }));
    if (locked.value_or(0) == 0) return 0;
    return tx.execute(kSequence, args(kSequencedAtOnceMax));
  });
  // Somebody was faster with a snapshot newer than ours: the rows have their positions, which is all we
  // wanted.
  if (!given && given.error().code == Code::conflict) return 0;
  return given;
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
  return database_.write([&](Transaction& tx) { return tx.execute(kForget, args(before)); });
}

}  // namespace tracseq::sql
