// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/data/schema.h"
#include "domain/features/fit.h"
#include "storage/tables/csv_writer.h"
#include "storage/tables/table_engine.h"

namespace tracseq::features {

// Columns that are no features and go out unchanged (labels): the numeric and boolean ones of the schema.
// Where one has missing values they are filled as the preprocessing fills them: numbers by the median
// (integers stay integers), booleans by the mode.
struct PassedColumns {
  std::vector<tables::ColumnInfo> columns;
  std::vector<double> fills;  // booleans: 0 or 1
};
Result<PassedColumns> passed_columns(const FeatureConfig& config, const data::ParsedSchema& schema,
                                     tables::Table& table, const FitOptions& options);
// Their names, which no feature may take.
std::vector<std::string> passed_names(const FeatureConfig& config, const data::ParsedSchema& schema,
                                      const tables::Table& table);

// Makes the rows of a run's output: the features of the training table, then the passed columns. What it
// gives is also written to `csv`. One pass over the table, in its order.
class OutputReader final : public tables::BatchReader {
 public:
  // The names of the output: features and passed columns.
  static std::vector<tables::ColumnInfo> columns(const Fitted& fitted, const PassedColumns& passed);
  static Result<OutputReader> open(Fitted& fitted, const PassedColumns& passed, tables::Table& table,
                                   tables::CsvWriter* csv, const tables::Check& check);
  Result<const tables::ColumnBatch*> next() override;

 private:
  OutputReader(Fitted& fitted, const PassedColumns& passed, tables::CsvWriter* csv,
               const tables::Check& check)
      : fitted_(fitted), passed_(passed), csv_(csv), check_(check) {}
  void pass_columns(std::size_t first, std::size_t last);

  Fitted& fitted_;
  const PassedColumns& passed_;
  tables::CsvWriter* csv_;
  const tables::Check& check_;
  std::unique_ptr<tables::BatchReader> reader_;
  const tables::ColumnBatch* batch_ = nullptr;
  Encoded encoded_;
  std::size_t row_ = 0;         // of `batch_`, handed out so far
  std::size_t slice_rows_ = 0;  // rows of a slice: wide rows go out in smaller ones
  tables::ColumnBatch out_;
};

}  // namespace tracseq::features
