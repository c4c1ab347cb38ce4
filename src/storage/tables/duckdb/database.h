// SPDX-License-Identifier: MIT
#pragma once

#include <duckdb.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/tables/table_engine.h"

// Thin owners over DuckDB's C API. Each is used by one thread at a time.
namespace tracseq::tables::duck {

// An error of DuckDB in our words: what is wrong with the file, which limit was met.
Error error_from(const char* text);

class Connection;

// One working database in memory, locked to one input file and one folder.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& input, const std::string& folder,
                                                const EngineLimits& limits);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  Result<std::unique_ptr<Connection>> connect();

 private:
  Database() = default;
  duckdb_database handle_ = nullptr;
  std::string temp_folder_;
};

// The rows of a running query, converted batch by batch: kBatchRows at most, and no more than kBatchBytesMax
// (one row at least).
class QueryReader final : public BatchReader {
 public:
  QueryReader(std::unique_ptr<Connection> connection, duckdb_result result);
  ~QueryReader() override;
  Result<const ColumnBatch*> next() override;
  // Names for the columns, where they differ from those of the query.
  void rename(const std::vector<std::string>& names);

 private:
  [[nodiscard]] std::size_t rows_that_fit(std::size_t& bytes) const;
  void append(std::size_t first, std::size_t rows);
  void drop_chunk();

  std::unique_ptr<Connection> connection_;
  duckdb_result result_;
  ColumnBatch batch_;
  duckdb_data_chunk chunk_ = nullptr;  // fetched, and handed out up to `chunk_row_`
  std::size_t chunk_rows_ = 0;
  std::size_t chunk_row_ = 0;
  bool done_ = false;
};

class Connection {
 public:
  explicit Connection(duckdb_connection handle) : handle_(handle) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  [[nodiscard]] duckdb_connection handle() const noexcept { return handle_; }

  // Runs statements to their end, asking `check` between the steps.
  Result<void> execute(const std::string& sql, const Check& check = {});
  // The first column of a query that gives BIGINTs; a missing one is 0.
  Result<std::vector<std::int64_t>> numbers(const std::string& sql, const Check& check = {});
  // Runs a query whose rows are fetched as they are made; the reader owns the connection.
  static Result<std::unique_ptr<QueryReader>> stream(std::unique_ptr<Connection> connection,
                                                     const std::string& sql, const Check& check = {});

 private:
  Result<duckdb_result> run(const std::string& sql, bool streaming, const Check& check);
  duckdb_connection handle_;
};

// Makes `tracseq_batches()` on a connection: a table function over a reader. While a query with it runs,
// `reader` must live; its error is kept in `error`.
struct BatchFeed {
  // Pulled by one thread of DuckDB's at a time, made ready and ended by the caller's.
  Mutex mutex;
  BatchReader* reader GUARDED_BY(mutex) = nullptr;
  std::vector<ColumnInfo> columns;
  const ColumnBatch* batch GUARDED_BY(mutex) = nullptr;  // being handed out
  std::size_t row GUARDED_BY(mutex) = 0;
  std::optional<Error> error GUARDED_BY(mutex);
};
Result<void> register_feed(Connection& connection, BatchFeed& feed);

// Our type as DuckDB's SQL name.
const char* sql_type(ColumnType type) noexcept;

}  // namespace tracseq::tables::duck
