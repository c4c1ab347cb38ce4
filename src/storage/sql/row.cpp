// SPDX-License-Identifier: MIT
// The one mapper from rows to described structs.
#include <fmt/core.h>

#include <limits>

#include "storage/sql/value.h"

namespace tracseq::sql {
namespace {

tl::unexpected<Error> undecodable(std::string_view column, const Error& cause) {
  return fail(Code::internal, fmt::format("stored column '{}' does not decode", column), cause.message);
}

Result<void> read_int32(const Row& row, int column, void* out) {
  const std::int64_t value = row.integer(column);
  if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max())
    return undecodable(row.name(column), {Code::internal, fmt::format("{} exceeds 32 bits", value), {}, {}});
  *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(value);
  return {};
}

Result<void> read_column(const TypeInfo& type, const Row& row, int column, void* out) {
  switch (type.kind) {
    case Kind::boolean:
      *static_cast<bool*>(out) = row.integer(column) != 0;
      return {};
    case Kind::int32:
      return read_int32(row, column, out);
    case Kind::int64:
      *static_cast<std::int64_t*>(out) = row.integer(column);
      return {};
    case Kind::float64:
      *static_cast<double*>(out) = row.real(column);
      return {};
    case Kind::string:
      static_cast<std::string*>(out)->assign(row.text(column));
      return {};
    case Kind::timestamp:
      static_cast<Timestamp*>(out)->us = row.integer(column);
      return {};
    case Kind::blob:
      static_cast<Blob*>(out)->bytes.assign(text_of(row.bytes(column)));
      return {};
    case Kind::enumeration: {
      auto value = enum_value(type, row.name(column), row.text(column));
      if (!value) return undecodable(row.name(column), value.error());
      type.set_enum(out, *value);
      return {};
    }
    case Kind::json: {
      auto value = parse_json(row.text(column));
      if (!value) return undecodable(row.name(column), value.error());
      *static_cast<Json*>(out) = std::move(*value);
      return {};
    }
    case Kind::optional:
      return read_column(type.element(), row, column, type.emplace(out, {}));
    case Kind::object:
    case Kind::array:
    case Kind::map: {
      const auto done = from_json(type, row.text(column), out, UnknownFields::ignore);
      if (!done) return undecodable(row.name(column), done.error());
      return {};
    }
  }
  return {};
}

}  // namespace

Result<void> Row::read(const TypeInfo& type, void* object) const {
  TRACSEQ_ENSURE(type.kind == Kind::object);
  const std::size_t fields = type.fields.size();
  std::size_t next =
      0;  // columns mostly stand in the order of the fields: the search goes on behind the last hit
  for (int column = 0, count = columns(); column < count; ++column) {
    const std::string_view wanted = name(column);
    std::size_t tried = 0;
    while (tried < fields && wanted != type.fields[(next + tried) % fields].name) ++tried;
    if (tried == fields) continue;
    const Field& field = type.fields[(next + tried) % fields];
    next = (next + tried + 1) % fields;
    void* out = field.get(object);
    const TypeInfo& kind = field.type();
    if (!is_null(column)) {
      TRACSEQ_CHECK(read_column(kind, *this, column, out));
    } else if (kind.kind == Kind::optional) {
      kind.clear(out);
    }
  }
  return {};
}

}  // namespace tracseq::sql
