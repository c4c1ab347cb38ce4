// SPDX-License-Identifier: MIT
#include "api/inference/oip_tensor.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace tracseq::inference {
namespace {

using serving::DataType;
using serving::Tensor;
using simdjson::dom::element;
using simdjson::dom::element_type;

// Where the parser's count of an array's elements stops counting.
constexpr std::size_t kCountSaturates = 0xFFFFFF;

tl::unexpected<Error> bad_element(const Tensor& tensor, std::size_t index, std::string_view why) {
  return fail_field("inputs", fmt::format("input '{}' element {} {}; its type is {}", tensor.name, index, why,
                                          serving::datatype_name(tensor.type)));
}

template <class T>
void put(Tensor& tensor, std::size_t index, T value) {
  std::memcpy(tensor.data.data() + index * sizeof(T), &value, sizeof(T));
}

bool named_double(std::string_view name, double& value) {
  if (name == "NaN")
    value = std::numeric_limits<double>::quiet_NaN();
  else if (name == "Infinity")
    value = std::numeric_limits<double>::infinity();
  else if (name == "-Infinity")
    value = -std::numeric_limits<double>::infinity();
  else
    return false;
  return true;
}

bool read_double(const element& value, double& out) {
  switch (value.type()) {
    case element_type::DOUBLE:
      out = double(value);
      return true;
    case element_type::INT64:
      out = static_cast<double>(std::int64_t(value));
      return true;
    case element_type::UINT64:
      out = static_cast<double>(std::uint64_t(value));
      return true;
    case element_type::NULL_VALUE:
      out = std::numeric_limits<double>::quiet_NaN();
      return true;
    case element_type::STRING:
      return named_double(std::string_view(value), out);
    default:
      return false;
  }
}

template <class T>
Result<void> put_float(Tensor& tensor, std::size_t index, const element& value) {
  double number = 0;
  if (!read_double(value, number)) return bad_element(tensor, index, "is no number");
  const auto narrow = static_cast<T>(number);
  if (std::isinf(narrow) && !std::isinf(number)) return bad_element(tensor, index, "is out of range");
  put(tensor, index, narrow);
  return {};
}

template <class T>
Result<void> put_integer(Tensor& tensor, std::size_t index, const element& value) {
  if (value.type() == element_type::INT64) {
    const std::int64_t number{value};
    if (!std::in_range<T>(number))
      return bad_element(tensor, index, fmt::format("is {}, out of range", number));
    put(tensor, index, static_cast<T>(number));
    return {};
  }
  if (value.type() == element_type::UINT64) {
    const std::uint64_t number{value};
    if (!std::in_range<T>(number))
      return bad_element(tensor, index, fmt::format("is {}, out of range", number));
    put(tensor, index, static_cast<T>(number));
    return {};
  }
  return bad_element(tensor, index, "is no integer");
}

Result<void> put_element(Tensor& tensor, std::size_t index, const element& value) {
  switch (tensor.type) {
    case DataType::fp64:
      return put_float<double>(tensor, index, value);
    case DataType::fp32:
      return put_float<float>(tensor, index, value);
    case DataType::uint8:
      return put_integer<std::uint8_t>(tensor, index, value);
    case DataType::uint16:
      return put_integer<std::uint16_t>(tensor, index, value);
    case DataType::uint32:
      return put_integer<std::uint32_t>(tensor, index, value);
    case DataType::uint64:
      return put_integer<std::uint64_t>(tensor, index, value);
    case DataType::int8:
      return put_integer<std::int8_t>(tensor, index, value);
    case DataType::int16:
      return put_integer<std::int16_t>(tensor, index, value);
    case DataType::int32:
      return put_integer<std::int32_t>(tensor, index, value);
    case DataType::int64:
      return put_integer<std::int64_t>(tensor, index, value);
    case DataType::boolean:
      if (value.type() != element_type::BOOL) return bad_element(tensor, index, "is neither true nor false");
      put(tensor, index, static_cast<std::uint8_t>(bool(value) ? 1 : 0));
      return {};
    case DataType::bytes:
      if (value.type() != element_type::STRING) return bad_element(tensor, index, "is no string");
      tensor.strings.emplace_back(std::string_view(value));
      return {};
    case DataType::fp16:
      break;
  }
  return fail_field(
      "inputs", fmt::format("input '{}' is FP16, which JSON cannot carry: send it in binary", tensor.name));
}

// Fills from arrays nested as the shape says; `depth` is the dimension of `array`, `next` the element to
// fill.
Result<void> read_nested(const simdjson::dom::array& array, std::size_t depth, std::size_t& next,
                         Tensor& tensor) {
  const auto wanted = static_cast<std::size_t>(tensor.shape[depth]);
  std::size_t seen = 0;
  for (const element value : array) {
    if (++seen > wanted) break;
    if (depth + 1 == tensor.shape.size()) {
      TRACSEQ_CHECK(put_element(tensor, next++, value));
      continue;
    }
    simdjson::dom::array inner;
    if (value.get(inner) != simdjson::SUCCESS)
      return fail_field("inputs", fmt::format("input '{}': its data is not nested as its shape {} says",
                                              tensor.name, serving::shape_text(tensor.shape)));
    TRACSEQ_CHECK(read_nested(inner, depth + 1, next, tensor));
  }
  if (seen != wanted)
    return fail_field("inputs",
                      fmt::format("input '{}': an array of its data does not have the {} elements that its "
                                  "shape {} says",
                                  tensor.name, wanted, serving::shape_text(tensor.shape)));
  return {};
}

Result<void> read_flat(const simdjson::dom::array& array, std::size_t count, Tensor& tensor) {
  std::size_t index = 0;
  for (const element value : array) {
    if (index == count) {
      ++index;
      break;
    }
    TRACSEQ_CHECK(put_element(tensor, index++, value));
  }
  if (index != count)
    return fail_field("inputs",
                      fmt::format("input '{}': its data does not have the {} elements that its shape {} says",
                                  tensor.name, count, serving::shape_text(tensor.shape)));
  return {};
}

// The end of the number that starts at `at`.
std::size_t number_end(std::string_view text, std::size_t at) {
  while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '.' ||
                              text[at] == '+' || text[at] == '-'))
    ++at;
  return at;
}

bool is_integer_beyond_64_bits(std::string_view token) {
  if (token.find_first_not_of("0123456789", token.front() == '-' ? 1 : 0) != std::string_view::npos)
    return false;
  std::int64_t whole = 0;
  std::uint64_t natural = 0;
  const char* end = token.data() + token.size();
  return std::from_chars(token.data(), end, whole).ec == std::errc::result_out_of_range &&
         (token.front() == '-' ||
          std::from_chars(token.data(), end, natural).ec == std::errc::result_out_of_range);
}

void append_token(std::string& out, std::string_view token) {
  if (token == "NaN" || token == "Infinity" || token == "-Infinity") {
    out += '"';
    out += token;
    out += '"';
    return;
  }
  out += token;
  if (is_integer_beyond_64_bits(token)) out += ".0";
}

}  // namespace

Result<void> read_tensor_data(const element& value, std::size_t count, Tensor& tensor) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS)
    return fail_field("inputs", fmt::format("input '{}': its data must be an array", tensor.name));
  // A shape that lies is caught before memory is taken for it: every element has a slot on the parser's tape.
  bool nested = false;
  if (auto first = array.begin(); first != array.end()) nested = (*first).type() == element_type::ARRAY;
  const auto outer = tensor.shape.empty() ? 1 : static_cast<std::size_t>(tensor.shape.front());
  const bool counted = array.size() < kCountSaturates;
  if (count > array.number_of_slots() || (counted && array.size() != (nested ? outer : count)))
    return fail_field(
        "inputs", fmt::format("input '{}': its data has {} elements where its shape {} says {}", tensor.name,
                              array.size(), serving::shape_text(tensor.shape), nested ? outer : count));
  if (tensor.type == DataType::bytes) {
    tensor.strings.clear();
  } else {
    tensor.data.resize(count * serving::element_bytes(tensor.type));
  }
  if (!nested) return read_flat(array, count, tensor);
  if (tensor.shape.empty())
    return fail_field("inputs", fmt::format("input '{}': its data is nested, its shape is []", tensor.name));
  std::size_t next = 0;
  return read_nested(array, 0, next, tensor);
}

std::string strict_numbers(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 8);
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '"') {
      std::size_t end = at + 1;
      while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, json.size());
      out += json.substr(at, end - at);
      at = end;
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-') {
      const std::size_t end = number_end(json, at);
      append_token(out, json.substr(at, end - at));
      at = end;
    } else {
      out += c;
      ++at;
    }
  }
  return out;
}

}  // namespace tracseq::inference
