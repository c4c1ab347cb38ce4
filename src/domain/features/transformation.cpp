// SPDX-License-Identifier: MIT
#include "domain/features/transformation.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "domain/features/cell_values.h"
#include "domain/features/target_encoding.h"
#include "domain/features/tokens.h"
#include "domain/features/transformation_values.h"

namespace tracseq::features {
namespace {

Result<const tables::Column*> column_of(const tables::ColumnBatch& batch, const std::string& name) {
  const tables::Column* column = batch.find(name);
  if (column == nullptr)
    return fail_field(name,
                      fmt::format("the column '{}' is missing; the transformation was fitted with it", name));
  return column;
}

// Value `row` of a column as that of a request. Borrows texts of the column and of `buffer`.
Value value_in(const tables::Column& column, std::size_t row, std::string& buffer) {
  if (!column.present(row)) return {};
  switch (column.type) {
    case tables::ColumnType::boolean:
      return Value::of(column.booleans[row] != 0);
    case tables::ColumnType::int64:
      return Value::of(column.integers[row]);
    case tables::ColumnType::float64:
      return std::isnan(column.doubles[row]) ? Value{} : Value::of(column.doubles[row]);
    case tables::ColumnType::string:
      return Value::of(column.text(row));
    case tables::ColumnType::timestamp:
      break;
  }
  buffer = tables::value_text(column, row);
  return Value::of(std::string_view(buffer));
}

Result<void> read_numbers(const tables::Column& column, const NumericStep& step, std::size_t rows,
                          std::vector<double>& out) {
  out.resize(rows);
  const auto fill = [&](auto at) {
    if (column.validity.empty()) {
      for (std::size_t r = 0; r < rows; ++r) out[r] = numeric_value(step, at(r));
    } else {
      for (std::size_t r = 0; r < rows; ++r) out[r] = numeric_value(step, column.present(r) ? at(r) : NAN);
    }
  };
  if (step.input_type && column.type != *step.input_type) {
    std::string buffer;
    for (std::size_t r = 0; r < rows; ++r) {
      TRACSEQ_TRY(const double number, cell_number(step, value_in(column, r, buffer)));
      out[r] = numeric_value(step, number);
    }
    return {};
  }
  switch (column.type) {
    case tables::ColumnType::float64:
      fill([&](std::size_t r) { return column.doubles[r]; });
      return {};
    case tables::ColumnType::int64:
      fill([&](std::size_t r) { return static_cast<double>(column.integers[r]); });
      return {};
    case tables::ColumnType::boolean:
      fill([&](std::size_t r) { return static_cast<double>(column.booleans[r]); });
      return {};
    default:
      break;
  }
  return fail_field(step.column,
                    fmt::format("the column '{}' holds {} values; the transformation was fitted with numbers",
                                step.column, tables::type_name(column.type)));
}

}  // namespace

Result<std::int32_t> FittedTransformation::category_of(std::size_t step, std::string_view text) const {
  const std::int32_t code = categories_[step].find(text);
  const CategoricalStep& categorical = document_.categorical[step];
  if (code == StringIndex::kAbsent && categorical.unknown_categories == UnknownCategory::error)
    return fail_field(
        categorical.column,
        fmt::format("the column '{}' has the category '{}', which was not seen when the transformation "
                    "was fitted",
                    categorical.column, text.substr(0, 100)));
  return code;
}

Result<void> FittedTransformation::encode_categorical(std::size_t step, const tables::Column& column,
                                                      Encoded& out) const {
  const CategoricalStep& categorical = document_.categorical[step];
  auto& codes = out.codes[step];
  codes.resize(out.rows);
  const std::int32_t fill = categories_[step].find(categorical.fill);
  const bool strict = categorical.unknown_categories == UnknownCategory::error;
  const bool same = !categorical.input_type || column.type == *categorical.input_type;
  std::string text, buffer;
  for (std::size_t r = 0; r < out.rows; ++r) {
    if (!column.present(r)) {
      codes[r] = fill;
    } else if (!same) {
      const Value value = value_in(column, r, text);
      if (cell_missing(categorical.input_type, value)) {
        codes[r] = fill;
        continue;
      }
      TRACSEQ_TRY(const std::string_view category, cell_category(categorical, value, buffer));
      TRACSEQ_TRY(codes[r], category_of(step, category));
    } else if (column.type == tables::ColumnType::string && !strict) {
      codes[r] = categories_[step].find(column.text(r));
    } else {
      TRACSEQ_TRY(codes[r], column.type == tables::ColumnType::string
                                ? category_of(step, column.text(r))
                                : category_of(step, tables::value_text(column, r)));
    }
  }
  return {};
}

void FittedTransformation::count_terms(std::size_t step, std::string_view text, RowScratch& scratch,
                                       SparseRows& out) const {
  lower_text(text, scratch.lowered);
  scratch.terms.clear();
  each_token(scratch.lowered, [&](std::string_view token) {
    if (const std::int32_t term = terms_[step].find(token); term != StringIndex::kAbsent)
      scratch.terms.push_back(term);
  });
  std::sort(scratch.terms.begin(), scratch.terms.end());
  const std::size_t start = out.terms.size();
  double squares = 0;
  for (std::size_t i = 0; i < scratch.terms.size();) {
    std::size_t end = i;
    while (end < scratch.terms.size() && scratch.terms[end] == scratch.terms[i]) ++end;
    const double value =
        static_cast<double>(end - i) * document_.text[step].idf[static_cast<std::size_t>(scratch.terms[i])];
    out.terms.push_back(scratch.terms[i]);
    out.values.push_back(value);
    squares += value * value;
    i = end;
  }
  const double norm = std::sqrt(squares);
  if (norm > 0)
    for (std::size_t i = start; i < out.values.size(); ++i) out.values[i] /= norm;
  out.starts.push_back(out.terms.size());
}

Result<void> FittedTransformation::encode(const tables::ColumnBatch& batch, CrossFit* cross,
                                          Encoded& out) const {
  out.rows = batch.rows;
  out.numeric.resize(document_.numeric.size());
  for (std::size_t s = 0; s < document_.numeric.size(); ++s) {
    TRACSEQ_TRY(const tables::Column* column, column_of(batch, document_.numeric[s].column));
    TRACSEQ_CHECK(read_numbers(*column, document_.numeric[s], batch.rows, out.numeric[s]));
  }
  out.codes.resize(document_.categorical.size());
  out.encoded.resize(document_.categorical.size());
  if (cross != nullptr) TRACSEQ_CHECK(cross->assign_folds(batch));
  for (std::size_t s = 0; s < document_.categorical.size(); ++s) {
    const CategoricalStep& step = document_.categorical[s];
    TRACSEQ_TRY(const tables::Column* column, column_of(batch, step.column));
    TRACSEQ_CHECK(encode_categorical(s, *column, out));
    if (step.encoding == Encoding::onehot) continue;
    const std::size_t classes = classes_of(step);
    out.encoded[s].resize(batch.rows * classes);
    for (std::size_t r = 0; r < batch.rows; ++r)
      for (std::size_t c = 0; c < classes; ++c)
        out.encoded[s][r * classes + c] = code_value(step, out.codes[s][r], c);
    if (cross != nullptr && step.encoding == Encoding::target)
      cross->replace(s, out.codes[s], out.encoded[s]);
  }
  out.text.resize(document_.text.size());
  RowScratch scratch;
  for (std::size_t s = 0; s < document_.text.size(); ++s) {
    TRACSEQ_TRY(const tables::Column* column, column_of(batch, document_.text[s].column));
    if (column->type != tables::ColumnType::string)
      return fail_field(
          column->name,
          fmt::format("the column '{}' holds {} values; the transformation was fitted with text",
                      column->name, tables::type_name(column->type)));
    out.text[s].clear();
    for (std::size_t r = 0; r < batch.rows; ++r)
      count_terms(s, column->present(r) ? column->text(r) : std::string_view{}, scratch, out.text[s]);
  }
  return {};
}

void FittedTransformation::lay_out(const Encoded& encoded, std::size_t first, std::size_t last,
                                   tables::ColumnBatch& out) const {
  out.rows = last - first;
  out.columns.resize(document_.outputs.size());
  for (std::size_t i = 0; i < document_.outputs.size(); ++i) {
    const OutputColumn& output = document_.outputs[i];
    tables::Column& column = out.columns[i];
    column.clear();
    if (column.name != output.name) column.name = output.name;
    column.type = tables::ColumnType::float64;
    const auto step = static_cast<std::size_t>(output.step);
    const auto offset = static_cast<std::ptrdiff_t>(first);
    if (output.kind == StepKind::numeric) {
      const auto& values = encoded.numeric[step];
      column.doubles.assign(values.begin() + offset, values.begin() + static_cast<std::ptrdiff_t>(last));
      continue;
    }
    column.doubles.assign(out.rows, 0.0);
    if (output.kind == StepKind::text) continue;
    if (document_.categorical[step].encoding == Encoding::onehot) {
      const std::int32_t* codes = encoded.codes[step].data() + first;
      for (std::size_t r = 0; r < out.rows; ++r) column.doubles[r] = codes[r] == output.part ? 1.0 : 0.0;
      continue;
    }
    const std::size_t classes = classes_of(document_.categorical[step]);
    for (std::size_t r = 0; r < out.rows; ++r)
      column.doubles[r] =
          encoded.encoded[step][(first + r) * classes + static_cast<std::size_t>(output.part)];
  }
  for (std::size_t s = 0; s < encoded.text.size(); ++s) {
    const SparseRows& rows = encoded.text[s];
    for (std::size_t r = first; r < last; ++r)
      for (std::size_t i = rows.starts[r]; i < rows.starts[r + 1]; ++i)
        if (const std::int32_t slot = text_slots_[s][static_cast<std::size_t>(rows.terms[i])]; slot >= 0)
          out.columns[static_cast<std::size_t>(slot)].doubles[r - first] = rows.values[i];
  }
}

Result<tables::ColumnBatch> FittedTransformation::transform(const tables::ColumnBatch& batch) const {
  Encoded encoded;
  TRACSEQ_CHECK(encode(batch, nullptr, encoded));
  tables::ColumnBatch out;
  lay_out(encoded, 0, batch.rows, out);
  return out;
}

}  // namespace tracseq::features
