// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/schema.h"

#include <fmt/core.h>

#include <filesystem>

#include "base/log.h"
#include "storage/sql/schema_steps.h"
#include "storage/sql/sqlite/placement.h"

namespace tracseq::sql::sqlite {
namespace {

constexpr Statement kHasTable{
    "schema.has_table",
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'"};
constexpr Statement kJournalMode{"schema.journal_mode", "PRAGMA journal_mode"};
constexpr Statement kSetWal{"schema.set_wal", "PRAGMA journal_mode = WAL"};
constexpr Statement kBrokenKeys{"schema.foreign_key_check", "PRAGMA foreign_key_check"};
constexpr Statement kBackup{"schema.backup", "VACUUM INTO ?"};
constexpr const char* kMakeTable =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
    "applied_us INTEGER NOT NULL, checksum TEXT NOT NULL)";

Result<std::string> first_text(Connection& connection, const Statement& statement) {
  std::string text;
  TRACSEQ_CHECK(connection.query(statement, {}, [&](const Row& row) -> Result<void> {
    text = row.str(0);
    return {};
  }));
  return text;
}

Result<void> use_wal(Connection& connection) {
  TRACSEQ_TRY(const std::string mode, first_text(connection, kJournalMode));
  if (mode == "wal") return {};
  TRACSEQ_TRY(const std::string now, first_text(connection, kSetWal));
  if (now != "wal")
    return fail(Code::unsupported,
                fmt::format("SQLite cannot use write-ahead logging here (journal mode '{}')", now));
  return {};
}

// Written under another name first: an interrupted copy is never mistaken for a whole one.
Result<void> keep_copy(Connection& connection, const std::string& path, int version) {
  const std::string copy = fmt::format("{}.before-{:04}", path, version);
  const std::string partial = copy + ".partial";
  std::error_code error;
  std::filesystem::remove(partial, error);
  TRACSEQ_CHECK(connection.execute(kBackup, args(partial)));
  TRACSEQ_CHECK(sync_file(partial));  // VACUUM INTO leaves that to us
  std::filesystem::rename(partial, copy, error);
  if (error)
    return fail(Code::unavailable, fmt::format("cannot keep a copy as {}: {}", copy, error.message()));
  TRACSEQ_CHECK(sync_folder(std::filesystem::path(path).parent_path().string()));
  log::info("database copied before its upgrade", {{"copy", copy}});
  return {};
}

Result<void> apply_all(Connection& connection, std::span<const Migration* const> pending) {
  TRACSEQ_CHECK(connection.script("BEGIN IMMEDIATE"));
  TRACSEQ_CHECK(connection.script(kMakeTable));
  TRACSEQ_CHECK(apply_steps(connection, pending, Dialect::sqlite));
  TRACSEQ_TRY(const std::string broken, first_text(connection, kBrokenKeys));
  if (!broken.empty())
    return fail(Code::internal, fmt::format("the upgrade would break references of table '{}'", broken));
  return connection.script("COMMIT");
}

}  // namespace

Result<void> bring_up_to_date(Connection& connection, TurnLock& turn_lock, const std::string& path,
                              std::span<const Migration> known) {
  {
    // Most starts find nothing to do and wait for nobody.
    TRACSEQ_TRY(const std::string mode, first_text(connection, kJournalMode));
    TRACSEQ_TRY(const auto applied, applied_steps(connection, kHasTable));
    TRACSEQ_TRY(const auto pending, pending_migrations(applied, known));
    if (mode == "wal" && pending.empty()) return {};
  }
  TRACSEQ_TRY(const Turn turn, Turn::take(turn_lock, Steady::now() + kMigrationWait));
  TRACSEQ_CHECK(use_wal(connection));
  TRACSEQ_TRY(const auto applied, applied_steps(connection, kHasTable));
  TRACSEQ_TRY(const auto pending, pending_migrations(applied, known));
  if (pending.empty()) return {};
  if (!applied.empty()) TRACSEQ_CHECK(keep_copy(connection, path, pending.front()->version));
  // A step that rebuilds a table must not trip over, or cascade along, the keys that point to it.
  TRACSEQ_CHECK(connection.script("PRAGMA foreign_keys = OFF"));
  auto done = apply_all(connection, pending);
  if (connection.in_transaction()) (void)connection.script("ROLLBACK");
  TRACSEQ_CHECK(connection.script("PRAGMA foreign_keys = ON"));
  return done;
}

}  // namespace tracseq::sql::sqlite
