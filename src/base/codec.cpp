// SPDX-License-Identifier: MIT
// The one JSON codec of all described types: loops over their tables, compiled once.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/crypto.h"
#include "base/describe.h"

namespace tracseq {
namespace {

constexpr std::size_t kShownValueMax = 80;  // bytes of an offending value repeated in an error
constexpr double kExactInteger = 9007199254740992.0;

std::string join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string shown(const Json& value) {
  std::string text = dump_json(value);
  if (text.size() > kShownValueMax) text = text.substr(0, kShownValueMax) + "…";
  return text;
}

std::string_view kind_words(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::int32:
    case Kind::int64:
      return "an integer";
    case Kind::float64:
      return "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
    case Kind::string:
      return "a string";
    case Kind::timestamp:
      return "an RFC 3339 time";
    case Kind::blob:
      return "base64 text";
    case Kind::enumeration:
      return "one of its names";
    case Kind::object:
    case Kind::map:
      return "an object";
    case Kind::array:
      return "a list";
    case Kind::optional:
    case Kind::json:
      break;
  }
  return "JSON";
}

tl::unexpected<Error> wrong_type(std::string_view path, const TypeInfo& type, const Json& value) {
  return fail_field(std::string(path),
                    fmt::format("{} is {}; it must be {}", path.empty() ? "the JSON" : path, shown(value),
                                kind_words(type.kind)));
}

std::optional<double> named_number(const std::string& text) {
  if (text == "NaN") return std::nan("");
  if (text == "Infinity" || text == "+Infinity" || text == "inf") return HUGE_VAL;
  if (text == "-Infinity" || text == "-inf") return -HUGE_VAL;
  return std::nullopt;
}

std::optional<std::int64_t> whole(const Json& value) {
  if (value.is_integer()) return value.integer_or(0);
  if (!value.is_number()) return std::nullopt;
  const double number = value.number_or(0);
  if (std::abs(number) > kExactInteger || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

class Decoder {
 public:
  explicit Decoder(UnknownFields unknown) : unknown_(unknown) {}

  Result<void> read(const TypeInfo& type, const Json& in, void* out, const std::string& path) const {
    switch (type.kind) {
      case Kind::optional:
        return read_optional(type, in, out, path);
      case Kind::object:
        return read_object(type, in, out, path);
      case Kind::array:
        return read_array(type, in, out, path);
      case Kind::map:
        return read_map(type, in, out, path);
      case Kind::json:
        *static_cast<Json*>(out) = in;
        return {};
      default:
        return read_leaf(type, in, out, path);
    }
  }

 private:
  Result<void> read_optional(const TypeInfo& type, const Json& in, void* out, const std::string& path) const {
    type.clear(out);
    if (in.is_null()) return {};
    return read(type.element(), in, type.emplace(out, {}), path);
  }

  Result<void> read_object(const TypeInfo& type, const Json& in, void* out, const std::string& path) const {
    const Json::Object* members = in.as_object();
    if (members == nullptr) return wrong_type(path, type, in);
    for (const auto& [name, value] : *members) {
      const auto field = std::find_if(type.fields.begin(), type.fields.end(),
                                      [&n = name](const Field& f) { return n == f.name; });
      if (field == type.fields.end()) {
        if (unknown_ == UnknownFields::ignore) continue;
        return unknown_field(type, name, path);
      }
      TRACSEQ_CHECK(read(field->type(), value, field->get(out), join(path, name)));
    }
    for (const Field& field : type.fields)
      if (field.doc.required && in.find(field.name) == nullptr)
        return fail_field(join(path, field.name), fmt::format("{} is missing", join(path, field.name)));
    return {};
  }

  static tl::unexpected<Error> unknown_field(const TypeInfo& type, std::string_view name,
                                             std::string_view path) {
    std::string allowed;
    for (const Field& field : type.fields) allowed += (allowed.empty() ? "" : ", ") + std::string(field.name);
    return fail_field(
        join(path, name.substr(0, kShownValueMax)),
        fmt::format("unknown field '{}'; allowed: {}", join(path, name.substr(0, kShownValueMax)), allowed));
  }

  Result<void> read_array(const TypeInfo& type, const Json& in, void* out, const std::string& path) const {
    const Json::Array* items = in.as_array();
    if (items == nullptr) return wrong_type(path, type, in);
    type.clear(out);
    std::size_t index = 0;
    for (const Json& item : *items) {
      auto done = read(type.element(), item, type.emplace(out, {}), path);
      if (!done) return fail(with_index(std::move(done).error(), path, index));
      ++index;
    }
    return {};
  }

  // Paths of elements are only spelled out when something is wrong: lists may be long.
  static Error with_index(Error error, const std::string& path, std::size_t index) {
    const std::string place = fmt::format("{}[{}]", path, index);
    if (error.field.starts_with(path)) error.field = place + error.field.substr(path.size());
    if (const auto at = error.message.find(path); !path.empty() && at != std::string::npos)
      error.message.replace(at, path.size(), place);
    return error;
  }

  Result<void> read_map(const TypeInfo& type, const Json& in, void* out, const std::string& path) const {
    const Json::Object* members = in.as_object();
    if (members == nullptr) return wrong_type(path, type, in);
    type.clear(out);
    for (const auto& [name, value] : *members)
      TRACSEQ_CHECK(read(type.element(), value, type.emplace(out, name), join(path, name)));
    return {};
  }

  static Result<void> read_leaf(const TypeInfo& type, const Json& in, void* out, const std::string& path) {
    const std::string* text = in.as_string();
    switch (type.kind) {
      case Kind::boolean:
        if (!in.is_bool()) return wrong_type(path, type, in);
        *static_cast<bool*>(out) = in.bool_or(false);
        return {};
      case Kind::int32:
      case Kind::int64:
        return read_integer(type, in, out, path);
      case Kind::float64: {
        const auto named = text != nullptr ? named_number(*text) : std::nullopt;
        if (!in.is_number() && !named) return wrong_type(path, type, in);
        *static_cast<double*>(out) = named ? *named : in.number_or(0);
        return {};
      }
      case Kind::string:
        if (text == nullptr) return wrong_type(path, type, in);
        *static_cast<std::string*>(out) = *text;
        return {};
      case Kind::timestamp: {
        if (text == nullptr) return wrong_type(path, type, in);
        auto time = parse_rfc3339(*text);
        if (!time) return fail_field(path, fmt::format("{}: {}", path, time.error().message));
        *static_cast<Timestamp*>(out) = *time;
        return {};
      }
      case Kind::blob: {
        auto bytes = text != nullptr ? unbase64(*text) : Result<std::string>(fail(Code::invalid, ""));
        if (!bytes) return wrong_type(path, type, in);
        static_cast<Blob*>(out)->bytes = std::move(*bytes);
        return {};
      }
      default:
        break;
    }
    if (text == nullptr) return wrong_type(path, type, in);
    TRACSEQ_TRY(const std::int64_t value, enum_value(type, path, *text));
    type.set_enum(out, value);
    return {};
  }

  static Result<void> read_integer(const TypeInfo& type, const Json& in, void* out, const std::string& path) {
    const auto value = whole(in);
    if (!value) return wrong_type(path, type, in);
    if (type.kind == Kind::int64) {
      *static_cast<std::int64_t*>(out) = *value;
      return {};
    }
    if (*value < std::numeric_limits<std::int32_t>::min() ||
        *value > std::numeric_limits<std::int32_t>::max())
      return fail_field(path, fmt::format("{} is {}; it must fit 32 bits", path, *value));
    *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(*value);
    return {};
  }

  UnknownFields unknown_;
};

// Calls `visit(key, element)` for each element of an array, map or optional.
template <class F>
void for_each(const TypeInfo& type, const void* object, F visit) {
  type.each(object, &visit, [](void* context, std::string_view key, const void* element) {
    (*static_cast<F*>(context))(key, element);
  });
}

bool is_absent(const Field& field, const void* value) {
  const TypeInfo& type = field.type();
  return type.kind == Kind::optional && type.count(value) == 0;
}

// Field getters take a mutable object; reading through them does not change it.
const void* place(const Field& field, const void* object) { return field.get(const_cast<void*>(object)); }

void append_members(std::string& out, const TypeInfo& type, const void* object) {
  bool first = true;
  for (const Field& field : type.fields) {
    const void* value = place(field, object);
    if (is_absent(field, value)) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, field.name);
    out += ':';
    append_json(out, field.type(), value);
  }
}

void append_elements(std::string& out, const TypeInfo& type, const void* object) {
  bool first = true;
  for_each(type, object, [&](std::string_view key, const void* element) {
    if (!first) out += ',';
    first = false;
    if (type.kind == Kind::map) {
      append_json_string(out, key);
      out += ':';
    }
    append_json(out, type.element(), element);
  });
}

Result<void> check_value(const Field& field, const TypeInfo& type, const void* value,
                         const std::string& path) {
  const FieldDoc& doc = field.doc;
  double number = 0;
  switch (type.kind) {
    case Kind::optional: {
      Result<void> result;
      for_each(type, value, [&](std::string_view, const void* e) {
        result = check_value(field, type.element(), e, path);
      });
      return result;
    }
    case Kind::object:
      return check_fields(type, value, path);
    case Kind::int32:
      number = static_cast<double>(*static_cast<const std::int32_t*>(value));
      break;
    case Kind::int64:
      number = static_cast<double>(*static_cast<const std::int64_t*>(value));
      break;
    case Kind::float64:
      number = *static_cast<const double*>(value);
      break;
    case Kind::string:
    case Kind::array:
    case Kind::map: {
      const bool text = type.kind == Kind::string;
      const std::size_t size = text ? static_cast<const std::string*>(value)->size() : type.count(value);
      const char* unit = text ? "bytes" : "items";
      if (size > doc.length_max)
        return fail_field(
            path, fmt::format("{} has {} {}; at most {} are allowed", path, size, unit, doc.length_max));
      if (size < doc.length_min)
        return fail_field(
            path, fmt::format("{} has {} {}; at least {} are needed", path, size, unit, doc.length_min));
      if (type.kind != Kind::array || type.element().kind != Kind::object) return {};
      Result<void> result;
      std::size_t index = 0;
      for_each(type, value, [&](std::string_view, const void* element) {
        if (result) result = check_fields(type.element(), element, fmt::format("{}[{}]", path, index));
        ++index;
      });
      return result;
    }
    default:
      return {};
  }
  // Asked so that NaN, which is compared to nothing, lies within no bound.
  const bool above = doc.min == -std::numeric_limits<double>::infinity() || number >= doc.min;
  const bool below = doc.max == std::numeric_limits<double>::infinity() || number <= doc.max;
  if (!above || !below)
    return fail_field(path, fmt::format("{} is {}; it must be {} to {}", path, number, doc.min, doc.max));
  return {};
}

}  // namespace

void append_json(std::string& out, const TypeInfo& type, const void* object) {
  switch (type.kind) {
    case Kind::boolean:
      out += *static_cast<const bool*>(object) ? "true" : "false";
      return;
    case Kind::int32:
      fmt::format_to(std::back_inserter(out), "{}", *static_cast<const std::int32_t*>(object));
      return;
    case Kind::int64:
      fmt::format_to(std::back_inserter(out), "{}", *static_cast<const std::int64_t*>(object));
      return;
    case Kind::float64:
      append_json_double(out, *static_cast<const double*>(object));
      return;
    case Kind::string:
      append_json_string(out, *static_cast<const std::string*>(object));
      return;
    case Kind::timestamp:
      append_json_string(out, format_rfc3339(*static_cast<const Timestamp*>(object)));
      return;
    case Kind::json:
      out += dump_json(*static_cast<const Json*>(object));
      return;
    case Kind::blob:
      append_json_string(out, base64(bytes_of(static_cast<const Blob*>(object)->bytes)));
      return;
    case Kind::enumeration:
      append_json_string(out, enum_name(type, type.get_enum(object)));
      return;
    case Kind::optional:
      if (type.count(object) == 0) out += "null";
      for_each(type, object, [&](std::string_view, const void* e) { append_json(out, type.element(), e); });
      return;
    case Kind::object:
      out += '{';
      append_members(out, type, object);
      out += '}';
      return;
    case Kind::array:
      out += '[';
      append_elements(out, type, object);
      out += ']';
      return;
    case Kind::map:
      out += '{';
      append_elements(out, type, object);
      out += '}';
      return;
  }
}

std::string to_json(const TypeInfo& type, const void* object) {
  std::string out;
  append_json(out, type, object);
  return out;
}

Json to_document(const TypeInfo& type, const void* object) {
  auto document = parse_json(to_json(type, object));
  TRACSEQ_ENSURE(document.has_value());
  return std::move(*document);
}

Result<void> from_json(const TypeInfo& type, const Json& document, void* object, UnknownFields unknown) {
  TRACSEQ_CHECK(Decoder(unknown).read(type, document, object, {}));
  return type.kind == Kind::object ? check_fields(type, object) : Result<void>{};
}

Result<void> from_json(const TypeInfo& type, std::string_view text, void* object, UnknownFields unknown) {
  TRACSEQ_TRY(const Json document, parse_json(text));
  return from_json(type, document, object, unknown);
}

Result<void> from_text(const TypeInfo& type, std::string_view field, std::string_view text, void* object) {
  const std::string path(field);
  switch (type.kind) {
    case Kind::optional:
      return from_text(type.element(), field, text, type.emplace(object, {}));
    case Kind::array: {  // repeated query parameters: each adds one
      return from_text(type.element(), field, text, type.emplace(object, {}));
    }
    case Kind::boolean: {
      const bool on = text == "true" || text == "1";
      if (!on && text != "false" && text != "0")
        return fail_field(
            path, fmt::format("{} is '{}'; it must be true or false", path, text.substr(0, kShownValueMax)));
      *static_cast<bool*>(object) = on;
      return {};
    }
    case Kind::int32:
    case Kind::int64:
    case Kind::float64: {
      auto number = parse_json(text);
      if (!number || !number->is_number())
        return Decoder(UnknownFields::refuse).read(type, Json(text), object, path);
      return Decoder(UnknownFields::refuse).read(type, *number, object, path);
    }
    case Kind::json:
    case Kind::map:
    case Kind::object: {
      auto document = parse_json(text, path);
      if (!document) return fail_field(path, std::move(document.error().message));
      return Decoder(UnknownFields::refuse).read(type, *document, object, path);
    }
    default:
      return Decoder(UnknownFields::refuse).read(type, Json(text), object, path);
  }
}

Result<void> check_fields(const TypeInfo& type, const void* object, std::string_view path) {
  for (const Field& field : type.fields)
    TRACSEQ_CHECK(check_value(field, field.type(), place(field, object), join(path, field.name)));
  return {};
}

}  // namespace tracseq
