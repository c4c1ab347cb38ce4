// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/json.h"

// Every function of this folder by name, on arrays: what `mlops.stats` and the golden tests call, so that
// anyone can check a number with the code that decides. Thread-safe.
namespace tracseq::stats {

using Arrays = std::map<std::string, std::vector<double>, std::less<>>;

// Calls one. `not_found` for an unknown name; `invalid` names an argument that is missing, unknown, of
// another kind or out of range. The answer is an object; a bare number is {"value": …}, a list {"values":
// […]}.
Result<Json> call(std::string_view name, const Arrays& arrays, const Json& options);
// All names, in order.
std::vector<std::string_view> call_names();

// What a call was given, read by the table of functions. Reading remembers the first fault instead of
// failing, so a function reads all it wants and asks once; what nobody read is an argument the function does
// not have.
class Arguments {
 public:
  Arguments(const Arrays& arrays, const Json& options) : arrays_(arrays), options_(options) {}
  [[nodiscard]] std::span<const double> array(const char* name);           // required
  [[nodiscard]] std::span<const double> optional_array(const char* name);  // empty without
  [[nodiscard]] bool has(const char* name) const;
  [[nodiscard]] double number(const char* name);
  [[nodiscard]] double number(const char* name, double without);
  [[nodiscard]] std::int64_t integer(const char* name);
  [[nodiscard]] std::int64_t integer(const char* name, std::int64_t without);
  [[nodiscard]] bool boolean(const char* name, bool without);
  [[nodiscard]] std::string text(const char* name);
  [[nodiscard]] std::string text(const char* name, std::string_view without);
  [[nodiscard]] std::vector<std::string> texts(const char* name);
  template <class E>
  [[nodiscard]] E choice(const char* name, E without) {
    const Json* given = option(name);
    if (given == nullptr) return without;
    const auto value = enum_from<E>(name, given->string_or(""));
    if (!value) note(value.error());
    return value.value_or(without);
  }
  // The first fault.
  [[nodiscard]] Result<void> finish();

 private:
  const Json* option(const char* name);
  void note(Error error);
  void note_missing(const char* name, const char* what);

  const Arrays& arrays_;
  const Json& options_;
  std::set<std::string, std::less<>> read_;
  Result<void> fault_;
};

// A line of the table: files named call_*.cpp hold one table each.
struct Function {
  std::string_view name;
  Result<Json> (*run)(Arguments& in);
};
std::span<const Function> test_functions();
std::span<const Function> estimate_functions();
std::span<const Function> distance_functions();
std::span<const Function> planning_functions();
std::span<const Function> sequential_functions();
std::span<const Function> assignment_functions();

namespace detail {
inline Json document(double value) { return Json::object().set("value", value); }
inline Json document(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(value);
  return Json::object().set("values", std::move(list));
}
template <class T>
Json document(const T& value) {
  return to_document(value);
}
}  // namespace detail

// Runs `compute` unless an argument is at fault, and makes a document of what it answers (a value or a
// Result).
template <class F>
Result<Json> answer(Arguments& in, F&& compute) {
  TRACSEQ_CHECK(in.finish());
  using Answer = std::invoke_result_t<F>;
  if constexpr (requires(Answer r) { r.error(); }) {
    TRACSEQ_TRY(const auto value, compute());
    return detail::document(value);
  } else {
    return detail::document(compute());
  }
}

}  // namespace tracseq::stats
