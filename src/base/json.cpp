// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <unordered_set>

#include "base/identifier.h"
#include "base/json_fault.h"

namespace tracseq {
namespace {

constexpr std::size_t kKeptParserBytes =
    1UL << 20;  // larger documents get a parser of their own, freed afterwards
constexpr std::size_t kLinearKeySearchMax = 16;
constexpr std::string_view kNumberKey = "$number";

// The first key that is there twice; null: none is.
const std::string* duplicate(const Json::Object& object) {
  if (object.size() <= kLinearKeySearchMax) {
    for (std::size_t i = 0; i < object.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (object[i].first == object[j].first) return &object[i].first;
    return nullptr;
  }
  std::unordered_set<std::string_view> seen;
  for (const auto& member : object)
    if (!seen.insert(member.first).second) return &member.first;
  return nullptr;
}

// {"$number": "NaN"} and its kind are doubles that JSON has no text for.
std::optional<double> non_finite(const Json::Object& object) {
  if (object.size() != 1 || object[0].first != kNumberKey) return std::nullopt;
  const std::string* name = object[0].second.as_string();
  if (name == nullptr) return std::nullopt;
  if (*name == "NaN") return std::nan("");
  if (*name == "Infinity") return HUGE_VAL;
  if (*name == "-Infinity") return -HUGE_VAL;
  return std::nullopt;
}

Result<Json> convert(const simdjson::dom::element& element);

Result<Json> convert_object(const simdjson::dom::object& in) {
  Json::Object out;
  out.reserve(in.size());
  for (const auto& [key, value] : in) {
    TRACSEQ_TRY(Json child, convert(value));
    out.emplace_back(std::string(key), std::move(child));
  }
  if (const std::string* key = duplicate(out))
    return fail(Code::invalid, "holds an object with the same key twice: '" + shown_name(*key) + "'");
  if (const auto number = non_finite(out)) return Json(*number);
  return Json(std::move(out));
}

Result<Json> convert(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::NULL_VALUE:
      return Json(nullptr);
    case element_type::BOOL:
      return Json(element.get_bool().value_unsafe());
    case element_type::INT64:
      return Json(element.get_int64().value_unsafe());
    case element_type::UINT64:
      return fail(Code::invalid, "holds an integer from 2^63 on");  // refused, as beyond 2^64
    case element_type::DOUBLE:
      return Json(element.get_double().value_unsafe());
    case element_type::STRING:
      return Json(std::string(element.get_string().value_unsafe()));
    case element_type::OBJECT:
      return convert_object(element.get_object().value_unsafe());
    case element_type::ARRAY:
      break;
  }
  const auto in = element.get_array().value_unsafe();
  Json::Array out;
  out.reserve(in.size());
  for (const auto& item : in) {
    TRACSEQ_TRY(Json child, convert(item));
    out.push_back(std::move(child));
  }
  return Json(std::move(out));
}

Result<Json> parse_with(simdjson::dom::parser& parser, std::string_view text, std::string_view name) {
  if (parser.max_depth() != kJsonDepthMax || parser.capacity() < text.size())
    if (const auto error = parser.allocate(std::max<std::size_t>(text.size(), 4096), kJsonDepthMax))
      return fail(Code::unavailable, fmt::format("no memory for {}", name), simdjson::error_message(error));
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    if (error == simdjson::DEPTH_ERROR)
      return fail(json_error(text, name, fmt::format("is nested deeper than {} levels", kJsonDepthMax)));
    return fail(json_error(text, name, fmt::format("is not valid JSON: {}", simdjson::error_message(error))));
  }
  auto document = convert(root);
  if (!document) return fail(json_error(text, name, document.error().message));
  return document;
}

template <class F>
void dump_to(std::string& out, const Json& value, const F& members) {
  if (value.is_null()) {
    out += "null";
  } else if (const auto* flag = std::get_if<bool>(&value.value())) {
    out += *flag ? "true" : "false";
  } else if (const auto* integer = std::get_if<std::int64_t>(&value.value())) {
    fmt::format_to(std::back_inserter(out), "{}", *integer);
  } else if (const auto* number = std::get_if<double>(&value.value())) {
    if (!std::isfinite(*number)) out += "{\"$number\":";
    append_json_double(out, *number);
    if (!std::isfinite(*number)) out += '}';
  } else if (const std::string* text = value.as_string()) {
    append_json_string(out, *text);
  } else if (const Json::Array* items = value.as_array()) {
    out += '[';
    for (const Json& item : *items) {
      if (&item != items->data()) out += ',';
      dump_to(out, item, members);
    }
    out += ']';
  } else {
    out += '{';
    bool first = true;
    members(*value.as_object(), [&](const Json::Member& member) {
      if (!first) out += ',';
      first = false;
      append_json_string(out, member.first);
      out += ':';
      dump_to(out, member.second, members);
    });
    out += '}';
  }
}

}  // namespace

double Json::number_or(double fallback) const noexcept {
  if (const auto* integer = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*integer);
  const auto* number = std::get_if<double>(&value_);
  return number != nullptr ? *number : fallback;
}

std::int64_t Json::integer_or(std::int64_t fallback) const noexcept {
  const auto* integer = std::get_if<std::int64_t>(&value_);
  return integer != nullptr ? *integer : fallback;
}

std::string Json::string_or(std::string_view fallback) const {
  const auto* text = as_string();
  return text != nullptr ? *text : std::string(fallback);
}

bool Json::bool_or(bool fallback) const noexcept {
  const auto* flag = std::get_if<bool>(&value_);
  return flag != nullptr ? *flag : fallback;
}

const Json* Json::find(std::string_view key) const noexcept {
  if (const Object* object = as_object())
    for (const auto& [name, value] : *object)
      if (name == key) return &value;
  return nullptr;
}

Json& Json::set(std::string_view key, Json value) {
  if (!is_object()) value_ = Object{};
  auto& object = std::get<Object>(value_);
  for (auto& [name, old] : object) {
    if (name != key) continue;
    old = std::move(value);
    return *this;
  }
  object.emplace_back(std::string(key), std::move(value));
  return *this;
}

void Json::push_back(Json value) {
  if (!is_array()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(value));
}

Error json_error(std::string_view text, std::string_view name, std::string_view otherwise) {
  const auto fault = find_json_fault(text);
  if (!fault) return {Code::invalid, fmt::format("{} {}", name, otherwise), {}, {}};
  if (fault->subject.empty())
    return {Code::invalid, fmt::format("{} {} at {}", name, fault->why, fault->place), {}, {}};
  return {Code::invalid,
          fmt::format("{} {}, at {} of {}", fault->subject, fault->why, fault->place, name),
          {},
          fault->subject};
}

Result<Json> parse_json(std::string_view text, std::string_view name) {
  if (text.empty())  // data() may be null
    return fail(Code::invalid, fmt::format("{} is empty where JSON is expected", name));
  if (text.size() > kJsonBytesMax)
    return fail(Code::too_large,
                fmt::format("{} has {} bytes; at most {} are read", name, text.size(), kJsonBytesMax));
  if (text.size() <= kKeptParserBytes) {
    thread_local simdjson::dom::parser parser;
    return parse_with(parser, text, name);
  }
  simdjson::dom::parser parser;
  return parse_with(parser, text, name);
}

std::string dump_json(const Json& value) {
  std::string out;
  dump_to(out, value, [](const Json::Object& object, const auto& visit) {
    for (const auto& member : object) visit(member);
  });
  return out;
}

namespace {

// A byte of UTF-8 as its place among UTF-16 units would have it: what lies beyond the BMP (lead bytes F0 to
// F4) is written with surrogates D800 to DFFF there, which come before U+E000 to U+FFFF (lead bytes EE and
// EF). All else is in the same order either way.
unsigned utf16_rank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0xEE || byte == 0xEF ? byte + 0x10U : byte;
}

bool before_in_utf16(std::string_view a, std::string_view b) {
  const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (left == a.end() || right == b.end()) return left == a.end() && right != b.end();
  return utf16_rank(*left) < utf16_rank(*right);
}

}  // namespace

std::string canonical_json(const Json& value) {
  std::string out;
  dump_to(out, value, [](const Json::Object& object, const auto& visit) {
    std::vector<const Json::Member*> sorted;
    sorted.reserve(object.size());
    for (const auto& member : object) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto* a, const auto* b) { return before_in_utf16(a->first, b->first); });
    for (const auto* member : sorted) visit(*member);
  });
  return out;
}

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          fmt::format_to(std::back_inserter(out), "\\u{:04x}",
                         static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
          out += c;
    }
  }
  out += '"';
}

void append_json_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    char buffer[32];
    const auto [end, error] = std::to_chars(std::begin(buffer), std::end(buffer), value);
    TRACSEQ_ENSURE(error == std::errc{});
    const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
  }
}

}  // namespace tracseq
