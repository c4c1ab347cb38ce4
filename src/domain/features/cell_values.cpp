// SPDX-License-Identifier: MIT
#include "domain/features/cell_values.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "base/clock.h"
#include "storage/tables/cells.h"

namespace tracseq::features {
namespace {

using tables::ColumnType;
using Kind = Value::Kind;

constexpr std::size_t kShownBytes = 100;

std::string shown(const Value& value) {
  switch (value.kind) {
    case Kind::missing:
      return "null";
    case Kind::number:
      return tables::number_text(value.number);
    case Kind::integer:
      return std::to_string(value.integer);
    case Kind::boolean:
      return std::string(value.text);
    case Kind::text:
      return fmt::format("the text '{}'", value.text.substr(0, kShownBytes));
  }
  return {};
}

tl::unexpected<Error> wants(const std::string& column, std::string_view what, const Value& value) {
  return fail_field(column, fmt::format("the column '{}' wants {}; got {}", column, what, shown(value)));
}

std::string_view put(std::string& buffer, double number) {
  char digits[32];
  buffer.assign(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  return buffer;
}
std::string_view put(std::string& buffer, std::int64_t number) {
  char digits[32];
  buffer.assign(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  return buffer;
}

std::optional<bool> boolean_in(const Value& value) {
  switch (value.kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::number:
      if (value.number == 0 || value.number == 1) return value.number == 1;
      return std::nullopt;
    case Kind::text:
      return tables::boolean_cell(value.text);
    case Kind::missing:
      break;
  }
  return std::nullopt;
}

std::optional<std::int64_t> integer_in(const Value& value) {
  if (value.kind == Kind::integer) return value.integer;
  if (value.kind == Kind::number) return tables::integer_of(value.number);
  if (value.kind == Kind::text) return tables::integer_cell(value.text);
  return std::nullopt;
}

std::optional<double> number_in(const Value& value) {
  if (value.kind == Kind::integer || value.kind == Kind::number) return value.number;
  if (value.kind != Kind::text) return std::nullopt;
  const auto number = tables::number_cell(value.text);
  return number && !std::isnan(*number) ? number : std::nullopt;
}

std::optional<Timestamp> time_in(const Value& value) {
  return value.kind == Kind::text ? tables::timestamp_cell(value.text) : std::nullopt;
}

constexpr std::string_view kBooleanWords = "true or false (also 1, 0, yes, no, t, f, y, n)";

}  // namespace

bool cell_missing(std::optional<ColumnType> type, const Value& value) noexcept {
  if (value.kind == Kind::text && type && *type != ColumnType::string) return tables::nan_cell(value.text);
  return value.kind == Kind::missing;
}

Result<double> cell_number(const NumericStep& step, const Value& value) {
  if (cell_missing(step.input_type, value)) return NAN;
  if (!step.input_type) {
    if (value.kind != Kind::text) return value.number;
    const auto number = tables::number_cell(value.text);
    if (number && !std::isfinite(*number)) return NAN;  // imputed, as in a table
    return wants(step.column, "a number", value);
  }
  if (*step.input_type == ColumnType::boolean) {
    if (const auto truth = boolean_in(value)) return *truth ? 1.0 : 0.0;
    return wants(step.column, kBooleanWords, value);
  }
  if (*step.input_type == ColumnType::int64) {
    if (const auto integer = integer_in(value)) return static_cast<double>(*integer);
    return wants(step.column, "a whole number", value);
  }
  if (const auto number = number_in(value)) return *number;
  return wants(step.column, "a number", value);
}

Result<std::string_view> cell_category(const CategoricalStep& step, const Value& value, std::string& buffer) {
  switch (step.input_type.value_or(ColumnType::string)) {
    case ColumnType::boolean:
      if (const auto truth = boolean_in(value)) return *truth ? "true" : "false";
      return wants(step.column, kBooleanWords, value);
    case ColumnType::int64:
      if (const auto integer = integer_in(value)) return put(buffer, *integer);
      return wants(step.column, "a whole number", value);
    case ColumnType::float64:
      if (const auto number = number_in(value)) return put(buffer, *number);
      return wants(step.column, "a number", value);
    case ColumnType::timestamp:
      if (const auto time = time_in(value)) {
        buffer = format_rfc3339(*time);
        return buffer;
      }
      return wants(step.column, "a time such as 2026-01-31T12:00:00Z", value);
    case ColumnType::string:
      break;
  }
  if (value.kind == Kind::number) return put(buffer, value.number);
  if (value.kind == Kind::integer)  // an older document: of whatever type, a whole number is a short one
    return step.input_type ? put(buffer, value.integer) : put(buffer, value.number);
  return value.text;
}

}  // namespace tracseq::features
