// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>

#include "storage/tables/duckdb/database.h"

namespace tracseq::tables::duck {
namespace {

duckdb_type id_of(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean:
      return DUCKDB_TYPE_BOOLEAN;
    case ColumnType::int64:
      return DUCKDB_TYPE_BIGINT;
    case ColumnType::float64:
      return DUCKDB_TYPE_DOUBLE;
    case ColumnType::string:
      return DUCKDB_TYPE_VARCHAR;
    case ColumnType::timestamp:
      return DUCKDB_TYPE_TIMESTAMP;
  }
  return DUCKDB_TYPE_VARCHAR;
}

void bind(duckdb_bind_info info) {
  auto& feed = *static_cast<BatchFeed*>(duckdb_bind_get_extra_info(info));
  for (const ColumnInfo& column : feed.columns) {
    duckdb_logical_type type = duckdb_create_logical_type(id_of(column.type));
    duckdb_bind_add_result_column(info, column.name.c_str(), type);
    duckdb_destroy_logical_type(&type);
  }
}

// One thread pulls: the reader is for one, and the order of the rows is kept.
void init(duckdb_init_info info) { duckdb_init_set_max_threads(info, 1); }

void copy_column(const Column& column, std::size_t first, std::size_t rows, duckdb_vector vector) {
  void* data = duckdb_vector_get_data(vector);
  switch (column.type) {
    case ColumnType::boolean:
      std::memcpy(data, column.booleans.data() + first, rows);
      break;
    case ColumnType::float64:
      std::memcpy(data, column.doubles.data() + first, rows * sizeof(double));
      break;
    case ColumnType::int64:
    case ColumnType::timestamp:
      std::memcpy(data, column.integers.data() + first, rows * sizeof(std::int64_t));
      break;
    case ColumnType::string:
      for (std::size_t r = 0; r < rows; ++r) {
        const auto text = column.text(first + r);
        duckdb_vector_assign_string_element_len(vector, r, text.data(), text.size());
      }
      break;
  }
  if (column.validity.empty()) return;
  duckdb_vector_ensure_validity_writable(vector);
  std::uint64_t* mask = duckdb_vector_get_validity(vector);
  for (std::size_t r = 0; r < rows; ++r) duckdb_validity_set_row_validity(mask, r, column.present(first + r));
}

void pull(duckdb_function_info info, duckdb_data_chunk output) {
  auto& feed = *static_cast<BatchFeed*>(duckdb_function_get_extra_info(info));
  const Lock lock(feed.mutex);
  while (feed.batch == nullptr || feed.row == feed.batch->rows) {
    auto next = feed.reader->next();
    if (!next) {
      feed.error = next.error();
      duckdb_function_set_error(info, "the rows to write could not be made");
      return;
    }
    feed.batch = *next;
    feed.row = 0;
    if (feed.batch == nullptr) {
      duckdb_data_chunk_set_size(output, 0);
      return;
    }
  }
  const std::size_t rows = std::min<std::size_t>(feed.batch->rows - feed.row, duckdb_vector_size());
  for (std::size_t c = 0; c < feed.columns.size(); ++c)
    copy_column(feed.batch->columns[c], feed.row, rows, duckdb_data_chunk_get_vector(output, c));
  duckdb_data_chunk_set_size(output, rows);
  feed.row += rows;
}

}  // namespace

Result<void> register_feed(Connection& connection, BatchFeed& feed) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "tracseq_batches");
  duckdb_table_function_set_extra_info(function, &feed, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_function(function, pull);
  const auto state = duckdb_register_table_function(connection.handle(), function);
  duckdb_destroy_table_function(&function);
  if (state != DuckDBSuccess) return fail(Code::internal, "DuckDB refused a table function");
  return {};
}

}  // namespace tracseq::tables::duck
