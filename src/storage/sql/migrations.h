// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/sql/database.h"

namespace tracseq::sql {

// One numbered step of the schema; `name` is the file's stem ("0001_foundation"), `text` portable
// (migrations/README.md).
struct Migration {
  int version;
  std::string_view name;
  std::string_view text;
};

// The steps this program was built with, in order of their numbers.
std::span<const Migration> embedded_migrations();

// The text for one database. `internal` for an unknown token or an unclosed section: a bug of the file.
Result<std::string> render_migration(const Migration& migration, Dialect dialect);

// SHA-256 of the portable text, in hex: recorded with the step.
std::string migration_checksum(const Migration& migration);

struct AppliedMigration {
  std::string name;
  std::string checksum;
};

// The steps still to apply, in order. `unsupported` if the database has a step this program does not know (it
// is newer), or one of another content.
Result<std::vector<const Migration*>> pending_migrations(const std::map<int, AppliedMigration>& applied,
                                                         std::span<const Migration> known);

}  // namespace tracseq::sql
