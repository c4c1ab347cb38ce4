// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "storage/sql/value.h"

namespace tracseq::tracking {

// A condition on table `runs r` as SQL text with `?` and the values that belong there. All input arrives as
// values; the text is made of fixed pieces only.
struct Condition {
  using Value = std::variant<std::int64_t, double, std::string>;
  std::string sql;
  std::vector<Value> values;

  void add(std::string_view text) { sql += text; }
  void add(std::string_view text, Value value) {
    sql += text;
    values.push_back(std::move(value));
  }
  void append(Condition other);
};

inline constexpr std::size_t kQueryBytesMax = 4000;
inline constexpr int kQueryDepthMax = 32;

// Reads `metrics.auc > 0.9 AND (params.lr < 1e-3 OR NOT tags.team = 'x') AND name LIKE 'run%'`.
// Left of a comparison: metrics.<key>, params.<key>, tags.<key> (keys with other characters in "double
// quotes" or backticks) or name, description, status, model_type, framework, algorithm, dataset_name,
// dataset_version, created_by, run_id, parent_run_id, notes. Operators: = == != < <= > >= LIKE ILIKE, IS
// [NOT] NULL; AND, OR, NOT, parentheses; words in any case. Metrics compare their last value; NaN matches no
// comparison but
// !=. A run without the key matches nothing but IS NULL. LIKE tells case apart, ILIKE does not. `invalid`
// says where the text stops making sense.
Result<Condition> parse_run_query(std::string_view text);

// One sort key: "metrics.auc desc", "created_at". Runs that lack the key come last in both directions.
struct Order {
  enum class Type { text, integer, real };
  Condition key;  // the SQL expression
  Type type = Type::text;
  bool descending = false;
};
Result<Order> parse_run_order(std::string_view text);

inline constexpr std::size_t kOrdersMax = 4;

// One to kOrdersMax sort keys, comma-separated: what is equal by the first is ordered by the next.
Result<std::vector<Order>> parse_run_orders(std::string_view text);

}  // namespace tracseq::tracking
