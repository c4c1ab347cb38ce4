// SPDX-License-Identifier: MIT
#include "storage/sql/postgres/schema.h"

#include <fmt/core.h>

#include "storage/sql/schema_steps.h"

namespace tracseq::sql::postgres {
namespace {

constexpr Statement kPlace{"schema.place",
                           "SELECT current_schema(), split_part(current_setting('search_path'), ',', 1)"};
constexpr Statement kHasTable{
    "schema.has_table", "SELECT to_regclass(quote_ident(current_schema()) || '.schema_version') IS NOT NULL"};
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

Result<void> apply_pending(Connection& connection, std::span<const Migration> known) {
  TRACSEQ_CHECK(connection.script(kBegin));
  TRACSEQ_CHECK(make_schema(connection));
  TRACSEQ_TRY(const auto applied, applied_steps(connection, kHasTable));
  TRACSEQ_TRY(const auto pending, pending_migrations(applied, known));
  TRACSEQ_CHECK(connection.script(kMakeTable));
  TRACSEQ_CHECK(apply_steps(connection, pending, Dialect::postgres));
  return connection.script("COMMIT");
}

}  // namespace

Result<void> bring_up_to_date(Connection& connection, std::span<const Migration> known) {
  {
    // Most starts find nothing to do and wait for nobody.
    TRACSEQ_TRY(const auto applied, applied_steps(connection, kHasTable));
    TRACSEQ_TRY(const auto pending, pending_migrations(applied, known));
    if (pending.empty()) return {};
  }
  const auto patience = connection.patience();
  connection.set_patience(std::chrono::milliseconds{0});  // a step takes what it takes
  auto done = apply_pending(connection, known);
  connection.set_patience(patience);
  if (connection.in_transaction()) (void)connection.script("ROLLBACK");
  return done;
}

}  // namespace tracseq::sql::postgres
