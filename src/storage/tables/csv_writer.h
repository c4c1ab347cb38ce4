// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "storage/tables/columns.h"

namespace tracseq::tables {

// Writes batches as CSV: comma, quotes where needed, line feeds, doubles in their shortest form, booleans as
// True and False (as Python writes and reads them), times as RFC 3339, nothing for a missing value. Takes the
// digest along the way. The file is made anew and is durable after finish(); the caller removes what was
// begun and never finished. Used by one thread.
class CsvWriter {
 public:
  static Result<CsvWriter> create(const std::string& path, const std::vector<std::string>& columns);
  CsvWriter(CsvWriter&& other) noexcept;
  CsvWriter& operator=(CsvWriter&&) = delete;
  ~CsvWriter();

  // `storage_full` where the disk is.
  Result<void> append(const ColumnBatch& batch);
  struct Written {
    std::string digest;  // SHA-256, hex
    std::uint64_t bytes = 0;
    std::int64_t rows = 0;
  };
  Result<Written> finish();

 private:
  explicit CsvWriter(int descriptor) : descriptor_(descriptor) {}
  Result<void> flush();

  int descriptor_ = -1;
  std::string buffer_;
  Sha256 digest_;
  Written written_;
};

}  // namespace tracseq::tables
