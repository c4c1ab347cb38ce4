// SPDX-License-Identifier: MIT
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/strong.h"

// Describe once. A plain struct with BOOST_DESCRIBE_STRUCT beside it in the header and one
// TRACSEQ_DEFINE_TYPE in one .cpp gets a static table of its fields; the JSON codec, the SQL row mapper and
// OpenAPI are loops over that table, written once and out of line (codec.cpp, storage/sql/row.cpp,
// api/openapi.cpp). See README.md.
namespace tracseq {

// Opaque binary content, base64 in JSON.
struct Blob {
  std::string bytes;
  friend auto operator<=>(const Blob&, const Blob&) = default;
};

enum class Kind {
  boolean,
  int32,
  int64,
  float64,
  string,
  timestamp,
  json,
  blob,
  enumeration,
  object,
  array,
  optional,
  map
};

struct TypeInfo;

struct Enumerator {
  const char* name;
  std::int64_t value;
};

// What is known of a field beyond its name and type; all checked by the JSON codec and shown by OpenAPI.
struct FieldDoc {
  const char* name;
  const char* text = "";
  bool required = false;                                  // absent is an error
  double min = -std::numeric_limits<double>::infinity();  // of a number
  double max = std::numeric_limits<double>::infinity();
  std::size_t length_max =
      std::numeric_limits<std::size_t>::max();  // of a string in bytes, of a list in items
  std::size_t length_min = 0;
  bool secret = false;  // never logged, never shown
};

struct Field {
  const char* name;
  const TypeInfo& (*type)();
  void* (*get)(void* object);
  FieldDoc doc;
};

using ElementVisitor = void (*)(void* context, std::string_view key, const void* element);

// A described type. Instances are static and immutable; functions are null where the kind has no use for
// them.
struct TypeInfo {
  Kind kind;
  const char* name;                        // the struct's or enum's name, else the kind's
  std::vector<Field> fields;               // object
  std::vector<Enumerator> enumerators;     // enumeration
  const TypeInfo& (*element)() = nullptr;  // array, optional, map
  // array: appends; optional: engages; map: makes the key. Returns the place of a value-initialised element.
  void* (*emplace)(void* object, std::string_view key) = nullptr;
  void (*clear)(void* object) = nullptr;
  std::size_t (*count)(const void* object) = nullptr;
  // Calls `visit(context, key, element)` for each element in order; the key is empty but for maps.
  void (*each)(const void* object, void* context, ElementVisitor visit) = nullptr;
  std::int64_t (*get_enum)(const void* object) = nullptr;
  void (*set_enum)(void* object, std::int64_t value) = nullptr;
  std::shared_ptr<void> (*create)() = nullptr;  // object: a value-initialised one
};

// The table of a type. Structs and enums need TRACSEQ_DECLARE_TYPE beside them.
template <class T>
const TypeInfo& type_info();

namespace detail {

const TypeInfo& leaf_info(Kind kind);

template <class T>
struct IsStrong : std::false_type {};
template <class Tag, class Rep>
struct IsStrong<Strong<Tag, Rep>> : std::true_type {};
template <class T>
struct ElementOf;
template <class T>
struct ElementOf<std::vector<T>> {
  using type = T;
  static constexpr Kind kind = Kind::array;
};
template <class T>
struct ElementOf<std::optional<T>> {
  using type = T;
  static constexpr Kind kind = Kind::optional;
};
template <class T>
struct ElementOf<std::map<std::string, T>> {
  using type = T;
  static constexpr Kind kind = Kind::map;
};
template <class T>
concept Container = requires { ElementOf<T>::kind; };

template <class T>
const TypeInfo& array_info() {
  using V = std::vector<T>;
  static const TypeInfo info{
      Kind::array,
      "array",
      {},
      {},
      &type_info<T>,
      [](void* o, std::string_view) -> void* { return &static_cast<V*>(o)->emplace_back(); },
      [](void* o) { static_cast<V*>(o)->clear(); },
      [](const void* o) { return static_cast<const V*>(o)->size(); },
      [](const void* o, void* context, ElementVisitor visit) {
        for (const T& element : *static_cast<const V*>(o)) visit(context, {}, &element);
      }};
  return info;
}

template <class T>
const TypeInfo& optional_info() {
  using O = std::optional<T>;
  static const TypeInfo info{
      Kind::optional,
      "optional",
      {},
      {},
      &type_info<T>,
      [](void* o, std::string_view) -> void* { return &static_cast<O*>(o)->emplace(); },
      [](void* o) { static_cast<O*>(o)->reset(); },
      [](const void* o) -> std::size_t { return static_cast<const O*>(o)->has_value() ? 1 : 0; },
      [](const void* o, void* context, ElementVisitor visit) {
        if (const auto& value = *static_cast<const O*>(o)) visit(context, {}, &*value);
      }};
  return info;
}

template <class T>
const TypeInfo& map_info() {
  using M = std::map<std::string, T>;
  static const TypeInfo info{
      Kind::map,
      "map",
      {},
      {},
      &type_info<T>,
      [](void* o, std::string_view key) -> void* { return &(*static_cast<M*>(o))[std::string(key)]; },
      [](void* o) { static_cast<M*>(o)->clear(); },
      [](const void* o) { return static_cast<const M*>(o)->size(); },
      [](const void* o, void* context, ElementVisitor visit) {
        for (const auto& [key, element] : *static_cast<const M*>(o)) visit(context, key, &element);
      }};
  return info;
}

template <class T, class D>
constexpr Field make_field() {
  using Member = std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>;
  return {D::name,
          &type_info<Member>,
          [](void* o) -> void* { return &(static_cast<T*>(o)->*D::pointer); },
          {D::name}};
}

// Puts the documents at their fields; a name that is no field is a bug. A member whose name would be a
// keyword of C++ ends in an underscore, which its name on the wire does not have (`operator_`).
void attach_docs(TypeInfo& info, std::initializer_list<FieldDoc> docs);

template <class T>
TypeInfo make_object(const char* name, std::initializer_list<FieldDoc> docs) {
  TypeInfo info{Kind::object, name, {}, {}};
  info.create = []() -> std::shared_ptr<void> { return std::make_shared<T>(); };
  using Members =
      boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Members>>(
      [&](auto member) { info.fields.push_back(make_field<T, typename decltype(member)::type>()); });
  attach_docs(info, docs);
  return info;
}

template <class E>
TypeInfo make_enum(const char* name) {
  TypeInfo info{Kind::enumeration, name, {}, {}};
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
      [&](auto entry) { info.enumerators.push_back({entry.name, static_cast<std::int64_t>(entry.value)}); });
  info.get_enum = [](const void* o) { return static_cast<std::int64_t>(*static_cast<const E*>(o)); };
  info.set_enum = [](void* o, std::int64_t v) { *static_cast<E*>(o) = static_cast<E>(v); };
  return info;
}

}  // namespace detail

template <class T>
const TypeInfo& type_info() {
  // clang-format off
  if constexpr (std::is_same_v<T, bool>) return detail::leaf_info(Kind::boolean);
  else if constexpr (std::is_same_v<T, std::int32_t>) return detail::leaf_info(Kind::int32);
  else if constexpr (std::is_same_v<T, std::int64_t>) return detail::leaf_info(Kind::int64);
  else if constexpr (std::is_same_v<T, double>) return detail::leaf_info(Kind::float64);
  else if constexpr (std::is_same_v<T, std::string>) return detail::leaf_info(Kind::string);
  else if constexpr (std::is_same_v<T, Timestamp>) return detail::leaf_info(Kind::timestamp);
  else if constexpr (std::is_same_v<T, Json>) return detail::leaf_info(Kind::json);
  else if constexpr (std::is_same_v<T, Blob>) return detail::leaf_info(Kind::blob);
  else if constexpr (detail::IsStrong<T>::value) {
    static_assert(sizeof(T) == sizeof(typename T::rep), "a strong type is laid out as what it holds");
    return type_info<typename T::rep>();
  } else if constexpr (detail::Container<T>) {
    using E = typename detail::ElementOf<T>::type;
    if constexpr (detail::ElementOf<T>::kind == Kind::array) return detail::array_info<E>();
    else if constexpr (detail::ElementOf<T>::kind == Kind::optional) return detail::optional_info<E>();
    else return detail::map_info<E>();
  } else {
    return tracseq_type_info(static_cast<const T*>(nullptr));  // found beside T: TRACSEQ_DECLARE_TYPE
  }
}

// JSON of a described value; keys in the order of the fields, absent optionals left out.
std::string to_json(const TypeInfo& type, const void* object);
void append_json(std::string& out, const TypeInfo& type, const void* object);
// Whether keys that the type does not have are an error (our own contracts) or passed over (foreign facades).
enum class UnknownFields { refuse, ignore };
// Fills the object; fields that are absent keep their initial values. `invalid` names the field by its path, the value
// and what is allowed.
Result<void> from_json(const TypeInfo& type, std::string_view text, void* object,
                       UnknownFields unknown = UnknownFields::refuse);
Result<void> from_json(const TypeInfo& type, const Json& document, void* object,
                       UnknownFields unknown = UnknownFields::refuse);
// Reads one value from text as it stands in a path, a query string or an environment variable.
Result<void> from_text(const TypeInfo& type, std::string_view field, std::string_view text, void* object);
Json to_document(const TypeInfo& type, const void* object);
// Checks lengths and ranges of a filled object (defaults included) against the documents of its fields.
Result<void> check_fields(const TypeInfo& type, const void* object, std::string_view path = {});
// All described object and enum types of the program, in order of name (for the round-trip test and OpenAPI).
std::vector<const TypeInfo*> described_types();

template <class T> std::string to_json(const T& value) { return to_json(type_info<T>(), &value); }
template <class T> Json to_document(const T& value) { return to_document(type_info<T>(), &value); }
template <class T> Result<T> from_json(std::string_view text, UnknownFields unknown = UnknownFields::refuse) {
  T value{};
  TRACSEQ_CHECK(from_json(type_info<T>(), text, &value, unknown));
  return value;
}
template <class T> Result<T> from_document(const Json& document, UnknownFields unknown = UnknownFields::refuse) {
  T value{};
  TRACSEQ_CHECK(from_json(type_info<T>(), document, &value, unknown));
  return value;
}
// The wire name of an enumerator and back; `invalid` lists what is allowed.
std::string_view enum_name(const TypeInfo& type, std::int64_t value) noexcept;
template <class E> std::string_view enum_name(E value) noexcept {
  return enum_name(type_info<E>(), static_cast<std::int64_t>(value));
}
Result<std::int64_t> enum_value(const TypeInfo& type, std::string_view field, std::string_view name);
template <class E> Result<E> enum_from(std::string_view field, std::string_view name) {
  TRACSEQ_TRY(const std::int64_t value, enum_value(type_info<E>(), field, name));
  return static_cast<E>(value);
}

namespace detail {
// Adds a type to described_types(); called once per TRACSEQ_DEFINE_TYPE before main.
int register_type(const TypeInfo& (*type)());
}  // namespace detail

}  // namespace tracseq

// Beside the struct or enum, in its namespace.
#define TRACSEQ_DECLARE_TYPE(T) const ::tracseq::TypeInfo& tracseq_type_info(const T*);

// TRACSEQ_DESCRIBE(T, (a, b, c)): describes a struct and declares its table. In the header, after the struct.
#define TRACSEQ_DESCRIBE(T, members)        \
  BOOST_DESCRIBE_STRUCT(T, (), members)     \
  TRACSEQ_DECLARE_TYPE(T)
// TRACSEQ_DESCRIBE_ENUM(E, a, b, c): the same for an enum class.
#define TRACSEQ_DESCRIBE_ENUM(E, ...)  \
  BOOST_DESCRIBE_ENUM(E, __VA_ARGS__)  \
  TRACSEQ_DECLARE_TYPE(E)

// In one .cpp, in the same namespace: TRACSEQ_DEFINE_TYPE(T, {.name = "key", .text = "…", .required = true}, …)
#define TRACSEQ_DEFINE_TYPE(T, ...)                                                               \
  const ::tracseq::TypeInfo& tracseq_type_info(const T*) {                                        \
    static const ::tracseq::TypeInfo info = ::tracseq::detail::make_object<T>(#T, {__VA_ARGS__}); \
    return info;                                                                                  \
  }                                                                                               \
  [[maybe_unused]] static const int tracseq_registered_##T = ::tracseq::detail::register_type(    \
      +[]() -> const ::tracseq::TypeInfo& { return tracseq_type_info(static_cast<const T*>(nullptr)); });
#define TRACSEQ_DEFINE_ENUM(E)                                                                 \
  const ::tracseq::TypeInfo& tracseq_type_info(const E*) {                                     \
    static const ::tracseq::TypeInfo info = ::tracseq::detail::make_enum<E>(#E);               \
    return info;                                                                               \
  }                                                                                            \
  [[maybe_unused]] static const int tracseq_registered_##E = ::tracseq::detail::register_type( \
      +[]() -> const ::tracseq::TypeInfo& { return tracseq_type_info(static_cast<const E*>(nullptr)); });
