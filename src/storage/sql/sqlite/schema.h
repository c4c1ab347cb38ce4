// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "storage/sql/migrations.h"
#include "storage/sql/sqlite/connection.h"
#include "storage/sql/sqlite/turn_lock.h"

namespace tracseq::sql::sqlite {

inline constexpr auto kMigrationWait = std::chrono::seconds(60);  // for another process that migrates

// Puts the file into WAL mode and applies the steps it lacks, all in one transaction, under the turn lock.
// Before a database that has data is changed, a copy is left as `<path>.before-NNNN`, NNNN the first step
// applied.
Result<void> bring_up_to_date(Connection& connection, TurnLock& turn_lock, const std::string& path,
                              std::span<const Migration> known);

}  // namespace tracseq::sql::sqlite
