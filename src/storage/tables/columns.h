// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"

namespace tracseq::tables {

// Rows handed from stage to stage at once: large enough to amortise calls, small enough to stay in the cache.
inline constexpr std::size_t kBatchRows = 8192;
// A batch of very wide rows holds fewer of them, so that its bytes stay below this.
inline constexpr std::size_t kBatchBytesMax = 32UL << 20;

// timestamp: microseconds since the epoch, UTC.
enum class ColumnType { boolean, int64, float64, string, timestamp };
TRACSEQ_DESCRIBE_ENUM(ColumnType, boolean, int64, float64, string, timestamp)
std::string_view type_name(ColumnType type) noexcept;

// One column of a batch. Only the vector of its type is filled; the places of missing values hold anything.
// A plain value: copy it, move it, share it read-only.
struct Column {
  std::string name;
  ColumnType type = ColumnType::float64;
  std::vector<std::uint64_t> validity;  // bit r set: row r is present. Empty: all are
  std::vector<double> doubles;
  std::vector<std::int64_t> integers;  // int64, timestamp
  std::vector<std::uint8_t> booleans;  // 0 or 1
  std::vector<std::uint64_t> offsets;  // string: rows + 1 positions in `bytes`
  std::string bytes;                   // UTF-8

  [[nodiscard]] bool present(std::size_t row) const noexcept {
    return validity.empty() || ((validity[row >> 6] >> (row & 63)) & 1) != 0;
  }
  [[nodiscard]] std::string_view text(std::size_t row) const noexcept {
    return {bytes.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  // Marks a row as missing; `rows` is the length of the column.
  void set_missing(std::size_t row, std::size_t rows);
  // Empties it for reuse, keeping name, type and memory.
  void clear();
  void append_text(std::string_view value) {
    if (offsets.empty()) offsets.push_back(0);
    bytes.append(value);
    offsets.push_back(bytes.size());
  }
};

// Rows of a table, column by column. All columns have `rows` rows.
struct ColumnBatch {
  std::size_t rows = 0;
  std::vector<Column> columns;

  // Null if there is no such column.
  [[nodiscard]] const Column* find(std::string_view name) const noexcept;
};

// What a table's column is.
struct ColumnInfo {
  std::string name;
  ColumnType type = ColumnType::string;
};

// One pass over a table. Used by one thread.
class BatchReader {
 public:
  virtual ~BatchReader() = default;
  // The next rows, valid until the next call; null at the end.
  virtual Result<const ColumnBatch*> next() = 0;
};

// A table that can be read several times, always in the same order.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  [[nodiscard]] virtual std::vector<ColumnInfo> columns() const = 0;
  // Reads the named columns in that order, all columns where `names` is empty. `not_found` names an unknown
  // one.
  virtual Result<std::unique_ptr<BatchReader>> open(const std::vector<std::string>& names) = 0;
};

// A table in memory. Borrows its batches, which outlive it.
class MemorySource final : public BatchSource {
 public:
  explicit MemorySource(const std::vector<ColumnBatch>& batches) : batches_(batches) {}
  [[nodiscard]] std::vector<ColumnInfo> columns() const override;
  Result<std::unique_ptr<BatchReader>> open(const std::vector<std::string>& names) override;

 private:
  const std::vector<ColumnBatch>& batches_;
};

// What stands for a missing value where a cell is text: in the text columns of every file, and in a request.
inline constexpr std::array<std::string_view, 9> kMissingTexts{"",    "NA",   "N/A",  "#N/A", "NaN",
                                                               "nan", "null", "NULL", "None"};
bool is_missing_text(std::string_view text) noexcept;

// The text a value has as a category, the same on a table and in a request: strings as they are, booleans
// "true" and "false", integers in decimal, doubles in their shortest form ("3" for 3.0), times as RFC 3339.
std::string value_text(const Column& column, std::size_t row);
std::string number_text(double value);

}  // namespace tracseq::tables
