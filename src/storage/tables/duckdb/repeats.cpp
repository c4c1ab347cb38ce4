// SPDX-License-Identifier: MIT
#include "storage/tables/duckdb/repeats.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracseq::tables::duck {
namespace {

// A key takes this in a grouping, counted generously: the entry, its place in the table and the room to grow.
constexpr std::int64_t kGroupBytes = 96;
constexpr std::int64_t kMemoryShare = 4;  // of the limit, for one part; the table's own blocks want the rest

}  // namespace

std::int64_t RepeatSearch::parts_for(std::int64_t keys, std::int64_t bytes) const {
  const auto room =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(limits_.memory_bytes) / kMemoryShare / bytes);
  return std::max<std::int64_t>(1, (keys + room - 1) / room);
}

// The rows of `data` whose hash belongs to this part of the suspects.
std::string RepeatSearch::suspicious(std::int64_t part) const {
  const std::string own = parts_ == 1 ? "true" : fmt::format("k % {} = {}", parts_, part);
  return fmt::format("{0} AND hash({1}) IN (SELECT k FROM {2}suspects WHERE {3})", condition_, cells_,
                     prefix_, own);
}

Result<std::int64_t> RepeatSearch::number(const std::string& sql, const Check& check) {
  TRACSEQ_TRY(const auto found, connection_.numbers(sql, check));
  return found.empty() ? 0 : found.front();
}

Result<void> RepeatSearch::find_suspects(std::int64_t rows, const Check& check) {
  const std::int64_t parts = parts_for(rows, kGroupBytes);
  constexpr const char* kGrouped = "GROUP BY k HAVING count(*) > 1";
  if (parts == 1)
    return connection_.execute(
        fmt::format(
            "CREATE TABLE {0}suspects AS SELECT hash({1}) AS k, count(*) AS n FROM data WHERE {2} {3}",
            prefix_, cells_, condition_, kGrouped),
        check);
  TRACSEQ_CHECK(
      connection_.execute(fmt::format("CREATE TABLE {}hashes AS SELECT hash({}) AS k FROM data WHERE {}",
                                      prefix_, cells_, condition_),
                          check));
  TRACSEQ_CHECK(connection_.execute(fmt::format("CREATE TABLE {}suspects (k UBIGINT, n BIGINT)", prefix_)));
  for (std::int64_t part = 0; part < parts; ++part)
    TRACSEQ_CHECK(connection_.execute(
        fmt::format("INSERT INTO {0}suspects SELECT k, count(*) FROM {0}hashes WHERE k % {1} = {2} {3}",
                    prefix_, parts, part, kGrouped),
        check));
  return connection_.execute(fmt::format("DROP TABLE {}hashes", prefix_));
}

Result<std::int64_t> RepeatSearch::run(std::int64_t rows, const Check& check) {
  TRACSEQ_CHECK(clear());
  TRACSEQ_CHECK(find_suspects(rows, check));
  TRACSEQ_TRY(suspects_, number(fmt::format("SELECT count(*) FROM {}suspects", prefix_), check));
  if (suspects_ == 0) return 0;
  TRACSEQ_TRY(const std::int64_t candidates,
              number(fmt::format("SELECT CAST(sum(n) AS BIGINT) FROM {}suspects", prefix_), check));
  // What the cells of a row take as the key of a group: their text is the upper bound of it.
  TRACSEQ_TRY(const std::int64_t width,
              number(fmt::format("SELECT CAST(ceil(avg(strlen(CAST(({}) AS VARCHAR)))) AS BIGINT) FROM (FROM "
                                 "data WHERE {} LIMIT 10000)",
                                 "row(" + cells_ + ")", condition_),
                     check));
  parts_ = parts_for(suspects_, kGroupBytes + 2 * width);
  TRACSEQ_CHECK(connection_.execute(fmt::format("CREATE TABLE {}firsts (k UBIGINT, r BIGINT)", prefix_)));
  for (std::int64_t part = 0; part < parts_; ++part)
    TRACSEQ_CHECK(connection_.execute(
        fmt::format("INSERT INTO {0}firsts SELECT hash({1}), min(rowid) FROM data WHERE {2} GROUP BY {1}",
                    prefix_, cells_, suspicious(part)),
        check));
  TRACSEQ_TRY(const std::int64_t firsts,
              number(fmt::format("SELECT count(*) FROM {}firsts", prefix_), check));
  return candidates - firsts;
}

Result<void> RepeatSearch::drop(const Check& check) {
  if (suspects_ == 0) return {};
  for (std::int64_t part = 0; part < parts_; ++part) {
    const std::string own = parts_ == 1 ? "true" : fmt::format("k % {} = {}", parts_, part);
    TRACSEQ_CHECK(connection_.execute(
        fmt::format("DELETE FROM data WHERE {} AND rowid NOT IN (SELECT r FROM {}firsts WHERE {})",
                    suspicious(part), prefix_, own),
        check));
  }
  return {};
}

Result<void> RepeatSearch::clear() {
  suspects_ = 0;
  for (const char* name : {"hashes", "suspects", "firsts"})
    TRACSEQ_CHECK(connection_.execute(fmt::format("DROP TABLE IF EXISTS {}{}", prefix_, name)));
  return {};
}

}  // namespace tracseq::tables::duck
