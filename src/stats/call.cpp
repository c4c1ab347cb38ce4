// SPDX-License-Identifier: MIT
#include "stats/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tracseq::stats {
namespace {

std::vector<std::span<const Function>> tables() {
  return {test_functions(),     estimate_functions(),   distance_functions(),
          planning_functions(), sequential_functions(), assignment_functions()};
}

}  // namespace

void Arguments::note(Error error) {
  if (fault_) fault_ = tl::unexpected(std::move(error));
}

void Arguments::note_missing(const char* name, const char* what) {
  note(Error{Code::invalid, fmt::format("{} is missing or is not {}", name, what), {}, name});
}

const Json* Arguments::option(const char* name) {
  read_.insert(name);
  const Json* found = options_.find(name);
  return found != nullptr && found->is_null() ? nullptr : found;
}

bool Arguments::has(const char* name) const {
  const Json* found = options_.find(name);
  return arrays_.find(name) != arrays_.end() || (found != nullptr && !found->is_null());
}

std::span<const double> Arguments::optional_array(const char* name) {
  read_.insert(name);
  const auto found = arrays_.find(name);
  return found == arrays_.end() ? std::span<const double>() : std::span<const double>(found->second);
}

std::span<const double> Arguments::array(const char* name) {
  if (arrays_.find(name) == arrays_.end()) note_missing(name, "an array of numbers");
  return optional_array(name);
}

double Arguments::number(const char* name) {
  if (!has(name)) note_missing(name, "a number");
  return number(name, 0);
}

double Arguments::number(const char* name, double without) {
  const Json* given = option(name);
  if (given == nullptr) return without;
  if (!given->is_number()) note_missing(name, "a number");
  return given->number_or(without);
}

std::int64_t Arguments::integer(const char* name) {
  if (!has(name)) note_missing(name, "a whole number");
  return integer(name, 0);
}

std::int64_t Arguments::integer(const char* name, std::int64_t without) {
  const Json* given = option(name);
  if (given == nullptr) return without;
  if (given->is_integer()) return given->integer_or(without);
  const double number = given->number_or(0.5);
  if (number == std::floor(number) && std::abs(number) <= 9007199254740992.0)
    return static_cast<std::int64_t>(number);
  note_missing(name, "a whole number");
  return without;
}

bool Arguments::boolean(const char* name, bool without) {
  const Json* given = option(name);
  if (given == nullptr) return without;
  if (!given->is_bool()) note_missing(name, "true or false");
  return given->bool_or(without);
}

std::string Arguments::text(const char* name) {
  if (!has(name)) note_missing(name, "a text");
  return text(name, "");
}

std::string Arguments::text(const char* name, std::string_view without) {
  const Json* given = option(name);
  if (given == nullptr) return std::string(without);
  if (!given->is_string()) note_missing(name, "a text");
  return given->string_or(without);
}

std::vector<std::string> Arguments::texts(const char* name) {
  std::vector<std::string> out;
  const Json* given = option(name);
  const Json::Array* list = given == nullptr ? nullptr : given->as_array();
  if (list == nullptr) {
    note_missing(name, "a list of texts");
    return out;
  }
  out.reserve(list->size());
  for (const Json& item : *list) {
    if (!item.is_string()) note_missing(name, "a list of texts");
    out.push_back(item.string_or(""));
  }
  return out;
}

Result<void> Arguments::finish() {
  TRACSEQ_CHECK(fault_);
  const auto check = [&](std::string_view name) -> Result<void> {
    if (read_.find(name) != read_.end()) return {};
    std::string known;
    for (const auto& one : read_) known += (known.empty() ? "" : ", ") + one;
    return fail_field(std::string(name), fmt::format("there is no argument {}; there are {}", name, known));
  };
  for (const auto& [name, values] : arrays_) TRACSEQ_CHECK(check(name));
  if (const Json::Object* members = options_.as_object(); members != nullptr)
    for (const auto& [name, value] : *members) TRACSEQ_CHECK(check(name));
  return {};
}

Result<Json> call(std::string_view name, const Arrays& arrays, const Json& options) {
  for (const auto& table : tables())
    for (const Function& function : table)
      if (function.name == name) {
        Arguments in(arrays, options);
        return function.run(in);
      }
  return fail(Code::not_found, fmt::format("there is no function {} in stats", name));
}

std::vector<std::string_view> call_names() {
  std::vector<std::string_view> names;
  for (const auto& table : tables())
    for (const Function& function : table) names.push_back(function.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tracseq::stats
