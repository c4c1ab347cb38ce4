// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "storage/tables/duckdb/database.h"

namespace tracseq::tables::duck {
namespace {

Result<ColumnType> type_from(duckdb_type type, const char* name) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return ColumnType::boolean;
    case DUCKDB_TYPE_BIGINT:
      return ColumnType::int64;
    case DUCKDB_TYPE_DOUBLE:
      return ColumnType::float64;
    case DUCKDB_TYPE_VARCHAR:
      return ColumnType::string;
    case DUCKDB_TYPE_TIMESTAMP:
      return ColumnType::timestamp;
    default:
      break;
  }
  return fail(Code::internal, fmt::format("the query gives '{}' as a type that no column has", name));
}

bool present_in(const std::uint64_t* mask, std::size_t row) noexcept {
  return mask == nullptr || ((mask[row >> 6] >> (row & 63)) & 1) != 0;
}

// Bits of `mask` from row `first` on behind those of the rows already there.
void append_validity(Column& column, std::size_t before, std::size_t first, std::size_t rows,
                     const std::uint64_t* mask) {
  if (mask == nullptr && column.validity.empty()) return;
  const std::size_t total = before + rows;
  if (column.validity.empty()) column.validity.assign((before + 63) / 64, ~std::uint64_t{0});
  column.validity.resize((total + 63) / 64, ~std::uint64_t{0});
  if (mask == nullptr) return;
  for (std::size_t r = 0; r < rows; ++r)
    if (!present_in(mask, first + r))
      column.validity[(before + r) >> 6] &= ~(std::uint64_t{1} << ((before + r) & 63));
}

template <class T, class V>
void append_values(std::vector<T>& out, const V* data, std::size_t rows) {
  const std::size_t before = out.size();
  out.resize(before + rows);
  if constexpr (sizeof(T) == sizeof(V)) {
    std::memcpy(out.data() + before, data, rows * sizeof(T));
  } else {
    std::copy(data, data + rows, out.begin() + static_cast<std::ptrdiff_t>(before));
  }
}

void append_texts(Column& column, const duckdb_string_t* data, std::size_t first, std::size_t rows,
                  const std::uint64_t* mask) {
  if (column.offsets.empty()) column.offsets.push_back(0);
  for (std::size_t r = first; r < first + rows; ++r) {
    if (present_in(mask, r)) {
      duckdb_string_t text = data[r];
      column.bytes.append(duckdb_string_t_data(&text), duckdb_string_t_length(text));
    }
    column.offsets.push_back(column.bytes.size());
  }
}

}  // namespace

QueryReader::QueryReader(std::unique_ptr<Connection> connection, duckdb_result result)
    : connection_(std::move(connection)), result_(result) {
  batch_.columns.resize(duckdb_column_count(&result_));
  for (std::size_t c = 0; c < batch_.columns.size(); ++c)
    batch_.columns[c].name = duckdb_column_name(&result_, c);
}

QueryReader::~QueryReader() {
  drop_chunk();
  duckdb_destroy_result(&result_);
}

void QueryReader::drop_chunk() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  chunk_ = nullptr;
}

void QueryReader::rename(const std::vector<std::string>& names) {
  for (std::size_t c = 0; c < names.size() && c < batch_.columns.size(); ++c)
    batch_.columns[c].name = names[c];
}

Result<const ColumnBatch*> QueryReader::next() {
  if (done_) return nullptr;
  for (std::size_t c = 0; c < batch_.columns.size(); ++c) {
    batch_.columns[c].clear();
    TRACSEQ_TRY(batch_.columns[c].type,
                type_from(duckdb_column_type(&result_, c), batch_.columns[c].name.c_str()));
  }
  batch_.rows = 0;
  std::size_t bytes = 0;
  while (batch_.rows < kBatchRows) {
    if (chunk_ == nullptr) {
      chunk_ = duckdb_fetch_chunk(result_);
      if (chunk_ == nullptr) {
        done_ = true;
        if (const char* error = duckdb_result_error(&result_); error != nullptr && *error != '\0')
          return fail(error_from(error));
        break;
      }
      chunk_rows_ = duckdb_data_chunk_get_size(chunk_);
      chunk_row_ = 0;
    }
    const std::size_t rows = rows_that_fit(bytes);
    append(chunk_row_, rows);
    chunk_row_ += rows;
    if (chunk_row_ < chunk_rows_) break;  // the batch is full
    drop_chunk();
  }
  return batch_.rows == 0 ? nullptr : &batch_;
}

// How many of the chunk's rows the batch takes beside its `bytes`, to which they are added.
std::size_t QueryReader::rows_that_fit(std::size_t& bytes) const {
  std::size_t fixed = 0;
  std::vector<std::pair<const duckdb_string_t*, const std::uint64_t*>> texts;
  for (std::size_t c = 0; c < batch_.columns.size(); ++c) {
    const ColumnType type = batch_.columns[c].type;
    fixed += type == ColumnType::boolean ? 1 : sizeof(std::uint64_t);
    if (type != ColumnType::string) continue;
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, c);
    texts.emplace_back(static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector)),
                       duckdb_vector_get_validity(vector));
  }
  std::size_t rows = 0;
  while (chunk_row_ + rows < chunk_rows_ && batch_.rows + rows < kBatchRows) {
    const std::size_t row = chunk_row_ + rows;
    std::size_t more = fixed;
    for (const auto& [data, mask] : texts)
      if (present_in(mask, row)) more += duckdb_string_t_length(data[row]);
    if (bytes + more > kBatchBytesMax && batch_.rows + rows > 0) break;
    bytes += more;
    ++rows;
  }
  return rows;
}

void QueryReader::append(std::size_t first, std::size_t rows) {
  for (std::size_t c = 0; c < batch_.columns.size(); ++c) {
    Column& column = batch_.columns[c];
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, c);
    const void* data = duckdb_vector_get_data(vector);
    const std::uint64_t* mask = duckdb_vector_get_validity(vector);
    append_validity(column, batch_.rows, first, rows, mask);
    switch (column.type) {
      case ColumnType::boolean:
        append_values(column.booleans, static_cast<const std::uint8_t*>(data) + first, rows);
        break;
      case ColumnType::float64:
        append_values(column.doubles, static_cast<const double*>(data) + first, rows);
        break;
      case ColumnType::int64:
      case ColumnType::timestamp:
        append_values(column.integers, static_cast<const std::int64_t*>(data) + first, rows);
        break;
      case ColumnType::string:
        append_texts(column, static_cast<const duckdb_string_t*>(data), first, rows, mask);
        break;
    }
  }
  batch_.rows += rows;
}

}  // namespace tracseq::tables::duck
