// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/schema.h"

#include <fmt/core.h>

namespace tracseq::sql::postgres {
namespace {

constexpr Statement kPlace{"schema.place",
                           "SELECT current_schema(), split_part(current_setting('search_path'), ',', 1)"};
constexpr Statement kHasTable{
    "schema.has_table", "SELECT to_regclass(quote_ident(current_schema()) || '.schema_version') IS NOT NULL"};
constexpr Statement kApplied{"schema.applied", "SELECT version, name, checksum FROM schema_version"};
constexpr Statement kRecord{
    "schema.record", "INSERT INTO schema_version (version, name, applied_us, checksum) VALUES (?, ?, ?, ?)"};
constexpr const char* kBegin =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; "
    "SELECT pg_advisory_xact_lock(hashtextextended('tracseq schema ' || current_setting('search_path'), 0))";
constexpr const char* kMakeTable =
    "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL, "
    "applied_us BIGINT NOT NULL, checksum TEXT NOT NULL)";

Result<void> make_schema(Connection& connection) {
  std::string missing;
  TRACSEQ_CHECK(connection.query(kPlace, {}, [&](const Row& row) -> Result<void> {
    if (row.is_null(0)) missing = row.str(1);
    return {};
  }));
  if (missing.empty()) return {};
  if (missing.find('$') != std::string::npos)
    return fail(Code::unavailable, "the database has no schema that its user may write to");
  return connection.script(
      fmt::format("CREATE SCHEMA IF NOT EXISTS {}", missing));  // quoted as the setting is
}

Result<std::map<int, AppliedMigration>> applied_steps(Connection& connection) {
  std::map<int, AppliedMigration> applied;
  bool exists = false;
  TRACSEQ_CHECK(connection.query(kHasTable, {}, [&](const Row& row) -> Result<void> {
    exists = row.integer(0) != 0;
    return {};
  }));
  if (!exists) return applied;
  TRACSEQ_CHECK(connection.query(kApplied, {}, [&](const Row& row) -> Result<void> {
    applied[static_cast<int>(row.integer(0))] = {row.str(1), row.str(2)};
    return {};
  }));
  return applied;
}

Result<void> apply_pending(Connection& connection, std::span<const Migration> known) {
  TRACSEQ_CHECK(connection.script(kBegin));
  TRACSEQ_CHECK(make_schema(connection));
  TRACSEQ_TRY(const auto applied, applied_steps(connection));
  TRACSEQ_TRY(const auto pending, pending_migrations(applied, known));
  TRACSEQ_CHECK(connection.script(kMakeTable));
  for (const Migration* migration : pending) {
    TRACSEQ_TRY(const std::string text, render_migration(*migration, Dialect::postgres));
    if (auto done = connection.script(text); !done) {
      Error error = std::move(done).error();
      error.message =
          fmt::format("step {} of the database's schema failed: {}", migration->name, error.message);
      return fail(std::move(error));
    }
    TRACSEQ_CHECK(connection.execute(
        kRecord, args(migration->version, migration->name, now(), migration_checksum(*migration))));
  }
  return connection.script("COMMIT");
}

}  // namespace

Result<void> bring_up_to_date(Connection& connection, std::span<const Migration> known) {
  {
    // Most starts find nothing to do and wait for nobody.
    TRACSEQ_TRY(const auto applied, applied_steps(connection));
    TRACSEQ_TRY(const auto pending, pending_migrations(applied, known));
    if (pending.empty()) return {};
  }
  auto done = apply_pending(connection, known);
  if (connection.in_transaction()) (void)connection.script("ROLLBACK");
  return done;
}

}  // namespace tracseq::sql::postgres
