// SPDX-License-Identifier: MIT
#include "api/inference/oip_request.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "api/inference/oip_tensor.h"
#include "base/json.h"

namespace tracseq::inference {
namespace {

using serving::DataType;
using serving::Tensor;
using simdjson::dom::element;
using simdjson::dom::object;

// A thread keeps its parser's buffers up to this size of document; larger documents get a parser of their
// own.
constexpr std::size_t kKeptParserBytes = 1UL << 20;
constexpr std::size_t kNameBytesMax = 1024;

// Parameters of an input or an output that are understood.
struct TensorParameters {
  std::optional<std::uint64_t> binary_bytes;
  std::optional<bool> binary;
};

// One input as it stands in the JSON, before its bytes are read.
struct Draft {
  std::optional<std::string_view> name;
  std::optional<std::string_view> datatype;
  std::optional<element> shape;
  std::optional<element> data;
  TensorParameters parameters;
};

Result<std::string_view> text_of(const element& value, std::string_view field) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS)
    return fail_field(std::string(field), fmt::format("{} must be a string", field));
  if (text.size() > kNameBytesMax)
    return fail_field(std::string(field), fmt::format("{} has {} bytes; at most {} are allowed", field,
                                                      text.size(), kNameBytesMax));
  return text;
}

Result<void> read_parameter(std::string_view key, const element& value, TensorParameters& out) {
  if (key == "binary_data_size") {
    std::uint64_t bytes = 0;
    if (value.get(bytes) != simdjson::SUCCESS)
      return fail_field("binary_data_size", "binary_data_size must be a number of bytes, 0 or more");
    out.binary_bytes = bytes;
  } else if (key == "binary_data") {
    bool binary = false;
    if (value.get(binary) != simdjson::SUCCESS)
      return fail_field("binary_data", "binary_data must be true or false");
    out.binary = binary;
  } else if (key == "classification" || key.starts_with("shared_memory")) {
    return fail(Code::unsupported,
                fmt::format("the parameter '{}' needs an extension this server does not have", key));
  }
  return {};  // others are the model's business; unknown ones are passed over, as the protocol wants
}

Result<TensorParameters> read_parameters(const element& value) {
  TensorParameters out;
  object members;
  if (value.get(members) != simdjson::SUCCESS)
    return fail_field("parameters", "parameters must be an object");
  for (const auto [key, member] : members) TRACSEQ_CHECK(read_parameter(key, member, out));
  return out;
}

Result<Draft> read_draft(const element& value) {
  object members;
  if (value.get(members) != simdjson::SUCCESS)
    return fail_field("inputs", "each element of inputs must be an object");
  Draft draft;
  for (const auto [key, member] : members) {
    if (key == "name") {
      if (draft.name) return fail_field("inputs", "an input has two names");
      TRACSEQ_TRY(draft.name, text_of(member, "name"));
    } else if (key == "datatype") {
      if (draft.datatype) return fail_field("inputs", "an input has two datatypes");
      TRACSEQ_TRY(draft.datatype, text_of(member, "datatype"));
    } else if (key == "shape") {
      if (draft.shape) return fail_field("inputs", "an input has two shapes");
      draft.shape = member;
    } else if (key == "data") {
      if (draft.data) return fail_field("inputs", "an input has its data twice");
      draft.data = member;
    } else if (key == "parameters") {
      TRACSEQ_TRY(draft.parameters, read_parameters(member));
    }
  }
  return draft;
}

Result<serving::Shape> read_shape(const Draft& draft, std::string_view name) {
  serving::Shape shape;
  simdjson::dom::array dimensions;
  if (!draft.shape || draft.shape->get(dimensions) != simdjson::SUCCESS)
    return fail_field("shape", fmt::format("input '{}' needs a shape, an array of integers", name));
  for (const element value : dimensions) {
    std::int64_t dimension = 0;
    if (value.get(dimension) != simdjson::SUCCESS)
      return fail_field("shape", fmt::format("input '{}': its shape must be made of integers", name));
    if (shape.size() > serving::kTensorRankMax) break;  // element_count refuses it
    shape.push_back(dimension);
  }
  return shape;
}

// Takes the tensor's bytes off the front of `blobs`.
Result<void> read_binary(std::uint64_t bytes, std::size_t count, std::string_view& blobs, Tensor& tensor) {
  if (bytes > blobs.size())
    return fail_field("binary_data_size", fmt::format("input '{}' says {} binary bytes, the body has {} left",
                                                      tensor.name, bytes, blobs.size()));
  const std::string_view blob = blobs.substr(0, bytes);
  blobs.remove_prefix(bytes);
  if (tensor.type == DataType::bytes) {
    TRACSEQ_TRY(tensor.strings, serving::split_bytes(tensor.name, blob, count));
    return {};
  }
  const auto* begin = reinterpret_cast<const std::byte*>(blob.data());
  tensor.data.assign(begin, begin + blob.size());
  TRACSEQ_CHECK(check_tensor(tensor));
  if (tensor.type == DataType::boolean &&
      std::any_of(tensor.data.begin(), tensor.data.end(), [](std::byte b) { return b > std::byte{1}; }))
    return fail_field("inputs", fmt::format("input '{}': a BOOL byte must be 0 or 1", tensor.name));
  return {};
}

Result<Tensor> read_input(const element& value, std::string_view& blobs) {
  TRACSEQ_TRY(const Draft draft, read_draft(value));
  if (!draft.name || draft.name->empty()) return fail_field("inputs", "an input needs a name");
  Tensor tensor;
  tensor.name = *draft.name;
  const auto type = draft.datatype ? serving::datatype_from(*draft.datatype) : std::nullopt;
  if (!type)
    return fail_field(
        "datatype",
        fmt::format("input '{}' has the datatype '{}'; allowed are BOOL, UINT8 to UINT64, INT8 to "
                    "INT64, FP16, FP32, FP64 and BYTES",
                    tensor.name, draft.datatype.value_or("")));
  tensor.type = *type;
  TRACSEQ_TRY(tensor.shape, read_shape(draft, tensor.name));
  TRACSEQ_TRY(const std::size_t count, serving::element_count(tensor.name, tensor.shape));
  if (count * serving::element_bytes(tensor.type) > serving::kTensorBytesMax)
    return fail(Code::too_large, fmt::format("input '{}' of shape {} exceeds {} bytes", tensor.name,
                                             serving::shape_text(tensor.shape), serving::kTensorBytesMax));
  if (draft.parameters.binary_bytes) {
    if (draft.data)
      return fail_field("inputs", fmt::format("input '{}' has its data in JSON and in binary", tensor.name));
    TRACSEQ_CHECK(read_binary(*draft.parameters.binary_bytes, count, blobs, tensor));
    return tensor;
  }
  if (!draft.data) return fail_field("inputs", fmt::format("input '{}' has no data", tensor.name));
  TRACSEQ_CHECK(read_tensor_data(*draft.data, count, tensor));
  return tensor;
}

Result<void> read_inputs(const element& value, std::string_view& blobs, InferRequest& request) {
  simdjson::dom::array inputs;
  if (value.get(inputs) != simdjson::SUCCESS) return fail_field("inputs", "inputs must be an array");
  for (const element input : inputs) {
    if (request.inputs.size() == kInferInputsMax)
      return fail_field("inputs", fmt::format("more than {} inputs are given", kInferInputsMax));
    TRACSEQ_TRY(Tensor tensor, read_input(input, blobs));
    for (const Tensor& other : request.inputs)
      if (other.name == tensor.name)
        return fail_field("inputs", fmt::format("input '{}' is given twice", tensor.name));
    request.inputs.push_back(std::move(tensor));
  }
  if (request.inputs.empty()) return fail_field("inputs", "inputs is empty; at least one is needed");
  return {};
}

Result<void> read_outputs(const element& value, InferRequest& request) {
  simdjson::dom::array outputs;
  if (value.get(outputs) != simdjson::SUCCESS) return fail_field("outputs", "outputs must be an array");
  for (const element output : outputs) {
    if (request.outputs.size() == kInferOutputsMax)
      return fail_field("outputs", fmt::format("more than {} outputs are asked for", kInferOutputsMax));
    object members;
    if (output.get(members) != simdjson::SUCCESS)
      return fail_field("outputs", "each element of outputs must be an object");
    RequestedOutput wanted;
    for (const auto [key, member] : members) {
      if (key == "name") {
        TRACSEQ_TRY(wanted.name, text_of(member, "name"));
      } else if (key == "parameters") {
        TRACSEQ_TRY(const TensorParameters parameters, read_parameters(member));
        wanted.binary = parameters.binary.value_or(false);
      }
    }
    if (wanted.name.empty()) return fail_field("outputs", "an output needs a name");
    for (const RequestedOutput& other : request.outputs)
      if (other.name == wanted.name)
        return fail_field("outputs", fmt::format("output '{}' is asked for twice", wanted.name));
    request.outputs.push_back(std::move(wanted));
  }
  return {};
}

Result<void> read_request_parameters(const element& value, InferRequest& request) {
  object members;
  if (value.get(members) != simdjson::SUCCESS)
    return fail_field("parameters", "parameters must be an object");
  for (const auto [key, member] : members) {
    if (key != "binary_data_output") continue;
    if (member.get(request.binary_outputs) != simdjson::SUCCESS)
      return fail_field("binary_data_output", "binary_data_output must be true or false");
  }
  return {};
}

Result<InferRequest> read_document(const element& document, std::string_view blobs) {
  object members;
  if (document.get(members) != simdjson::SUCCESS)
    return fail(Code::invalid, "the request must be a JSON object");
  InferRequest request;
  bool inputs_seen = false;
  for (const auto [key, member] : members) {
    if (key == "inputs") {
      if (inputs_seen) return fail_field("inputs", "inputs is given twice");
      inputs_seen = true;
      TRACSEQ_CHECK(read_inputs(member, blobs, request));
    } else if (key == "outputs") {
      if (!request.outputs.empty()) return fail_field("outputs", "outputs is given twice");
      TRACSEQ_CHECK(read_outputs(member, request));
    } else if (key == "parameters") {
      TRACSEQ_CHECK(read_request_parameters(member, request));
    } else if (key == "id") {
      TRACSEQ_TRY(const std::string_view id, text_of(member, "id"));
      TRACSEQ_CHECK(check_request_id("id", id));
      request.id = id;
    }
  }
  if (!inputs_seen) return fail_field("inputs", "inputs is missing");
  if (!blobs.empty())
    return fail_field("binary_data_size",
                      fmt::format("{} bytes of the body belong to no input", blobs.size()));
  return request;
}

simdjson::dom::parser& kept_parser() {
  thread_local simdjson::dom::parser parser;
  thread_local const simdjson::error_code allocated = parser.allocate(4096, kInferJsonDepthMax);
  TRACSEQ_ENSURE(allocated == simdjson::SUCCESS);
  return parser;
}

// Parses with the parser given; bare NaN and its kin are made strict and tried once more.
Result<InferRequest> parse_with(simdjson::dom::parser& parser, std::string& body, std::size_t json_bytes,
                                std::string_view blobs) {
  element document;
  simdjson::error_code error = parser.parse(body.data(), json_bytes, false).get(document);
  if (error == simdjson::SUCCESS) return read_document(document, blobs);
  if (error == simdjson::DEPTH_ERROR)
    return fail(Code::invalid, fmt::format("the request nests deeper than {}", kInferJsonDepthMax));
  std::string strict = strict_numbers(std::string_view(body).substr(0, json_bytes));
  const std::size_t size = strict.size();
  strict.reserve(size + simdjson::SIMDJSON_PADDING);
  if (parser.parse(strict.data(), size, false).get(document) == simdjson::SUCCESS)
    return read_document(document, blobs);
  const std::string why = fmt::format("is not valid JSON: {}", simdjson::error_message(error));
  const std::string_view given = std::string_view(body).substr(0, json_bytes);
  if (strict == given) return fail(json_error(given, "the request", why));
  return fail(Code::invalid, "the request " + why);  // the places in the strict text are other ones
}

}  // namespace

Result<void> check_request_id(std::string_view field, std::string_view id) {
  const bool control =
      std::any_of(id.begin(), id.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (id.size() <= kInferIdBytesMax && !control) return {};
  return fail_field(std::string(field), fmt::format("{} must be at most {} bytes without control characters",
                                                    field, kInferIdBytesMax));
}

Result<std::optional<std::size_t>> parse_header_length(std::string_view text, std::size_t body_bytes) {
  if (text.empty()) return std::optional<std::size_t>{};
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(Code::invalid,
                fmt::format("Inference-Header-Content-Length is '{}'; it must be a number of bytes",
                            text.substr(0, 40)));
  if (length > body_bytes)
    return fail(Code::invalid, fmt::format("Inference-Header-Content-Length is {}, the body has {} bytes",
                                           length, body_bytes));
  return std::optional<std::size_t>{length};
}

Result<InferRequest> parse_infer_request(std::string& body, std::optional<std::size_t> json_bytes) {
  const std::size_t size = json_bytes.value_or(body.size());
  TRACSEQ_ENSURE(size <= body.size());
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  const std::string_view blobs = std::string_view(body).substr(size);
  if (size <= kKeptParserBytes) return parse_with(kept_parser(), body, size, blobs);
  simdjson::dom::parser parser;
  if (parser.allocate(size, kInferJsonDepthMax) != simdjson::SUCCESS)
    return fail(Code::too_large, fmt::format("the request's JSON of {} bytes is too large", size));
  return parse_with(parser, body, size, blobs);
}

Result<InferRequest> parse_raw_request(std::string_view body, const serving::ModelInfo& model) {
  if (model.inputs.size() != 1)
    return fail(Code::invalid, fmt::format("a raw request needs a model of one input; this one has {}",
                                           model.inputs.size()));
  const serving::TensorInfo& input = model.inputs.front();
  Tensor tensor;
  tensor.name = input.name;
  tensor.type = input.type;
  tensor.shape = input.shape;
  const auto varying = std::count(tensor.shape.begin(), tensor.shape.end(), -1);
  if (varying > 1)
    return fail(Code::invalid,
                fmt::format("a raw request needs an input with at most one varying dimension; this one is {}",
                            serving::shape_text(input.shape)));
  std::replace(tensor.shape.begin(), tensor.shape.end(), std::int64_t{-1}, std::int64_t{1});
  TRACSEQ_TRY(std::size_t count, serving::element_count(tensor.name, tensor.shape));
  const std::size_t row = count * serving::element_bytes(tensor.type);
  if (varying == 1 && row > 0) {
    const auto rows = static_cast<std::int64_t>(body.size() / row);
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      if (input.shape[i] == -1) tensor.shape[i] = rows;
    TRACSEQ_TRY(count, serving::element_count(tensor.name, tensor.shape));
  }
  const std::size_t size = body.size();
  TRACSEQ_CHECK(read_binary(size, count, body, tensor));
  InferRequest request;
  request.inputs.push_back(std::move(tensor));
  request.binary_outputs = true;
  return request;
}

}  // namespace tracseq::inference
