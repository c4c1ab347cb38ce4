// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <filesystem>

#include "base/module.h"
#include "storage/sql/database.h"
#include "storage/sql/postgres/entry.h"
#include "storage/sql/sqlite/database.h"
#include "storage/sql/url.h"

namespace tracseq::sql {

Result<std::unique_ptr<Database>> open_database(std::string_view url, const Limits& limits) {
  TRACSEQ_TRY(const Url parsed, parse_url(url));
  if (parsed.dialect == Dialect::sqlite) return sqlite::open(parsed.sqlite_path, limits);
  TRACSEQ_TRY(void* symbol, load_module("postgres", postgres::kEntryName));
  std::unique_ptr<Database> database;
  Error error;
  const std::string text(url);
  if (!reinterpret_cast<postgres::Entry>(symbol)(text.c_str(), &limits, &statement_times,
                                                 &CallDeadline::current, &database, &error))
    return fail(std::move(error));
  return database;
}

}  // namespace tracseq::sql
