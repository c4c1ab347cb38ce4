// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "storage/tables/columns.h"

// The columnar file in which tables cross to Python and back: docs/formats/columns.md.
namespace tracseq::tables {

struct BufferPlace {
  std::int64_t offset = 0;  // from the beginning of the file
  std::int64_t length = 0;  // bytes
};
TRACSEQ_DESCRIBE(BufferPlace, (offset, length))

struct ColumnBuffers {
  std::optional<BufferPlace> validity;
  std::optional<BufferPlace> offsets;
  BufferPlace data;
};
TRACSEQ_DESCRIBE(ColumnBuffers, (validity, offsets, data))

struct ExchangeBatch {
  std::int64_t rows = 0;
  std::vector<ColumnBuffers> columns;
};
TRACSEQ_DESCRIBE(ExchangeBatch, (rows, columns))

struct ExchangeColumn {
  std::string name;
  ColumnType type = ColumnType::float64;
};
TRACSEQ_DESCRIBE(ExchangeColumn, (name, type))

struct ExchangeFooter {
  std::int32_t version = 1;
  std::vector<ExchangeColumn> columns;
  std::vector<ExchangeBatch> batches;
};
TRACSEQ_DESCRIBE(ExchangeFooter, (version, columns, batches))

// Writes a table's batches. The file is complete after the call; the caller removes it if it fails.
Result<void> write_exchange(const std::string& path, const std::vector<ColumnInfo>& columns,
                            BatchReader& reader);

// A table in such a file, or in memory (then the bytes outlive it). Everything is checked before it is used:
// the file may come from somebody else's function. `invalid` says what is wrong with it.
class ExchangeSource final : public BatchSource {
 public:
  static Result<std::unique_ptr<ExchangeSource>> open_file(const std::string& path);
  static Result<std::unique_ptr<ExchangeSource>> of(std::string_view bytes);
  ~ExchangeSource() override;
  ExchangeSource(const ExchangeSource&) = delete;
  ExchangeSource& operator=(const ExchangeSource&) = delete;

  [[nodiscard]] std::vector<ColumnInfo> columns() const override;
  Result<std::unique_ptr<BatchReader>> open(const std::vector<std::string>& names) override;

 private:
  ExchangeSource() = default;
  Result<void> read_footer();
  Result<void> check_column(const ExchangeColumn& column, const ColumnBuffers& buffers,
                            std::int64_t rows) const;

  std::string_view bytes_;
  void* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  ExchangeFooter footer_;
};

}  // namespace tracseq::tables
