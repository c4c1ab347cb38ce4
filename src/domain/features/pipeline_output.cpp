// SPDX-License-Identifier: MIT
#include "domain/features/pipeline_output.h"

#include <algorithm>
#include <cmath>

namespace tracseq::features {
namespace {

using tables::Column;
using tables::ColumnType;

bool is_feature(const FeatureConfig& config, const std::string& name) {
  const auto in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return in(config.numeric_features) || in(config.categorical_features) || in(config.text_features);
}

bool loaded(const tables::Table& table, const std::string& name, ColumnType& type) {
  for (const auto& info : table.columns())
    if (info.name == name) {
      type = info.type;
      return true;
    }
  return false;
}

bool is_missing(const Column& column, std::size_t row) {
  return !column.present(row) || (column.type == ColumnType::float64 && !std::isfinite(column.doubles[row]));
}

void append_passed(const Column& from, double fill, std::size_t first, std::size_t last, Column& to) {
  for (std::size_t r = first; r < last; ++r) {
    const bool missing = is_missing(from, r);
    switch (from.type) {
      case ColumnType::boolean:
        to.booleans.push_back(missing ? static_cast<std::uint8_t>(fill) : from.booleans[r]);
        break;
      case ColumnType::int64:
        to.integers.push_back(missing ? static_cast<std::int64_t>(fill) : from.integers[r]);
        break;
      default:
        to.doubles.push_back(missing ? fill : from.doubles[r]);
        break;
    }
  }
}

std::vector<tables::ColumnInfo> passed_infos(const FeatureConfig& config, const data::ParsedSchema& schema,
                                             const tables::Table& table) {
  std::vector<tables::ColumnInfo> infos;
  for (const auto& rule : schema.columns) {
    ColumnType type = rule.type;
    if (is_feature(config, rule.name) || !loaded(table, rule.name, type)) continue;
    if (type == ColumnType::string || type == ColumnType::timestamp) continue;
    infos.push_back({rule.name, type});
  }
  return infos;
}

}  // namespace

std::vector<std::string> passed_names(const FeatureConfig& config, const data::ParsedSchema& schema,
                                      const tables::Table& table) {
  std::vector<std::string> names;
  for (const auto& info : passed_infos(config, schema, table)) names.push_back(info.name);
  return names;
}

Result<PassedColumns> passed_columns(const FeatureConfig& config, const data::ParsedSchema& schema,
                                     tables::Table& table, const FitOptions& options) {
  PassedColumns passed;
  passed.columns = passed_infos(config, schema, table);
  FeatureConfig filling;  // the medians and modes, by the same code that fills the features
  filling.scaling_method = Scaling::none;
  filling.encoding_method = Encoding::label;
  filling.clip_outliers = false;
  filling.feature_selection_enabled = false;
  for (const auto& [name, type] : passed.columns)
    (type == ColumnType::boolean ? filling.categorical_features : filling.numeric_features).push_back(name);
  if (passed.columns.empty()) return passed;
  TRACSEQ_TRY(const Fitted fitted, fit(filling, table, options));
  const auto& document = fitted.transformation().document();
  std::size_t number = 0;
  std::size_t flag = 0;
  for (const auto& column : passed.columns) {
    if (column.type == ColumnType::boolean) {
      passed.fills.push_back(document.categorical[flag++].fill == "true" ? 1 : 0);
    } else {
      const double fill = document.numeric[number++].fill;
      passed.fills.push_back(column.type == ColumnType::int64 ? std::floor(fill) : fill);
    }
  }
  return passed;
}

std::vector<tables::ColumnInfo> OutputReader::columns(const Fitted& fitted, const PassedColumns& passed) {
  std::vector<tables::ColumnInfo> infos;
  for (const auto& name : fitted.transformation().output_names())
    infos.push_back({name, ColumnType::float64});
  infos.insert(infos.end(), passed.columns.begin(), passed.columns.end());
  return infos;
}

Result<OutputReader> OutputReader::open(Fitted& fitted, const PassedColumns& passed, tables::Table& table,
                                        tables::CsvWriter* csv, const tables::Check& check) {
  OutputReader reader(fitted, passed, csv, check);
  const auto features = fitted.transformation().output_names();
  std::vector<std::string> wanted = fitted.columns();
  for (const auto& [name, type] : passed.columns) {
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) wanted.push_back(name);
  }
  fitted.restart();
  TRACSEQ_TRY(reader.reader_, table.open(wanted));
  const std::size_t width = std::max<std::size_t>(1, features.size() + passed.columns.size());
  reader.slice_rows_ =
      std::clamp<std::size_t>(tables::kBatchBytesMax / (width * sizeof(double)), 16, tables::kBatchRows);
  return reader;
}

void OutputReader::pass_columns(std::size_t first, std::size_t last) {
  for (std::size_t i = 0; i < passed_.columns.size(); ++i) {
    Column& column = out_.columns.emplace_back();
    column.name = passed_.columns[i].name;
    column.type = passed_.columns[i].type;
    append_passed(*batch_->find(column.name), passed_.fills[i], first, last, column);
  }
}

Result<const tables::ColumnBatch*> OutputReader::next() {
  if (batch_ == nullptr || row_ == batch_->rows) {
    if (check_) TRACSEQ_CHECK(check_());
    TRACSEQ_TRY(batch_, reader_->next());
    if (batch_ == nullptr) return nullptr;
    row_ = 0;
    TRACSEQ_CHECK(fitted_.encode_training(*batch_, encoded_));
  }
  const std::size_t last = std::min(batch_->rows, row_ + slice_rows_);
  fitted_.transformation().lay_out(encoded_, row_, last, out_);
  pass_columns(row_, last);
  row_ = last;
  if (csv_ != nullptr) TRACSEQ_CHECK(csv_->append(out_));
  return &out_;
}

}  // namespace tracseq::features
