// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "domain/features/config.h"
#include "domain/features/string_index.h"
#include "storage/tables/columns.h"

namespace tracseq::features {

inline constexpr std::int32_t kTransformationVersion = 1;

// The parts of a fitted transformation as they are stored; docs/formats/transformation.md has their meaning.
// `input_type`: what the column was when it was fitted; absent in documents of older programs.
struct NumericStep {
  std::string column;
  std::optional<tables::ColumnType> input_type;
  double fill = 0;
  std::optional<double> low;  // clipping
  std::optional<double> high;
  double center = 0;
  double scale = 1;  // never 0: (x − center) / scale
  // min-max: x · factor + offset instead, rounded as scikit-learn rounds it.
  std::optional<double> factor;
  std::optional<double> offset;
};
TRACSEQ_DESCRIBE(NumericStep, (column, input_type, fill, low, high, center, scale, factor, offset))

struct CategoricalStep {
  std::string column;
  std::optional<tables::ColumnType> input_type;
  Encoding encoding = Encoding::label;
  std::string fill;
  UnknownCategory unknown_categories = UnknownCategory::ignore;
  std::vector<std::string> categories;  // sorted by code point
  std::vector<std::string> classes;     // target with more than two classes: one output column each
  std::vector<double> values;           // target: for each category, for each class
  std::vector<double> unknown_values;   // target: for each class
};
TRACSEQ_DESCRIBE(CategoricalStep, (column, input_type, encoding, fill, unknown_categories, categories,
                                   classes, values, unknown_values))

struct TextStep {
  std::string column;
  std::vector<std::string> terms;  // sorted by code point
  std::vector<double> idf;
};
TRACSEQ_DESCRIBE(TextStep, (column, terms, idf))

enum class StepKind { numeric, categorical, text };
TRACSEQ_DESCRIBE_ENUM(StepKind, numeric, categorical, text)
struct OutputColumn {
  std::string name;
  StepKind kind = StepKind::numeric;
  std::int32_t step = 0;  // index in the list of its kind
  std::int32_t part = 0;  // one-hot: the category; target: the class; text: the term
};
TRACSEQ_DESCRIBE(OutputColumn, (name, kind, step, part))

struct DroppedColumn {
  std::string name;
  std::string reason;
};
TRACSEQ_DESCRIBE(DroppedColumn, (name, reason))

struct TransformationDocument {
  std::string format = "tracseq.transformation";
  std::int32_t version = kTransformationVersion;
  std::int64_t fitted_rows = 0;
  std::vector<NumericStep> numeric;
  std::vector<CategoricalStep> categorical;
  std::vector<TextStep> text;
  std::vector<OutputColumn> outputs;
  std::vector<DroppedColumn> dropped;
  std::vector<std::string> python_steps;
};
TRACSEQ_DESCRIBE(TransformationDocument,
                 (format, version, fitted_rows, numeric, categorical, text, outputs, dropped, python_steps))

// The sparse rows of a tf-idf step.
struct SparseRows {
  std::vector<std::size_t> starts;  // rows + 1
  std::vector<std::int32_t> terms;
  std::vector<double> values;
  void clear() { starts.assign(1, 0), terms.clear(), values.clear(); }
};

// A batch after imputation, clipping, scaling and encoding, before the chosen columns are laid out.
struct Encoded {
  std::size_t rows = 0;
  std::vector<std::vector<double>> numeric;  // by step
  std::vector<std::vector<std::int32_t>>
      codes;                                 // by step: the category, StringIndex::kAbsent for an unknown one
  std::vector<std::vector<double>> encoded;  // by step: row-major over classes; empty for one-hot
  std::vector<SparseRows> text;
};

// The encodings that cross-fitting gives to the rows it learned from; see target_encoding.h.
class CrossFit;

// One value of a request. Text is borrowed. `number` is set for integers and booleans (0 or 1), too.
struct Value {
  enum class Kind { missing, number, integer, boolean, text };
  Kind kind = Kind::missing;
  double number = 0;
  std::int64_t integer = 0;
  std::string_view text;
  static Value of(double v) { return {Kind::number, v, 0, {}}; }
  static Value of(std::int64_t v) { return {Kind::integer, static_cast<double>(v), v, {}}; }
  static Value of(bool v) { return {Kind::boolean, v ? 1.0 : 0.0, v ? 1 : 0, v ? "true" : "false"}; }
  static Value of(std::string_view v) { return {Kind::text, 0, 0, v}; }
};

// Memory that transform_row reuses; one for each thread.
struct RowScratch {
  std::string lowered;
  std::string category;
  std::vector<std::int32_t> terms;
  SparseRows sparse;
};

// A fitted transformation: the same numbers for a table and for one row, from the same code. Immutable after
// construction; every method may be called from any thread.
// Missing values and non-finite numbers are imputed, so no output is ever NaN.
class FittedTransformation {
 public:
  // `invalid` if the document contradicts itself, `unsupported` for a newer version.
  static Result<FittedTransformation> from_document(TransformationDocument document);
  static Result<FittedTransformation> from_text(std::string_view json);
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] const TransformationDocument& document() const noexcept { return document_; }

  // The columns it reads, in the order transform_row takes them: numeric, categorical, text.
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::vector<std::string> output_names() const;
  [[nodiscard]] std::size_t output_count() const noexcept { return document_.outputs.size(); }
  // The first Python step: such a transformation cannot be applied to a single request.
  [[nodiscard]] std::optional<std::string> offline_only() const;

  // The features of a table. `invalid` names a missing column, a text step's column that is none of texts,
  // and (where unknown categories are errors) the unknown category. Another column of another type than was
  // fitted is read as a request's values are (cell_values.h): a value that is none of the type refuses the
  // table. Loaded as that type, the same table has a missing value there.
  Result<tables::ColumnBatch> transform(const tables::ColumnBatch& batch) const;

  // The features of one row: `values` as inputs() has them, `out` of output_count() places. Allocates nothing
  // once `scratch` has grown. `unsupported` if offline_only().
  Result<void> transform_row(std::span<const Value> values, RowScratch& scratch, std::span<double> out) const;
  // The same from a JSON object by column name. Columns it does not know are passed over; a missing one is
  // `invalid` and named; null is a missing value.
  Result<std::vector<double>> transform_record(const Json& record) const;
  // Puts the members of a record where transform_row wants them. The values borrow from the record.
  Result<void> bind_record(const Json& record, std::span<Value> values) const;

  // The two halves of transform(), for the fit and for training tables. `cross` may be null.
  Result<void> encode(const tables::ColumnBatch& batch, CrossFit* cross, Encoded& out) const;
  // Rows [first, last) of `encoded` as the output columns.
  void lay_out(const Encoded& encoded, std::size_t first, std::size_t last, tables::ColumnBatch& out) const;

 private:
  explicit FittedTransformation(TransformationDocument document);
  Result<void> check() const;
  void compile();
  Result<std::int32_t> category_of(std::size_t step, std::string_view text) const;
  void count_terms(std::size_t step, std::string_view text, RowScratch& scratch, SparseRows& out) const;
  Result<void> encode_categorical(std::size_t step, const tables::Column& column, Encoded& out) const;

  TransformationDocument document_;
  std::vector<std::string> inputs_;
  std::vector<StringIndex> categories_;      // by categorical step, numbers as in the document
  std::vector<StringIndex> terms_;           // by text step
  std::vector<std::int32_t> numeric_slots_;  // output place of each numeric step, or -1
  std::vector<std::vector<std::int32_t>> categorical_slots_;  // by step and part
  std::vector<std::vector<std::int32_t>> text_slots_;         // by step and term
};

}  // namespace tracseq::features
