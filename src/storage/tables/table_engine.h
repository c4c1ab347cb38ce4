// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "storage/tables/columns.h"
#include "storage/tables/inspect.h"

namespace tracseq::tables {

struct EngineLimits {
  std::uint64_t memory_bytes = 1UL << 30;
  std::uint64_t temp_bytes = 64UL << 30;  // beyond it a run fails as `storage_full`
  int threads = 2;
};

// A column to load and what its cells should be. Text of a number, a boolean or a time is read as one; a cell
// that is not of the type becomes missing, and is kept as it stood where `keep_mismatches` is set.
struct LoadColumn {
  std::string name;
  ColumnType type = ColumnType::string;
  bool keep_mismatches = false;
};

// One table in a working database of its own, which holds at most EngineLimits::memory_bytes in memory and
// spills the rest to its folder. Missing: null, NaN, and a text that is one of kMissingTexts. Used by one
// thread at a time; destroying it deletes what it spilled.
class Table : public BatchSource {
 public:
  [[nodiscard]] virtual std::int64_t rows() const = 0;
  // The name of a loaded column in SQL text, and of what its mismatches are kept in (text, null where there
  // is none). Only for columns that were loaded.
  [[nodiscard]] virtual std::string sql(std::string_view column) const = 0;
  [[nodiscard]] virtual std::string mismatch_sql(std::string_view column) const = 0;

  // Runs a query over `data` (the table's name in SQL) and shows its rows in batches. Its columns are of the
  // five column types (cast others). The text is ours, never a caller's: values go in through quote().
  virtual Result<void> query(const std::string& sql, FunctionRef<Result<void>(const ColumnBatch&)> visit,
                             const Check& check) = 0;
  // How many rows have the same cells in `columns` as an earlier one; a row with a missing one has none.
  virtual Result<std::int64_t> repeats(const std::vector<std::string>& columns, const Check& check) = 0;
  // How many rows repeat an earlier one in every cell (missing equals missing); drop_duplicates deletes them.
  virtual Result<std::int64_t> duplicates(const Check& check) = 0;
  virtual Result<std::int64_t> drop_duplicates(const Check& check) = 0;
  // Writes what the reader gives, in its order, as Parquet. The path lies in the folder given to the engine.
  virtual Result<void> write_parquet(const std::vector<ColumnInfo>& columns, BatchReader& reader,
                                     const std::string& path) = 0;
};

// Reads files into tables. Thread-safe.
class TableEngine {
 public:
  virtual ~TableEngine() = default;
  // The types a Parquet file's own schema gives its columns; other formats: all texts.
  virtual Result<std::vector<ColumnInfo>> describe(const InputFile& file) = 0;
  // Loads the named columns. `folder` is the run's own: the working database spills there and may write
  // there, and reads nothing but the file and the folder. `not_found` names a missing column, `invalid` what
  // cannot be read, `storage_full` and `resource_exhausted` the limits.
  virtual Result<std::unique_ptr<Table>> load(const InputFile& file, const std::vector<LoadColumn>& columns,
                                              const std::string& folder, const EngineLimits& limits,
                                              const Check& check) = 0;
  // The same from batches.
  virtual Result<std::unique_ptr<Table>> load(const std::vector<ColumnInfo>& columns, BatchReader& reader,
                                              const std::string& folder, const EngineLimits& limits,
                                              const Check& check) = 0;
};

// The engine of libtracseq_duckdb.so, loaded at the first call; `unsupported` with the remedy where it is not
// there.
Result<TableEngine*> table_engine();
// The one function the module exports.
inline constexpr const char* kEngineEntry = "tracseq_table_engine";

// A text as an SQL literal, an identifier as a quoted identifier.
std::string quote(std::string_view text);
std::string quote_name(std::string_view name);

}  // namespace tracseq::tables
