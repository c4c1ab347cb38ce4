// SPDX-License-Identifier: MIT
#include "api/inference/oip_response.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/json.h"

namespace tracseq::inference {
namespace {

using serving::DataType;
using serving::Tensor;

// Long enough for any number in its shortest form.
constexpr std::size_t kNumberBytesMax = 32;

template <class T>
void append_number(std::string& out, T value) {
  char text[kNumberBytesMax];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  TRACSEQ_ENSURE(error == std::errc{});
  const std::string_view written(text, static_cast<std::size_t>(end - text));
  out += written;
  if constexpr (std::is_floating_point_v<T>)
    if (written.find_first_of(".e") == std::string_view::npos)
      out += ".0";  // it stays a float for the reader
}

template <class T>
void append_float(std::string& out, T value) {
  if (std::isfinite(value))
    append_number(out, value);
  else if (std::isnan(value))
    out += "NaN";
  else
    out += value > 0 ? "Infinity" : "-Infinity";
}

template <class T>
void append_all(std::string& out, const Tensor& tensor) {
  const std::size_t count = tensor.data.size() / sizeof(T);
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, tensor.data.data() + i * sizeof(T), sizeof(T));
    if (i > 0) out += ',';
    if constexpr (std::is_floating_point_v<T>)
      append_float(out, value);
    else
      append_number(out, value);
  }
}

Result<void> append_strings(std::string& out, const Tensor& tensor) {
  bool first = true;
  for (const std::string& text : tensor.strings) {
    if (!simdjson::validate_utf8(text.data(), text.size()))
      return fail(Code::invalid, fmt::format("output '{}' is not UTF-8: ask for it in binary", tensor.name));
    if (!first) out += ',';
    first = false;
    append_json_string(out, text);
  }
  return {};
}

void append_booleans(std::string& out, const Tensor& tensor) {
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    if (i > 0) out += ',';
    out += tensor.data[i] != std::byte{0} ? "true" : "false";
  }
}

void append_shape(std::string& out, const serving::Shape& shape) {
  out += '[';
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) out += ',';
    append_number(out, shape[i]);
  }
  out += ']';
}

void append_header(std::string& out, std::string_view name, DataType type, const serving::Shape& shape) {
  out += "{\"name\":";
  append_json_string(out, name);
  out += ",\"datatype\":\"";
  out += serving::datatype_name(type);
  out += "\",\"shape\":";
  append_shape(out, shape);
}

std::size_t binary_size(const Tensor& tensor) {
  if (tensor.type != DataType::bytes) return tensor.data.size();
  std::size_t size = 0;
  for (const std::string& text : tensor.strings) size += sizeof(std::uint32_t) + text.size();
  return size;
}

Result<void> append_output(std::string& out, const Tensor& tensor, bool binary) {
  append_header(out, tensor.name, tensor.type, tensor.shape);
  if (binary) {
    out += ",\"parameters\":{\"binary_data_size\":";
    append_number(out, binary_size(tensor));
    out += "}}";
    return {};
  }
  out += ",\"data\":";
  TRACSEQ_CHECK(append_tensor_data(out, tensor));
  out += '}';
  return {};
}

}  // namespace

Result<void> append_tensor_data(std::string& out, const Tensor& tensor) {
  out += '[';
  switch (tensor.type) {
    case DataType::fp64:
      append_all<double>(out, tensor);
      break;
    case DataType::fp32:
      append_all<float>(out, tensor);
      break;
    case DataType::uint8:
      append_all<std::uint8_t>(out, tensor);
      break;
    case DataType::uint16:
      append_all<std::uint16_t>(out, tensor);
      break;
    case DataType::uint32:
      append_all<std::uint32_t>(out, tensor);
      break;
    case DataType::uint64:
      append_all<std::uint64_t>(out, tensor);
      break;
    case DataType::int8:
      append_all<std::int8_t>(out, tensor);
      break;
    case DataType::int16:
      append_all<std::int16_t>(out, tensor);
      break;
    case DataType::int32:
      append_all<std::int32_t>(out, tensor);
      break;
    case DataType::int64:
      append_all<std::int64_t>(out, tensor);
      break;
    case DataType::boolean:
      append_booleans(out, tensor);
      break;
    case DataType::bytes:
      TRACSEQ_CHECK(append_strings(out, tensor));
      break;
    case DataType::fp16:
      return fail(
          Code::invalid,
          fmt::format("output '{}' is FP16, which JSON cannot carry: ask for it in binary", tensor.name));
  }
  out += ']';
  return {};
}

Result<api::Response> write_infer_response(const InferAnswer& answer) {
  api::Response response;
  std::string& out = response.body;
  out.reserve(256);
  out += "{\"model_name\":";
  append_json_string(out, answer.model);
  out += ",\"model_version\":";
  append_json_string(out, answer.version);
  if (!answer.id.empty()) {
    out += ",\"id\":";
    append_json_string(out, answer.id);
  }
  out += ",\"outputs\":[";
  bool any_binary = false;
  for (std::size_t i = 0; i < answer.outputs.size(); ++i) {
    if (i > 0) out += ',';
    TRACSEQ_CHECK(append_output(out, answer.outputs[i], answer.binary[i]));
    any_binary = any_binary || answer.binary[i];
  }
  out += "]}";
  if (!any_binary) return response;
  response.headers.emplace_back(kLengthHeader, std::to_string(out.size()));
  response.content_type = "application/octet-stream";
  for (std::size_t i = 0; i < answer.outputs.size(); ++i) {
    if (!answer.binary[i]) continue;
    const Tensor& tensor = answer.outputs[i];
    if (tensor.type == DataType::bytes)
      serving::append_bytes(out, tensor.strings);
    else
      out.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  }
  return response;
}

std::string model_metadata(std::string_view model, const std::vector<std::string>& versions,
                           const serving::ModelInfo& info) {
  std::string out = "{\"name\":";
  append_json_string(out, model);
  out += ",\"versions\":[";
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, versions[i]);
  }
  out += "],\"platform\":";
  append_json_string(out, info.platform);
  for (const auto& [key, tensors] :
       {std::pair{",\"inputs\":[", &info.inputs}, std::pair{"],\"outputs\":[", &info.outputs}}) {
    out += key;
    for (std::size_t i = 0; i < tensors->size(); ++i) {
      if (i > 0) out += ',';
      append_header(out, (*tensors)[i].name, (*tensors)[i].type, (*tensors)[i].shape);
      out += '}';
    }
  }
  out += "]}";
  return out;
}

api::Response protocol_error(const Error& error) {
  std::string message = error.message;
  // A header's bytes may have got into it.
  if (!simdjson::validate_utf8(message.data(), message.size()))
    std::replace_if(
        message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7e; }, '?');
  std::string body = "{\"error\":";
  append_json_string(body, message);
  body += '}';
  int status = http_status(error.code);
  if (status == 409 || status == 412 || status == 422) status = 400;
  return api::Response::json(std::move(body), status);
}

}  // namespace tracseq::inference
