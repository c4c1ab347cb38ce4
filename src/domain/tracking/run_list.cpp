// SPDX-License-Identifier: MIT
// The list of runs: any filter, any sort key, keyset pages.
#include <fmt/core.h>

#include <algorithm>

#include "domain/tracking/page_token.h"
#include "domain/tracking/run_query.h"
#include "domain/tracking/run_rows.h"
#include "domain/tracking/tracking.h"

namespace tracseq::tracking {
namespace {

using Orders = std::vector<Order>;

template <class T, class F>
void add_any_of(Condition& where, std::string_view before, std::string_view after,
                const std::vector<T>& values, F value) {
  if (values.empty()) return;
  where.add(fmt::format(" AND {}", before));
  for (std::size_t i = 0; i < values.size(); ++i) where.add(i == 0 ? "?" : ", ?", value(values[i]));
  where.add(after);
}

std::string like_pattern(const std::string& part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

Result<Condition> where_of(const CallContext& ctx, const ListRuns& request) {
  Condition where;
  where.add("r.project_id = ?", ctx.project_id);
  where.add(request.deleted ? " AND r.deleted_at IS NOT NULL" : " AND r.deleted_at IS NULL");
  const auto same = [](const auto& v) -> Condition::Value { return v; };
  add_any_of(where, "r.experiment_id IN (", ")", request.experiment_id, same);
  add_any_of(where, "r.run_id IN (", ")", request.run_id, same);
  add_any_of(where, "r.status IN (", ")", request.status,
             [](RunStatus s) -> Condition::Value { return std::string(enum_name(s)); });
  if (!request.model_type.empty()) where.add(" AND r.model_type = ?", request.model_type);
  add_any_of(where, "EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.run_id AND t.key IN (", "))",
             request.tag, same);
  if (!request.search.empty()) {
    const std::string pattern = like_pattern(request.search);
    where.add(" AND (LOWER(r.name) LIKE LOWER(?) ESCAPE '\\'", pattern);
    where.add(" OR LOWER(r.description) LIKE LOWER(?) ESCAPE '\\'", pattern);
    where.add(" OR r.run_id LIKE LOWER(?) ESCAPE '\\')", pattern);
  }
  if (!request.query.empty()) {
    TRACSEQ_TRY(Condition query, parse_run_query(request.query));
    where.add(" AND ");
    where.append(std::move(query));
  }
  return where;
}

Condition::Value value_of(const Json& key, Order::Type type) {
  if (type == Order::Type::integer) return key.integer_or(0);
  if (type == Order::Type::real) return key.number_or(0);
  return key.string_or("");
}

// What follows the cursor in the order "keys one after the other, then id; runs without a key last": what is
// equal in the first keys and beyond in the next one.
Condition after_cursor(const RunPlace& cursor, const Orders& orders) {
  Condition c;
  Condition equal;
  c.add(" AND (");
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const std::string column = fmt::format("q.sort_key_{}", i);
    if (cursor.keys[i].is_null()) {
      equal.add(column + " IS NULL AND ");
      continue;  // nothing comes after what has no key
    }
    const auto value = value_of(cursor.keys[i], orders[i].type);
    c.append(equal);
    c.add(fmt::format("({} {} ?", column, orders[i].descending ? "<" : ">"), value);
    c.add(fmt::format(" OR {} IS NULL) OR ", column));
    equal.add(column + " = ?", value);
    equal.add(" AND ");
  }
  c.append(std::move(equal));
  c.add(fmt::format("q.run_id {} ?", orders.front().descending ? "<" : ">"), cursor.run_id);
  c.add(")");
  return c;
}

// Columns that are never null sort without the extra term, so that the index serves the page.
std::string order_clause(const Orders& orders) {
  std::string out = " ORDER BY ";
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const std::string& key = orders[i].key.sql;
    const bool nullable = key.starts_with('(') || key == "r.completed_at" || key == "r.parent_run_id";
    if (nullable) out += fmt::format("(q.sort_key_{} IS NULL), ", i);
    out += fmt::format("q.sort_key_{} {}, ", i, orders[i].descending ? "DESC" : "ASC");
  }
  return out + fmt::format("q.run_id {}", orders.front().descending ? "DESC" : "ASC");
}

std::vector<sql::Arg> args_of(const Condition& condition) {
  std::vector<sql::Arg> out;
  out.reserve(condition.values.size());
  for (const auto& value : condition.values)
    out.push_back(std::visit([](const auto& v) { return sql::Arg(v); }, value));
  return out;
}

// What compares equal to the row's key: a text stays one, whatever it looks like.
Json sort_key(const sql::Row& row, int column, Order::Type type) {
  if (row.is_null(column)) return {};
  if (type == Order::Type::integer) return row.integer(column);
  if (type == Order::Type::real) return row.real(column);
  return row.str(column);
}

Result<std::vector<Run>> select(sql::Session& session, const ListRuns& request, const Condition& where,
                                const Orders& orders, const std::optional<RunPlace>& cursor,
                                std::vector<Json::Array>& keys) {
  Condition all;
  all.add(fmt::format("SELECT * FROM (SELECT {}", kRunColumns));
  for (std::size_t i = 0; i < orders.size(); ++i) {
    all.add(", ");
    all.append(orders[i].key);
    all.add(fmt::format(" AS sort_key_{}", i));
  }
  all.add(" FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id WHERE ");
  all.append(where);
  all.add(") q WHERE 1 = 1");
  if (cursor) all.append(after_cursor(*cursor, orders));
  all.add(order_clause(orders));
  all.add(" LIMIT ?", request.limit + 1);
  if (!cursor && request.offset > 0) all.add(" OFFSET ?", request.offset);
  const sql::Statement statement{"tracking.list_runs", all.sql.c_str()};
  std::vector<Run> runs;
  TRACSEQ_CHECK(session.query(statement, args_of(all), [&](const sql::Row& row) -> Result<void> {
    TRACSEQ_TRY(Run run, row.as<Run>());
    runs.push_back(std::move(run));
    const int first = row.columns() - static_cast<int>(orders.size());
    Json::Array& own = keys.emplace_back();
    for (std::size_t i = 0; i < orders.size(); ++i)
      own.push_back(sort_key(row, first + static_cast<int>(i), orders[i].type));
    return {};
  }));
  return runs;
}

}  // namespace

Result<RunPage> Runs::list(const CallContext& ctx, const ListRuns& request) {
  TRACSEQ_TRY(const Condition where, where_of(ctx, request));
  TRACSEQ_TRY(const Orders orders, parse_run_orders(request.order_by));
  std::optional<RunPlace> cursor;
  if (!request.page_token.empty()) {
    TRACSEQ_TRY(cursor, run_place(request.page_token, orders));
  }
  return database_.read([&](sql::Session& session) -> Result<RunPage> {
    RunPage page;
    const std::string count_text = "SELECT COUNT(*) FROM runs r WHERE " + where.sql;
    const sql::Statement count{"tracking.count_runs", count_text.c_str()};
    TRACSEQ_TRY(const auto total,
                session.query_one(count, args_of(where), [](const sql::Row& row) { return row.integer(0); }));
    page.total = total.value_or(0);
    std::vector<Json::Array> keys;
    TRACSEQ_TRY(page.items, select(session, request, where, orders, cursor, keys));
    if (std::ssize(page.items) > request.limit) {
      page.items.pop_back();
      page.next_page_token = page_token(RunPlace{keys[page.items.size() - 1], page.items.back().run_id});
    }
    TRACSEQ_CHECK(attach_details(session, page.items));
    return page;
  });
}

}  // namespace tracseq::tracking
