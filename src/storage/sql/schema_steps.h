// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <map>
#include <span>
#include <utility>

#include "storage/sql/migrations.h"

// What both drivers do with the table schema_version, over a connection of their own kind (`script`,
// `execute` and `query` as Session and Transaction have them).
namespace tracseq::sql {

inline constexpr Statement kAppliedSteps{"schema.applied",
                                         "SELECT version, name, checksum FROM schema_version"};
inline constexpr Statement kRecordStep{
    "schema.record", "INSERT INTO schema_version (version, name, applied_us, checksum) VALUES (?, ?, ?, ?)"};

// The steps the database has; none without the table. `has_table` answers one row, not 0 if there is one.
template <class Connection>
Result<std::map<int, AppliedMigration>> applied_steps(Connection& connection, const Statement& has_table) {
  std::map<int, AppliedMigration> applied;
  bool exists = false;
  TRACSEQ_CHECK(connection.query(has_table, {}, [&](const Row& row) -> Result<void> {
    exists = row.integer(0) != 0;
    return {};
  }));
  if (!exists) return applied;
  TRACSEQ_CHECK(connection.query(kAppliedSteps, {}, [&](const Row& row) -> Result<void> {
    applied[static_cast<int>(row.integer(0))] = {row.str(1), row.str(2)};
    return {};
  }));
  return applied;
}

// Applies and records the steps, inside the caller's transaction.
template <class Connection>
Result<void> apply_steps(Connection& connection, std::span<const Migration* const> pending, Dialect dialect) {
  for (const Migration* migration : pending) {
    TRACSEQ_TRY(const std::string text, render_migration(*migration, dialect));
    if (auto done = connection.script(text); !done) {
      Error error = std::move(done).error();
      error.message =
          fmt::format("step {} of the database's schema failed: {}", migration->name, error.message);
      return fail(std::move(error));
    }
    TRACSEQ_CHECK(connection.execute(
        kRecordStep, args(migration->version, migration->name, now(), migration_checksum(*migration))));
  }
  return {};
}

}  // namespace tracseq::sql
