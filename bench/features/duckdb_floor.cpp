// SPDX-License-Identifier: MIT
// The peer of a CSV pipeline: DuckDB's own read of the file into a table, with the threads and memory a run
// has.
#include <duckdb.h>
#include <fmt/core.h>

#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: duckdb_floor FILE.csv THREADS MEMORY\n");
    return 2;
  }
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  if (duckdb_open(nullptr, &database) != DuckDBSuccess ||
      duckdb_connect(database, &connection) != DuckDBSuccess)
    return 1;
  const auto run = [&](const std::string& sql) {
    duckdb_result result{};
    const bool good = duckdb_query(connection, sql.c_str(), &result) == DuckDBSuccess;
    if (!good) fmt::print(stderr, "{}\n", duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return good;
  };
  if (!run(fmt::format("SET threads = {}", argv[2])) || !run(fmt::format("SET memory_limit = '{}'", argv[3])))
    return 1;
  const auto began = std::chrono::steady_clock::now();
  if (!run(fmt::format("CREATE TABLE t AS SELECT * FROM read_csv('{}')", argv[1]))) return 1;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{{\"seconds\": {:.6f}}}\n", took.count());
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return 0;
}
