// SPDX-License-Identifier: MIT
#include "domain/data/schemas.h"

#include <fmt/core.h>

#include "base/id.h"
#include "base/identifier.h"
#include "domain/data/paging.h"
#include "domain/data/schema.h"

namespace tracseq::data {
namespace {

using sql::args;

constexpr sql::Statement kInsert{
    "data.insert_schema",
    "INSERT INTO data_schemas (schema_id, project_id, name, version, columns, "
    "validation_rules, description, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kGet{
    "data.get_schema",
    "SELECT schema_id, name, version, columns, validation_rules, description, created_at, "
    "created_by FROM data_schemas WHERE project_id = ? AND schema_id = ?"};
constexpr sql::Statement kList{
    "data.list_schemas",
    "SELECT schema_id, name, version, columns, validation_rules, description, created_at, created_by FROM "
    "data_schemas "
    "WHERE project_id = ? AND (created_at < ? OR (created_at = ? AND schema_id < ?)) "
    "ORDER BY created_at DESC, schema_id DESC LIMIT ?"};

// Whether two schemas say the same, whoever made them and when.
bool same(const Schema& a, const Schema& b) {
  return a.name == b.name && a.version == b.version && a.columns == b.columns &&
         a.validation_rules == b.validation_rules && a.description == b.description;
}

}  // namespace

Result<Schema> Schemas::create(const CallContext& ctx, const Schema& given) {
  Schema schema = given;
  TRACSEQ_CHECK(parse_schema(schema));
  if (schema.schema_id.empty()) schema.schema_id = new_id();
  TRACSEQ_CHECK(check_identifier("schema_id", schema.schema_id));
  if (schema.created_at.us == 0) schema.created_at = now();
  if (schema.created_by.empty()) schema.created_by = ctx.actor.id;
  // A schema that is there already is no change and leaves no entry.
  TRACSEQ_TRY(const auto found, database_.read([&](sql::Session& session) {
    return session.query_one_as<Schema>(kGet, args(ctx.project_id, schema.schema_id));
  }));
  if (found && same(*found, schema)) return *found;
  auto made = ledger_.change<Schema>(
      ctx, {"schema.create", "schema", schema.schema_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Schema> {
        TRACSEQ_CHECK(tx.execute(
            kInsert,
            args(schema.schema_id, ctx.project_id, schema.name, schema.version, dump_json(schema.columns),
                 to_json(type_info<std::vector<Json>>(), &schema.validation_rules), schema.description,
                 schema.created_at, schema.created_by)));
        record.after = to_document(schema);
        record.publish("schemas", "created");
        return schema;
      });
  if (!made && made.error().code == Code::conflict)
    return fail(Error{Code::conflict,
                      fmt::format("the schema '{}' exists already and says something else", schema.schema_id),
                      made.error().detail, "schema_id"});
  return made;
}

Result<Schema> Schemas::get(const CallContext& ctx, const SchemaRef& ref) {
  TRACSEQ_TRY(auto found, database_.read([&](sql::Session& session) {
    return session.query_one_as<Schema>(kGet, args(ctx.project_id, ref.schema_id));
  }));
  if (!found)
    return fail(
        Error{Code::not_found, fmt::format("there is no schema '{}'", ref.schema_id), {}, "schema_id"});
  return std::move(*found);
}

Result<SchemaPage> Schemas::list(const CallContext& ctx, const ListSchemas& request) {
  TRACSEQ_TRY(const PagePlace place, PagePlace::from_token(request.page_token));
  SchemaPage page;
  TRACSEQ_TRY(page.items, database_.read([&](sql::Session& session) {
    return session.query_as<Schema>(
        kList, args(ctx.project_id, place.time_us, place.time_us, place.id, request.limit + 1));
  }));
  if (std::ssize(page.items) > request.limit) {
    page.items.pop_back();
    page.next_page_token = PagePlace::token(page.items.back().created_at, page.items.back().schema_id);
  }
  return page;
}

}  // namespace tracseq::data
