// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tracseq {

inline constexpr std::size_t kJsonDepthMax = 64;
inline constexpr std::size_t kJsonBytesMax = 64UL << 20;

// A free-form JSON document (hyperparameters, tags, payloads). Numbers keep their kind: a text without
// fraction and exponent that fits 64 bits is an integer, everything else a double, which comes back bit for
// bit. Non-finite doubles are written as {"$number": "NaN" | "Infinity" | "-Infinity"} and read back as
// doubles. Objects keep the order of their keys. Not thread-safe for writing, as any value.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object>;

  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}                      // NOLINT(google-explicit-constructor)
  Json(bool v) : value_(v) {}                                    // NOLINT(google-explicit-constructor)
  Json(int v) : value_(static_cast<std::int64_t>(v)) {}          // NOLINT(google-explicit-constructor)
  Json(std::int64_t v) : value_(v) {}                            // NOLINT(google-explicit-constructor)
  Json(std::size_t v) : value_(static_cast<std::int64_t>(v)) {}  // NOLINT(google-explicit-constructor)
  Json(double v) : value_(v) {}                                  // NOLINT(google-explicit-constructor)
  Json(std::string v) : value_(std::move(v)) {}                  // NOLINT(google-explicit-constructor)
  Json(std::string_view v) : value_(std::string(v)) {}           // NOLINT(google-explicit-constructor)
  Json(const char* v) : value_(std::string(v)) {}                // NOLINT(google-explicit-constructor)
  Json(Array v) : value_(std::move(v)) {}                        // NOLINT(google-explicit-constructor)
  Json(Object v) : value_(std::move(v)) {}                       // NOLINT(google-explicit-constructor)

  static Json object() { return Json(Object{}); }
  static Json array() { return Json(Array{}); }

  [[nodiscard]] const Value& value() const noexcept { return value_; }
  [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::nullptr_t>(value_); }
  [[nodiscard]] bool is_object() const noexcept { return std::holds_alternative<Object>(value_); }
  [[nodiscard]] bool is_array() const noexcept { return std::holds_alternative<Array>(value_); }
  [[nodiscard]] bool is_string() const noexcept { return std::holds_alternative<std::string>(value_); }
  [[nodiscard]] bool is_bool() const noexcept { return std::holds_alternative<bool>(value_); }
  [[nodiscard]] bool is_integer() const noexcept { return std::holds_alternative<std::int64_t>(value_); }
  [[nodiscard]] bool is_number() const noexcept {
    return is_integer() || std::holds_alternative<double>(value_);
  }

  // The value of that kind; null if it is another one.
  [[nodiscard]] const Object* as_object() const noexcept { return std::get_if<Object>(&value_); }
  [[nodiscard]] const Array* as_array() const noexcept { return std::get_if<Array>(&value_); }
  [[nodiscard]] const std::string* as_string() const noexcept { return std::get_if<std::string>(&value_); }
  [[nodiscard]] Object* as_object() noexcept { return std::get_if<Object>(&value_); }
  [[nodiscard]] Array* as_array() noexcept { return std::get_if<Array>(&value_); }
  // The number as a double, or `fallback` if it is none.
  [[nodiscard]] double number_or(double fallback) const noexcept;
  [[nodiscard]] std::int64_t integer_or(std::int64_t fallback) const noexcept;
  [[nodiscard]] std::string string_or(std::string_view fallback) const;
  [[nodiscard]] bool bool_or(bool fallback) const noexcept;

  // The member of that name; null if this is no object or has none.
  [[nodiscard]] const Json* find(std::string_view key) const noexcept;
  // Sets a member, keeping its place if it exists; makes an object of anything else.
  Json& set(std::string_view key, Json value);
  void push_back(Json value);

  friend bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }

 private:
  Value value_;
};

// Reads one document. `invalid` says why and at which line and column, and bears the field of a number that
// is none or too large; `too_large` beyond kJsonBytesMax. Duplicate keys, nesting beyond kJsonDepthMax and
// trailing text are refused. `name` is what the messages call the document: "the body", a file, a line.
Result<Json> parse_json(std::string_view text, std::string_view name = "the JSON");
// The refusal alone, for text that another parser refused; `otherwise` is said where the fault cannot be
// told.
Error json_error(std::string_view text, std::string_view name, std::string_view otherwise);

// Compact text. Keys in their order, doubles in the shortest form that reads back the same.
std::string dump_json(const Json& value);
// The same with object keys sorted by UTF-16 unit at every level (RFC 8785 order): canonical bytes for
// digests.
std::string canonical_json(const Json& value);

// Whether the text is valid UTF-8 (JSON text must be).
bool is_utf8(std::string_view text) noexcept;

// Appends pieces of JSON text; used by the codecs.
void append_json_string(std::string& out, std::string_view text);
// A finite double in its shortest form, always with '.' or exponent; non-finite ones as quoted names.
void append_json_double(std::string& out, double value);

}  // namespace tracseq
