// SPDX-License-Identifier: MIT
#include "api/inference/remote_recorder.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "api/inference/oip_response.h"
#include "api/inference/remote_registry.h"
#include "base/json.h"

namespace tracseq::inference {
namespace {

using serving::DataType;
using serving::Prediction;
using serving::Tensor;

// Bounds of the log.
constexpr std::size_t kEntriesPerCallMax = 2'000;
constexpr std::size_t kPayloadBytesMax = 4UL << 20;
constexpr std::size_t kEntryBytesMax = 1'000'000;  // inputs and outputs of one
constexpr std::size_t kErrorBytesMax = 4'000;
constexpr std::string_view kPayloadHead = "{\"predictions\":[";
constexpr std::string_view kPayloadTail = "]}";

template <class T>
T element(const Tensor& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void append_integer(std::string& out, T value) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  TRACSEQ_ENSURE(error == std::errc{});
  out.append(text, end);
}

// A double inside a free document.
void append_double(std::string& out, double value) {
  if (std::isfinite(value)) {
    append_json_double(out, value);
    return;
  }
  out += "{\"$number\":";
  append_json_double(out, value);
  out += '}';
}

void append_element(std::string& out, const Tensor& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::fp64:
      append_double(out, element<double>(tensor, index));
      break;
    case DataType::fp32:
      append_double(out, element<float>(tensor, index));
      break;
    case DataType::int64:
      append_integer(out, element<std::int64_t>(tensor, index));
      break;
    case DataType::int32:
      append_integer(out, element<std::int32_t>(tensor, index));
      break;
    case DataType::int16:
      append_integer(out, element<std::int16_t>(tensor, index));
      break;
    case DataType::int8:
      append_integer(out, static_cast<int>(element<std::int8_t>(tensor, index)));
      break;
    case DataType::uint64:
      append_double(out, static_cast<double>(element<std::uint64_t>(tensor, index)));
      break;
    case DataType::uint32:
      append_integer(out, element<std::uint32_t>(tensor, index));
      break;
    case DataType::uint16:
      append_integer(out, element<std::uint16_t>(tensor, index));
      break;
    case DataType::uint8:
      append_integer(out, static_cast<unsigned>(element<std::uint8_t>(tensor, index)));
      break;
    case DataType::boolean:
      out += tensor.data[index] != std::byte{0} ? "true" : "false";
      break;
    case DataType::fp16:
      out += "null";
      break;  // has no JSON form
    case DataType::bytes:
      if (is_utf8(tensor.strings[index]))
        append_json_string(out, tensor.strings[index]);
      else
        append_json_string(out, base64(bytes_of(tensor.strings[index])));
      break;
  }
}

std::size_t rows_of(const Tensor& tensor) {
  return tensor.shape.empty() ? 1 : static_cast<std::size_t>(std::max<std::int64_t>(tensor.shape.front(), 0));
}

std::size_t elements_of(const Tensor& tensor) {
  if (tensor.type == DataType::bytes) return tensor.strings.size();
  return tensor.data.size() / serving::element_bytes(tensor.type);
}

// The elements of one row: a value, or a list of them; by name where the columns' names are known.
void append_row(std::string& out, const Tensor& tensor, std::size_t row,
                const std::vector<std::string>* names) {
  const std::size_t rows = std::max<std::size_t>(rows_of(tensor), 1);
  const std::size_t width = elements_of(tensor) / rows;
  const bool named = names != nullptr && names->size() == width && !names->empty();
  const bool plain = !named && width == 1;
  if (!plain) out += named ? '{' : '[';
  for (std::size_t i = 0; i < width; ++i) {
    if (i > 0) out += ',';
    if (named) {
      append_json_string(out, (*names)[i]);
      out += ':';
    }
    append_element(out, tensor, row * width + i);
  }
  if (!plain) out += named ? '}' : ']';
}

// The record's own columns. Nested values are no columns; left out, they cannot make an entry the log
// refuses.
void append_record(std::string& out, const Json& record) {
  out += '{';
  bool first = true;
  if (const Json::Object* members = record.as_object())
    for (const auto& [name, value] : *members) {
      if (value.is_object() || value.is_array()) continue;
      if (!first) out += ',';
      first = false;
      append_json_string(out, name);
      out += ':';
      out += dump_json(value);
    }
  out += '}';
}

void append_inputs(std::string& out, const Prediction& prediction, std::size_t row) {
  if (row < prediction.records.size()) return append_record(out, prediction.records[row]);
  const std::vector<std::string>& columns = prediction.served->records->columns();
  if (prediction.inputs.size() == 1 && !columns.empty())
    return append_row(out, prediction.inputs.front(), row, &columns);
  out += '{';
  for (const Tensor& tensor : prediction.inputs) {
    if (&tensor != prediction.inputs.data()) out += ',';
    append_json_string(out, tensor.name);
    out += ':';
    append_row(out, tensor, row, nullptr);
  }
  out += '}';
}

void append_outputs(std::string& out, const Prediction& prediction, std::size_t row) {
  const std::vector<std::string>& classes = prediction.served->model->info().classes;
  out += '{';
  for (const Tensor& tensor : prediction.outputs) {
    if (&tensor != prediction.outputs.data()) out += ',';
    append_json_string(out, tensor.name);
    out += ':';
    append_row(out, tensor, row,
               tensor.type == DataType::fp32 || tensor.type == DataType::fp64 ? &classes : nullptr);
  }
  out += '}';
}

// The greatest probability of a classification: its second output has one column per class.
std::optional<double> confidence_of(const Prediction& prediction, std::size_t row) {
  if (prediction.outputs.size() < 2) return std::nullopt;
  const Tensor& table = prediction.outputs[1];
  const bool wide = table.type == DataType::fp32 || table.type == DataType::fp64;
  const std::size_t width = elements_of(table) / std::max<std::size_t>(rows_of(table), 1);
  if (!wide || width == 0 || width != prediction.served->model->info().classes.size() ||
      row >= rows_of(table))
    return std::nullopt;
  double greatest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = row * width; i < (row + 1) * width; ++i)
    greatest = std::max(greatest, table.type == DataType::fp32 ? double{element<float>(table, i)}
                                                               : element<double>(table, i));
  if (!std::isfinite(greatest)) return std::nullopt;
  return greatest;
}

// At most `bytes_max` bytes, cut between two characters.
std::string_view shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  append_json_string(out, value);
}

}  // namespace

void for_each_entry(const Prediction& prediction, FunctionRef<void(std::string_view)> visit) {
  const std::size_t rows = std::min(serving::samples_of(prediction), serving::kSamplesRecordedMax);
  std::string entry;
  for (std::size_t row = 0; row < rows; ++row) {
    entry.clear();
    append_text(entry, "{\"request_id\":",
                rows == 1 ? prediction.request_id : fmt::format("{}:{}", prediction.request_id, row));
    append_text(entry, ",\"model_id\":", prediction.served->name);
    append_text(entry, ",\"model_version\":", prediction.served->version);
    append_text(entry, ",\"time\":", format_rfc3339(prediction.time));
    entry += ",\"latency_ms\":";
    append_json_double(entry, static_cast<double>(prediction.latency_us) / 1e3);
    entry += prediction.success ? ",\"success\":true" : ",\"success\":false";
    if (!prediction.success) append_text(entry, ",\"error\":", shortened(prediction.error, kErrorBytesMax));
    if (const auto confidence = confidence_of(prediction, row)) {
      entry += ",\"confidence_score\":";
      append_json_double(entry, *confidence);
    }
    const std::size_t before = entry.size();
    entry += ",\"inputs\":";
    append_inputs(entry, prediction, row);
    entry += ",\"outputs\":";
    append_outputs(entry, prediction, row);
    if (entry.size() - before > kEntryBytesMax) {  // the log would refuse it: keep what can be kept
      entry.resize(before);
      entry += ",\"tags\":{\"content\":\"too large to be recorded\"}";
    }
    entry += '}';
    visit(entry);
  }
}

void RemoteRecorder::encode(std::span<const Prediction> batch, Emit emit) {
  std::string payload;
  std::uint64_t items = 0;
  const auto flush = [&] {
    if (items == 0) return;
    payload += kPayloadTail;
    emit(std::move(payload), items);
    payload.clear();
    items = 0;
  };
  for (const Prediction& prediction : batch)
    for_each_entry(prediction, [&](std::string_view entry) {
      if (items == kEntriesPerCallMax || payload.size() + entry.size() > kPayloadBytesMax) flush();
      payload += items == 0 ? kPayloadHead : std::string_view(",");
      payload += entry;
      ++items;
    });
  flush();
}

std::vector<std::string> RemoteRecorder::split(const std::string& payload) {
  std::vector<std::string> parts;
  const auto document = parse_json(payload);
  const Json* entries = document ? document->find("predictions") : nullptr;
  if (entries == nullptr || entries->as_array() == nullptr) return parts;
  for (const Json& entry : *entries->as_array())
    parts.push_back(std::string(kPayloadHead) + dump_json(entry) + std::string(kPayloadTail));
  return parts;
}

std::map<std::string, std::uint64_t> RemoteRecorder::count_by_model(const std::string& payload) {
  std::map<std::string, std::uint64_t> counts;
  const auto document = parse_json(payload);
  const Json* entries = document ? document->find("predictions") : nullptr;
  if (entries == nullptr || entries->as_array() == nullptr) return counts;
  for (const Json& entry : *entries->as_array()) {
    const Json* model = entry.find("model_id");
    ++counts[model != nullptr ? model->string_or("") : ""];
  }
  return counts;
}

Result<void> RemoteRecorder::deliver(std::string_view key, const std::string& payload) {
  TRACSEQ_TRY(api::Request request, api::make_request(api::Method::post, "/api/v1/predictions", payload));
  request.headers["content-type"] = "application/json";
  request.headers["idempotency-key"] = key;
  TRACSEQ_TRY(const api::Response response, client_.send(std::move(request), kRecordTimeout));
  if (response.status < 200 || response.status >= 300) return fail(error_of(response));
  return {};
}

}  // namespace tracseq::inference
