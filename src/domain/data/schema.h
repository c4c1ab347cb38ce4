// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/data/types.h"
#include "storage/tables/columns.h"

namespace tracseq::data {

// One column of a schema, read and checked.
struct ColumnRule {
  std::string name;
  tables::ColumnType type = tables::ColumnType::string;
  bool nullable = true;
  bool required = true;     // the file must have the column
  std::optional<Json> min;  // number, or text of a time
  std::optional<Json> max;
  std::vector<Json> allowed_values;  // empty: any
  std::string pattern;               // found anywhere in the text; anchor it with ^ and $
  bool unique = false;
};

enum class RuleKind { comparison, required_if, unique_together };
TRACSEQ_DESCRIBE_ENUM(RuleKind, comparison, required_if, unique_together)

// A rule across columns. A missing value passes a comparison; nullable says whether it may be missing.
struct TableRule {
  RuleKind rule = RuleKind::comparison;
  std::string name;
  std::string left;                  // comparison: a column
  std::string op;                    // comparison: < <= > >= == !=
  std::optional<std::string> right;  // comparison: a column …
  std::optional<Json> value;         // … or a constant
  std::string column;                // required_if: must be present where `when_column` equals `equals`
  std::string when_column;
  std::optional<Json> equals;
  std::vector<std::string> columns;  // unique_together
};
TRACSEQ_DESCRIBE(TableRule, (rule, name, left, op, right, value, column, when_column, equals, columns))

struct ParsedSchema {
  std::vector<ColumnRule> columns;
  std::vector<TableRule> rules;
  [[nodiscard]] const ColumnRule* find(std::string_view name) const noexcept;
};

// Reads what a schema says. `invalid` names the column, the key and what is allowed there.
Result<ParsedSchema> parse_schema(const Schema& schema);

}  // namespace tracseq::data
