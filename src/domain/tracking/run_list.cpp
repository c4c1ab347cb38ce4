// SPDX-License-Identifier: MIT
// The list of runs: any filter, any sort key, keyset pages.
#include <fmt/core.h>

#include <algorithm>

#include "base/crypto.h"
#include "domain/tracking/errors.h"
#include "domain/tracking/run_query.h"
#include "domain/tracking/run_rows.h"
#include "domain/tracking/tracking.h"

namespace tracseq::tracking {
namespace {

// Where the page before ended: the sort key's value (null for runs without it) and the run's id.
struct Cursor {
  Json key;
  std::string run_id;
};

std::string write_cursor(const Cursor& cursor) {
  return hex(bytes_of(dump_json(Json(Json::Array{cursor.key, cursor.run_id}))));
}

bool is_key_of(const Json& key, Order::Type type) {
  if (key.is_null()) return true;
  if (type == Order::Type::text) return key.is_string();
  return type == Order::Type::integer ? key.is_integer() : key.is_number();
}

// `invalid` for a token of a list in another kind of order too.
Result<Cursor> read_cursor(const std::string& token, Order::Type type) {
  const auto text = unhex(token);
  const auto document = text ? parse_json(*text) : Result<Json>(fail(Code::invalid, ""));
  const Json::Array* parts = document ? document->as_array() : nullptr;
  if (parts == nullptr || parts->size() != 2 || !(*parts)[1].is_string() || !is_key_of(parts->front(), type))
    return fail(errors::bad_page_token());
  return Cursor{(*parts)[0], (*parts)[1].string_or("")};
}

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

// What follows the cursor in the order "key, then id; runs without the key last".
Condition after_cursor(const Cursor& cursor, const Order& order) {
  const char* sign = order.descending ? "<" : ">";
  Condition c;
  if (cursor.key.is_null()) {
    c.add(fmt::format(" AND q.sort_key IS NULL AND q.run_id {} ?", sign), cursor.run_id);
    return c;
  }
  c.add(fmt::format(" AND (q.sort_key {} ?", sign), value_of(cursor.key, order.type));
  c.add(" OR (q.sort_key = ?", value_of(cursor.key, order.type));
  c.add(fmt::format(" AND q.run_id {} ?)", sign), cursor.run_id);
  c.add(" OR q.sort_key IS NULL)");
  return c;
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
                                const Order& order, const std::optional<Cursor>& cursor,
                                std::vector<Json>& keys) {
  const char* direction = order.descending ? "DESC" : "ASC";
  Condition all;
  all.add(fmt::format("SELECT * FROM (SELECT {}, ", kRunColumns));
  all.append(order.key);
  all.add(" AS sort_key FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id WHERE ");
  all.append(where);
  all.add(") q WHERE 1 = 1");
  if (cursor) all.append(after_cursor(*cursor, order));
  // Columns that are never null sort without the extra term, so that the index serves the page.
  const bool nullable = order.key.sql.starts_with('(') || order.key.sql == "r.completed_at";
  all.add(fmt::format(" ORDER BY {}q.sort_key {}, q.run_id {}", nullable ? "(q.sort_key IS NULL), " : "",
                      direction, direction));
  all.add(" LIMIT ?", request.limit + 1);
  if (!cursor && request.offset > 0) all.add(" OFFSET ?", request.offset);
  const sql::Statement statement{"tracking.list_runs", all.sql.c_str()};
  std::vector<Run> runs;
  TRACSEQ_CHECK(session.query(statement, args_of(all), [&](const sql::Row& row) -> Result<void> {
    TRACSEQ_TRY(Run run, row.as<Run>());
    runs.push_back(std::move(run));
    keys.push_back(sort_key(row, row.columns() - 1, order.type));
    return {};
  }));
  return runs;
}

}  // namespace

Result<RunPage> Runs::list(const CallContext& ctx, const ListRuns& request) {
  TRACSEQ_TRY(const Condition where, where_of(ctx, request));
  TRACSEQ_TRY(const Order order, parse_run_order(request.order_by));
  std::optional<Cursor> cursor;
  if (!request.page_token.empty()) {
    TRACSEQ_TRY(cursor, read_cursor(request.page_token, order.type));
  }
  return database_.read([&](sql::Session& session) -> Result<RunPage> {
    RunPage page;
    const std::string count_text = "SELECT COUNT(*) FROM runs r WHERE " + where.sql;
    const sql::Statement count{"tracking.count_runs", count_text.c_str()};
    TRACSEQ_TRY(const auto total,
                session.query_one(count, args_of(where), [](const sql::Row& row) { return row.integer(0); }));
    page.total = total.value_or(0);
    std::vector<Json> keys;
    TRACSEQ_TRY(page.items, select(session, request, where, order, cursor, keys));
    if (std::ssize(page.items) > request.limit) {
      page.items.pop_back();
      page.next_page_token = write_cursor({keys[page.items.size() - 1], page.items.back().run_id});
    }
    TRACSEQ_CHECK(attach_details(session, page.items));
    return page;
  });
}

}  // namespace tracseq::tracking
