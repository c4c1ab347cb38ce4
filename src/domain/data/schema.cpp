// SPDX-License-Identifier: MIT
#include "domain/data/schema.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace tracseq::data {

TRACSEQ_DEFINE_ENUM(RuleKind)
TRACSEQ_DEFINE_TYPE(TableRule, {.name = "rule", .required = true})

namespace {

using tables::ColumnType;

constexpr std::array<std::pair<std::string_view, ColumnType>, 5> kTypes{
    {{"string", ColumnType::string},
     {"integer", ColumnType::int64},
     {"float", ColumnType::float64},
     {"boolean", ColumnType::boolean},
     {"datetime", ColumnType::timestamp}}};
constexpr std::array<std::string_view, 6> kOperators{"<", "<=", ">", ">=", "==", "!="};

tl::unexpected<Error> wrong(const std::string& column, std::string_view key, std::string_view what) {
  return fail_field(fmt::format("columns.{}.{}", column, key),
                    fmt::format("columns.{}.{}: {}", column, key, what));
}

bool is_number(ColumnType type) noexcept { return type == ColumnType::int64 || type == ColumnType::float64; }

Result<ColumnType> read_type(const std::string& column, const Json& value) {
  const std::string text = value.string_or("");
  for (const auto& [name, type] : kTypes)
    if (name == text) return type;
  return wrong(column, "type",
               fmt::format("'{}' is not known; allowed are string, integer, float, boolean, datetime", text));
}

Result<void> read_bound(const ColumnRule& rule, std::string_view key, const Json& value,
                        std::optional<Json>& out) {
  if (value.is_null()) return {};
  if (is_number(rule.type) && value.is_number()) {
    out = value;
    return {};
  }
  if (rule.type == ColumnType::timestamp && value.is_string() && parse_rfc3339(value.string_or(""))) {
    out = value;
    return {};
  }
  return wrong(rule.name, key, "must be a number for integer and float, an RFC 3339 text for datetime");
}

bool fits(ColumnType type, const Json& value) {
  switch (type) {
    case ColumnType::string:
      return value.is_string();
    case ColumnType::int64:
      return value.is_integer();
    case ColumnType::float64:
      return value.is_number();
    case ColumnType::boolean:
      return value.is_bool();
    case ColumnType::timestamp:
      return value.is_string() && parse_rfc3339(value.string_or("")).has_value();
  }
  return false;
}

Result<void> read_allowed(ColumnRule& rule, std::string_view key, const Json& value) {
  if (value.is_null()) return {};
  const Json::Array* values = value.as_array();
  if (values == nullptr || values->empty())
    return wrong(rule.name, key, "must be a list with at least one value");
  for (const Json& one : *values)
    if (!fits(rule.type, one))
      return wrong(rule.name, key, fmt::format("{} is no {}", dump_json(one), tables::type_name(rule.type)));
  rule.allowed_values = *values;
  return {};
}

Result<void> read_flag(const ColumnRule& rule, std::string_view key, const Json& value, bool& out) {
  if (!value.is_bool()) return wrong(rule.name, key, "must be true or false");
  out = value.bool_or(false);
  return {};
}

Result<void> read_key(ColumnRule& rule, const std::string& key, const Json& value) {
  if (key == "type" || key == "description") return {};
  if (key == "nullable") return read_flag(rule, key, value, rule.nullable);
  if (key == "required") return read_flag(rule, key, value, rule.required);
  if (key == "unique") return read_flag(rule, key, value, rule.unique);
  if (key == "min" || key == "min_value") return read_bound(rule, key, value, rule.min);
  if (key == "max" || key == "max_value") return read_bound(rule, key, value, rule.max);
  if (key == "allowed_values") return read_allowed(rule, key, value);
  if (key == "pattern") {
    if (value.is_null()) return {};
    if (!value.is_string() || rule.type != ColumnType::string)
      return wrong(rule.name, key, "must be a regular expression, and the column a string");
    rule.pattern = value.string_or("");
    return {};
  }
  return wrong(rule.name, key,
               "is not known; allowed are type, nullable, required, min, max, allowed_values, pattern, "
               "unique, description");
}

Result<ColumnRule> read_column(const std::string& name, const Json& json) {
  ColumnRule rule;
  rule.name = name;
  if (name.empty()) return fail_field("columns", "columns: a column has no name");
  if (!json.is_object()) return wrong(name, "type", "each column is an object such as {\"type\": \"float\"}");
  const Json* type = json.find("type");
  if (type == nullptr)
    return wrong(name, "type", "is missing; allowed are string, integer, float, boolean, datetime");
  TRACSEQ_TRY(rule.type, read_type(name, *type));
  for (const auto& [key, value] : *json.as_object()) TRACSEQ_CHECK(read_key(rule, key, value));
  return rule;
}

Result<void> known(const ParsedSchema& schema, std::size_t index, std::string_view key,
                   const std::string& column) {
  if (schema.find(column) != nullptr) return {};
  const std::string field = fmt::format("validation_rules[{}].{}", index, key);
  return fail_field(field, fmt::format("{}: '{}' is no column of the schema", field, column));
}

Result<void> check_rule(const ParsedSchema& schema, std::size_t index, const TableRule& rule) {
  const auto wrong_rule = [&](std::string_view key, std::string_view what) {
    const std::string field = fmt::format("validation_rules[{}].{}", index, key);
    return fail_field(field, fmt::format("{}: {}", field, what));
  };
  switch (rule.rule) {
    case RuleKind::comparison:
      TRACSEQ_CHECK(known(schema, index, "left", rule.left));
      if (std::find(kOperators.begin(), kOperators.end(), rule.op) == kOperators.end())
        return wrong_rule(
            "op", fmt::format("'{}' is not known; allowed are {}", rule.op, fmt::join(kOperators, " ")));
      if (rule.right.has_value() == rule.value.has_value())
        return wrong_rule("right", "give either right (a column) or value (a constant)");
      if (rule.right) {
        TRACSEQ_CHECK(known(schema, index, "right", *rule.right));
        const ColumnType left = schema.find(rule.left)->type;
        const ColumnType right = schema.find(*rule.right)->type;
        if (left != right && !(is_number(left) && is_number(right)))
          return wrong_rule("right", fmt::format("'{}' is a {} and '{}' a {}; columns of one type, or two of "
                                                 "numbers, can be compared",
                                                 rule.left, tables::type_name(left), *rule.right,
                                                 tables::type_name(right)));
      }
      if (rule.value && !fits(schema.find(rule.left)->type, *rule.value))
        return wrong_rule("value", fmt::format("{} is no {}", dump_json(*rule.value),
                                               tables::type_name(schema.find(rule.left)->type)));
      return {};
    case RuleKind::required_if:
      TRACSEQ_CHECK(known(schema, index, "column", rule.column));
      TRACSEQ_CHECK(known(schema, index, "when_column", rule.when_column));
      if (!rule.equals || !fits(schema.find(rule.when_column)->type, *rule.equals))
        return wrong_rule("equals", "must be a value of the type of when_column");
      return {};
    case RuleKind::unique_together:
      if (rule.columns.size() < 2) return wrong_rule("columns", "names two columns at least");
      for (const auto& column : rule.columns) TRACSEQ_CHECK(known(schema, index, "columns", column));
      return {};
  }
  return {};
}

}  // namespace

const ColumnRule* ParsedSchema::find(std::string_view name) const noexcept {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const ColumnRule& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

Result<ParsedSchema> parse_schema(const Schema& schema) {
  if (!schema.columns.is_object() || schema.columns.as_object()->empty())
    return fail_field(
        "columns", "columns: name at least one column, such as {\"concentration\": {\"type\": \"float\"}}");
  if (schema.columns.as_object()->size() > kSchemaColumnsMax)
    return fail_field("columns", fmt::format("columns: more than {} columns", kSchemaColumnsMax));
  ParsedSchema parsed;
  for (const auto& [name, json] : *schema.columns.as_object()) {
    TRACSEQ_TRY(ColumnRule rule, read_column(name, json));
    parsed.columns.push_back(std::move(rule));
  }
  for (std::size_t i = 0; i < schema.validation_rules.size(); ++i) {
    auto rule = from_document<TableRule>(schema.validation_rules[i]);
    if (!rule) {
      Error error = rule.error();
      error.field = fmt::format("validation_rules[{}].{}", i, error.field);
      error.message = fmt::format("validation_rules[{}]: {}", i, error.message);
      return fail(std::move(error));
    }
    TRACSEQ_CHECK(check_rule(parsed, i, *rule));
    parsed.rules.push_back(std::move(*rule));
  }
  return parsed;
}

}  // namespace tracseq::data
