// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/json.h"
#include "storage/tables/columns.h"

namespace tracseq::api {

// Turns list items (JSON objects) into rows of a flat table: nested objects become columns "metrics.auc",
// arrays stay JSON text. Columns are found in a first pass over all items, so that rows of different shape
// fit one table. Not thread-safe.
class ExportTable {
 public:
  // First pass: learns the columns and what they hold.
  void learn(const Json& item);
  // The same of a list without rows, from the description of what its rows would be. What has no columns
  // before there is a row (maps) gives none.
  void learn(const TypeInfo& row);
  [[nodiscard]] std::vector<tables::ColumnInfo> columns() const;

  // Second pass. The header line, and a row as RFC 4180 has it; missing values are empty. Non-finite numbers
  // are NaN, Infinity, -Infinity.
  [[nodiscard]] std::string csv_header() const;
  [[nodiscard]] std::string csv_row(const Json& item) const;
  // Adds a row to a batch made by `empty_batch`.
  [[nodiscard]] tables::ColumnBatch empty_batch() const;
  void add_row(tables::ColumnBatch& batch, const Json& item) const;

 private:
  struct Seen {
    std::string name;
    bool numbers = true;  // every value is a number
    bool integers = true;
    bool booleans = true;
  };
  void learn_member(const std::string& name, const Json& value);
  void learn_member(const std::string& name, const TypeInfo& type);
  [[nodiscard]] static tables::ColumnType type_of(const Seen& seen);

  std::vector<Seen> columns_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace tracseq::api
