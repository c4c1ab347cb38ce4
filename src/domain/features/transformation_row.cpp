// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "domain/features/cell_values.h"
#include "domain/features/transformation_values.h"

namespace tracseq::features {
namespace {

Result<Value> value_of(const Json& json, const std::string& column) {
  if (json.is_null()) return Value{};
  if (const auto* text = json.as_string())
    return tables::is_missing_text(*text) ? Value{} : Value::of(std::string_view(*text));
  if (json.is_bool()) return Value::of(json.bool_or(false));
  if (json.is_integer()) return Value::of(json.integer_or(0));
  if (json.is_number()) {
    const double number = json.number_or(0);
    return std::isnan(number) ? Value{} : Value::of(number);
  }
  return fail_field(column,
                    fmt::format("the column '{}' wants a number, a text, true, false or null", column));
}

}  // namespace

Result<void> FittedTransformation::transform_row(std::span<const Value> values, RowScratch& scratch,
                                                 std::span<double> out) const {
  if (!document_.python_steps.empty())
    return fail(Code::unsupported,
                fmt::format("the transformation has the Python step '{}', which cannot be applied "
                            "to a single request",
                            document_.python_steps.front()));
  if (values.size() != inputs_.size() || out.size() != document_.outputs.size())
    return fail(Code::invalid,
                fmt::format("the transformation takes {} values and gives {}; got room for {} and {}",
                            inputs_.size(), document_.outputs.size(), values.size(), out.size()));
  std::fill(out.begin(), out.end(), 0.0);
  const Value* value = values.data();
  for (std::size_t s = 0; s < document_.numeric.size(); ++s, ++value) {
    TRACSEQ_TRY(const double number, cell_number(document_.numeric[s], *value));
    if (numeric_slots_[s] >= 0)
      out[static_cast<std::size_t>(numeric_slots_[s])] = numeric_value(document_.numeric[s], number);
  }
  for (std::size_t s = 0; s < document_.categorical.size(); ++s, ++value) {
    const CategoricalStep& step = document_.categorical[s];
    std::int32_t code = 0;
    if (cell_missing(step.input_type, *value)) {
      code = categories_[s].find(step.fill);  // need not be a category; that is no error of the request
    } else {
      TRACSEQ_TRY(const std::string_view text, cell_category(step, *value, scratch.category));
      TRACSEQ_TRY(code, category_of(s, text));
    }
    const auto& slots = categorical_slots_[s];
    if (step.encoding == Encoding::onehot) {
      if (code != StringIndex::kAbsent && slots[static_cast<std::size_t>(code)] >= 0)
        out[static_cast<std::size_t>(slots[static_cast<std::size_t>(code)])] = 1.0;
      continue;
    }
    for (std::size_t c = 0; c < slots.size(); ++c)
      if (slots[c] >= 0) out[static_cast<std::size_t>(slots[c])] = code_value(step, code, c);
  }
  for (std::size_t s = 0; s < document_.text.size(); ++s, ++value) {
    if (value->kind != Value::Kind::missing && value->kind != Value::Kind::text)
      return fail_field(document_.text[s].column,
                        fmt::format("the column '{}' wants a text; got {}", document_.text[s].column,
                                    value->kind == Value::Kind::boolean ? value->text : "a number"));
    scratch.sparse.clear();
    count_terms(s, value->text, scratch, scratch.sparse);
    for (std::size_t i = 0; i < scratch.sparse.terms.size(); ++i)
      if (const std::int32_t slot = text_slots_[s][static_cast<std::size_t>(scratch.sparse.terms[i])];
          slot >= 0)
        out[static_cast<std::size_t>(slot)] = scratch.sparse.values[i];
  }
  return {};
}

Result<void> FittedTransformation::bind_record(const Json& record, std::span<Value> values) const {
  TRACSEQ_ENSURE(values.size() == inputs_.size());
  if (!record.is_object())
    return fail(Code::invalid, "a record must be a JSON object of column names and values");
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Json* member = record.find(inputs_[i]);
    if (member == nullptr)
      return fail_field(inputs_[i],
                        fmt::format("the column '{}' is missing; the transformation needs it (null is a "
                                    "missing value)",
                                    inputs_[i]));
    TRACSEQ_TRY(values[i], value_of(*member, inputs_[i]));
  }
  return {};
}

Result<std::vector<double>> FittedTransformation::transform_record(const Json& record) const {
  std::vector<Value> values(inputs_.size());
  TRACSEQ_CHECK(bind_record(record, values));
  std::vector<double> out(output_count());
  RowScratch scratch;
  TRACSEQ_CHECK(transform_row(values, scratch, out));
  return out;
}

}  // namespace tracseq::features
