// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "storage/tables/duckdb/database.h"

namespace tracseq::tables::duck {

// Finds the rows of a table that repeat an earlier one in given cells, exactly, in memory that depends on the
// limits alone: DuckDB does not spill a grouping of many keys below some size, so they are grouped in parts.
// Rows are first compared by a hash of 64 bits; only those whose hash occurs twice are compared in full.
// Makes tables of its own, which clear() drops. Used by one thread.
class RepeatSearch {
 public:
  // `cells`: what is compared, SQL with commas; `condition`: the rows looked at (empty: all); `prefix`: of
  // the names of its tables.
  RepeatSearch(Connection& connection, std::string cells, std::string condition, std::string prefix,
               const EngineLimits& limits)
      : connection_(connection),
        cells_(std::move(cells)),
        condition_(condition.empty() ? "true" : std::move(condition)),
        prefix_(std::move(prefix)),
        limits_(limits) {}

  // How many there are.
  Result<std::int64_t> run(std::int64_t rows, const Check& check);
  // Deletes what run() found from the table.
  Result<void> drop(const Check& check);
  Result<void> clear();

 private:
  [[nodiscard]] std::int64_t parts_for(std::int64_t keys, std::int64_t bytes) const;
  [[nodiscard]] std::string suspicious(std::int64_t part) const;
  Result<void> find_suspects(std::int64_t rows, const Check& check);
  Result<std::int64_t> number(const std::string& sql, const Check& check);

  Connection& connection_;
  std::string cells_;
  std::string condition_;
  std::string prefix_;
  EngineLimits limits_;
  std::int64_t parts_ = 1;  // of the suspects
  std::int64_t suspects_ = 0;
};

}  // namespace tracseq::tables::duck
