// SPDX-License-Identifier: MIT
#include "base/describe.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace tracseq {
namespace {

using Getter = const TypeInfo& (*)();

// Filled before main by TRACSEQ_DEFINE_TYPE, constant afterwards.
std::vector<Getter>& registered() {
  static std::vector<Getter> types;
  return types;
}

// Types live as long as the program, and so do their names.
const char* kept(std::string name) {
  static Mutex mutex;
  static std::deque<std::string> names;
  const Lock lock(mutex);
  return names.emplace_back(std::move(name)).c_str();
}

}  // namespace

namespace detail {

const TypeInfo& leaf_info(Kind kind) {
  static const TypeInfo boolean{Kind::boolean, "boolean", {}, {}};
  static const TypeInfo int32{Kind::int32, "int32", {}, {}};
  static const TypeInfo int64{Kind::int64, "int64", {}, {}};
  static const TypeInfo float64{Kind::float64, "double", {}, {}};
  static const TypeInfo string{Kind::string, "string", {}, {}};
  static const TypeInfo timestamp{Kind::timestamp, "timestamp", {}, {}};
  static const TypeInfo json{Kind::json, "json", {}, {}};
  static const TypeInfo blob{Kind::blob, "blob", {}, {}};
  switch (kind) {
    case Kind::boolean:
      return boolean;
    case Kind::int32:
      return int32;
    case Kind::int64:
      return int64;
    case Kind::float64:
      return float64;
    case Kind::timestamp:
      return timestamp;
    case Kind::json:
      return json;
    case Kind::blob:
      return blob;
    default:
      TRACSEQ_ENSURE(kind == Kind::string);
      return string;
  }
}

void attach_docs(TypeInfo& info, std::initializer_list<FieldDoc> docs) {
  for (Field& field : info.fields)
    if (const std::string_view name = field.name; name.ends_with('_')) {
      field.name = field.doc.name = kept(std::string(name.substr(0, name.size() - 1)));
    }
  for (const FieldDoc& doc : docs) {
    const auto field = std::find_if(info.fields.begin(), info.fields.end(),
                                    [&](const Field& f) { return std::strcmp(f.name, doc.name) == 0; });
    TRACSEQ_ENSURE(field != info.fields.end());
    field->doc = doc;
  }
}

int register_type(const TypeInfo& (*type)()) {
  registered().push_back(type);
  return 0;
}

}  // namespace detail

std::vector<const TypeInfo*> described_types() {
  std::vector<const TypeInfo*> types;
  for (const Getter get : registered()) types.push_back(&get());
  std::sort(types.begin(), types.end(),
            [](const auto* a, const auto* b) { return std::strcmp(a->name, b->name) < 0; });
  return types;
}

std::string_view enum_name(const TypeInfo& type, std::int64_t value) noexcept {
  for (const Enumerator& entry : type.enumerators)
    if (entry.value == value) return entry.name;
  return "unknown";
}

Result<std::int64_t> enum_value(const TypeInfo& type, std::string_view field, std::string_view name) {
  std::string allowed;
  for (const Enumerator& entry : type.enumerators) {
    if (name == entry.name) return entry.value;
    allowed += (allowed.empty() ? "" : ", ") + std::string(entry.name);
  }
  return fail_field(std::string(field),
                    fmt::format("{} is '{}'; it must be one of {}", field, name.substr(0, 80), allowed));
}

}  // namespace tracseq
