// SPDX-License-Identifier: MIT
#include "storage/tables/duckdb/database.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "base/id.h"

namespace tracseq::tables::duck {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The first line, without what is meant for people who type SQL. Nothing where it may name a file: callers
// learn no paths of this machine.
std::string first_line(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  for (const std::string_view path : {"IO Error", " /", "'/", "\"/", "\"./", "'./"})
    if (contains(line, path)) return {};
  return ": " + std::string(line);
}

}  // namespace

Error error_from(const char* raw) {
  const std::string text = raw == nullptr ? "unknown error" : raw;
  if (contains(text, "max_temp_directory_size") || contains(text, "No space left"))
    return {Code::storage_full, "the table does not fit into the space for temporary files", text, {}};
  if (contains(text, "Out of Memory") || contains(text, "could not allocate"))
    return {Code::resource_exhausted, "the table needs more memory than the run may use", text, {}};
  if (contains(text, "INTERRUPT")) return {Code::cancelled, "the work was cancelled", text, {}};
  return {Code::invalid, "the table cannot be read" + first_line(text), text, {}};
}

const char* sql_type(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean:
      return "BOOLEAN";
    case ColumnType::int64:
      return "BIGINT";
    case ColumnType::float64:
      return "DOUBLE";
    case ColumnType::string:
      return "VARCHAR";
    case ColumnType::timestamp:
      return "TIMESTAMP";
  }
  return "VARCHAR";
}

Result<std::unique_ptr<Database>> Database::open(const std::string& input, const std::string& folder,
                                                 const EngineLimits& limits) {
  std::unique_ptr<Database> database(new Database());
  database->temp_folder_ = (std::filesystem::path(folder) / ("spill-" + new_id())).string();
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) != DuckDBSuccess)
    return fail(Code::internal, "DuckDB gave no configuration");
  const std::pair<const char*, std::string> settings[] = {
      {"memory_limit", fmt::format("{}B", limits.memory_bytes)},
      {"max_temp_directory_size", fmt::format("{}B", limits.temp_bytes)},
      {"threads", std::to_string(std::max(1, limits.threads))},
      {"temp_directory", database->temp_folder_},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
  };
  for (const auto& [name, value] : settings)
    if (duckdb_set_config(config, name, value.c_str()) != DuckDBSuccess) {
      duckdb_destroy_config(&config);
      return fail(Code::internal, fmt::format("DuckDB refused its setting {} = {}", name, value));
    }
  char* error = nullptr;
  const auto opened = duckdb_open_ext(nullptr, &database->handle_, config, &error);
  duckdb_destroy_config(&config);
  if (opened != DuckDBSuccess) {
    Error failure = error_from(error);
    duckdb_free(error);
    return fail(std::move(failure));
  }
  TRACSEQ_TRY(const auto connection, database->connect());
  // The order matters: what may be touched, then the door is shut, then the lock.
  std::string paths = input.empty() ? "[]" : "[" + quote(input) + "]";
  TRACSEQ_CHECK(connection->execute("SET allowed_paths = " + paths));
  TRACSEQ_CHECK(connection->execute("SET allowed_directories = [" + quote(folder) + "]"));
  TRACSEQ_CHECK(connection->execute("SET TimeZone = 'UTC'"));
  TRACSEQ_CHECK(connection->execute("SET GLOBAL TimeZone = 'UTC'"));
  TRACSEQ_CHECK(connection->execute("SET enable_external_access = false"));
  TRACSEQ_CHECK(connection->execute("SET lock_configuration = true"));
  return database;
}

Database::~Database() {
  if (handle_ != nullptr) duckdb_close(&handle_);
  std::error_code ignored;
  std::filesystem::remove_all(temp_folder_, ignored);
}

Result<std::unique_ptr<Connection>> Database::connect() {
  duckdb_connection handle = nullptr;
  if (duckdb_connect(handle_, &handle) != DuckDBSuccess)
    return fail(Code::internal, "DuckDB gave no connection");
  return std::make_unique<Connection>(handle);
}

Connection::~Connection() { duckdb_disconnect(&handle_); }

Result<duckdb_result> Connection::run(const std::string& sql, bool streaming, const Check& check) {
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(handle_, sql.c_str(), &statement) != DuckDBSuccess) {
    Error error = error_from(duckdb_prepare_error(statement));
    duckdb_destroy_prepare(&statement);
    return fail(std::move(error));
  }
  duckdb_pending_result pending = nullptr;
  const auto began = streaming ? duckdb_pending_prepared_streaming(statement, &pending)
                               : duckdb_pending_prepared(statement, &pending);
  std::optional<Error> failure;
  if (began != DuckDBSuccess) failure = error_from(duckdb_pending_error(pending));
  while (!failure) {
    if (check) {
      if (auto asked = check(); !asked) {
        // To its end, which is near: DuckDB frees what a query holds when it ends, not when it is dropped.
        duckdb_interrupt(handle_);
        duckdb_result interrupted{};
        (void)duckdb_execute_pending(pending, &interrupted);
        duckdb_destroy_result(&interrupted);
        failure = asked.error();
        break;
      }
    }
    const auto state = duckdb_pending_execute_task(pending);
    if (state == DUCKDB_PENDING_ERROR) failure = error_from(duckdb_pending_error(pending));
    if (duckdb_pending_execution_is_finished(state)) break;
  }
  duckdb_result result{};
  if (!failure && duckdb_execute_pending(pending, &result) != DuckDBSuccess) {
    failure = error_from(duckdb_result_error(&result));
    duckdb_destroy_result(&result);
  }
  duckdb_destroy_pending(&pending);
  duckdb_destroy_prepare(&statement);
  if (failure) return fail(std::move(*failure));
  return result;
}

Result<void> Connection::execute(const std::string& sql, const Check& check) {
  TRACSEQ_TRY(duckdb_result result, run(sql, false, check));
  duckdb_destroy_result(&result);
  return {};
}

Result<std::vector<std::int64_t>> Connection::numbers(const std::string& sql, const Check& check) {
  TRACSEQ_TRY(duckdb_result result, run(sql, false, check));
  std::vector<std::int64_t> found;
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
    const auto* data = static_cast<const std::int64_t*>(duckdb_vector_get_data(vector));
    std::uint64_t* const mask = duckdb_vector_get_validity(vector);
    for (idx_t r = 0; r < duckdb_data_chunk_get_size(chunk); ++r)
      found.push_back(mask == nullptr || duckdb_validity_row_is_valid(mask, r) ? data[r] : 0);
    duckdb_destroy_data_chunk(&chunk);
  }
  duckdb_destroy_result(&result);
  return found;
}

Result<std::unique_ptr<QueryReader>> Connection::stream(std::unique_ptr<Connection> connection,
                                                        const std::string& sql, const Check& check) {
  TRACSEQ_TRY(duckdb_result result, connection->run(sql, true, check));
  return std::make_unique<QueryReader>(std::move(connection), result);
}

}  // namespace tracseq::tables::duck
