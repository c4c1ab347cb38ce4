// SPDX-License-Identifier: MIT
#include "domain/serving/onnx/session.h"

#include <fmt/core.h>

#include <cstring>
#include <optional>

#include "domain/serving/onnx/load_fault.h"

namespace tracseq::serving {
namespace {

std::optional<DataType> from_onnx(int element) {
  switch (element) {
    case ort::kFloat:
      return DataType::fp32;
    case ort::kUint8:
      return DataType::uint8;
    case ort::kInt8:
      return DataType::int8;
    case ort::kUint16:
      return DataType::uint16;
    case ort::kInt16:
      return DataType::int16;
    case ort::kInt32:
      return DataType::int32;
    case ort::kInt64:
      return DataType::int64;
    case ort::kString:
      return DataType::bytes;
    case ort::kBool:
      return DataType::boolean;
    case ort::kFloat16:
      return DataType::fp16;
    case ort::kDouble:
      return DataType::fp64;
    case ort::kUint32:
      return DataType::uint32;
    case ort::kUint64:
      return DataType::uint64;
    default:
      return std::nullopt;
  }
}

int to_onnx(DataType type) {
  switch (type) {
    case DataType::boolean:
      return ort::kBool;
    case DataType::uint8:
      return ort::kUint8;
    case DataType::uint16:
      return ort::kUint16;
    case DataType::uint32:
      return ort::kUint32;
    case DataType::uint64:
      return ort::kUint64;
    case DataType::int8:
      return ort::kInt8;
    case DataType::int16:
      return ort::kInt16;
    case DataType::int32:
      return ort::kInt32;
    case DataType::int64:
      return ort::kInt64;
    case DataType::fp16:
      return ort::kFloat16;
    case DataType::fp32:
      return ort::kFloat;
    case DataType::fp64:
      return ort::kDouble;
    case DataType::bytes:
      return ort::kString;
  }
  return 0;
}

// The values of one call, released at its end.
class Values {
 public:
  Values(const ort::Api& api, std::size_t count)
      : api_(api), count_(count), values_(std::make_unique<ort::Value*[]>(count)) {}
  ~Values() {
    for (std::size_t i = 0; i < count_; ++i)
      if (values_[i] != nullptr) api_.release_value(values_[i]);
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  ort::Value*& operator[](std::size_t i) { return values_[i]; }
  ort::Value** data() { return values_.get(); }

 private:
  const ort::Api& api_;
  std::size_t count_;
  std::unique_ptr<ort::Value*[]> values_;  // a vector makes g++ 12 see a bad delete at -O2
};

Result<void> fill_strings(const OrtLibrary& library, const Tensor& tensor, ort::Value*& value) {
  const ort::Api& api = library.api;
  std::vector<const char*> pointers;
  pointers.reserve(tensor.strings.size());
  for (const std::string& text : tensor.strings) {
    if (text.find('\0') != std::string::npos)
      return fail(
          Code::invalid,
          fmt::format("input '{}': a string with a NUL byte is not taken by this model", tensor.name));
    pointers.push_back(text.c_str());
  }
  TRACSEQ_CHECK(ort_check(
      api,
      api.create_tensor(library.allocator, tensor.shape.data(), tensor.shape.size(), ort::kString, &value),
      "reading the input"));
  return ort_check(api, api.fill_strings(value, pointers.data(), pointers.size()), "reading the input");
}

// Makes the engine's view of a tensor; no copy where the types agree. `scratch` holds the converted bytes.
Result<void> make_input(const OrtLibrary& library, const TensorInfo& wanted, const Tensor& tensor,
                        std::vector<std::byte>& scratch, ort::Value*& value) {
  if (wanted.type == DataType::bytes) return fill_strings(library, tensor, value);
  static std::byte nothing[16]{};
  const std::vector<std::byte>* bytes = &tensor.data;
  if (wanted.type != tensor.type) {
    if (wanted.type == DataType::fp32) {
      TRACSEQ_TRY(scratch, to_fp32(tensor));
    } else {
      scratch = to_fp64(tensor);
    }
    bytes = &scratch;
  }
  // The library takes a mutable pointer but does not write to inputs.
  void* data = bytes->empty() ? static_cast<void*>(nothing) : const_cast<std::byte*>(bytes->data());
  return ort_check(library.api,
                   library.api.create_tensor_over(library.cpu, data, bytes->size(), tensor.shape.data(),
                                                  tensor.shape.size(), to_onnx(wanted.type), &value),
                   "reading the input");
}

Result<void> read_strings(const ort::Api& api, const ort::Value* value, std::size_t count, Tensor& out) {
  std::size_t bytes = 0;
  TRACSEQ_CHECK(ort_check(api, api.string_bytes(value, &bytes), "reading an output"));
  std::string text(bytes, '\0');
  std::vector<std::size_t> offsets(count);
  TRACSEQ_CHECK(ort_check(api, api.string_content(value, text.data(), bytes, offsets.data(), count),
                          "reading an output"));
  out.strings.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? offsets[i + 1] : bytes;
    out.strings.push_back(text.substr(offsets[i], end - offsets[i]));
  }
  return {};
}

Result<void> read_shape(const ort::Api& api, const ort::TensorTypeAndShapeInfo* shape, Shape& out,
                        int& element) {
  std::size_t rank = 0;
  TRACSEQ_CHECK(ort_check(api, api.element_type(shape, &element), "reading a tensor's type"));
  TRACSEQ_CHECK(ort_check(api, api.dimension_count(shape, &rank), "reading a tensor's type"));
  out.resize(rank);
  return ort_check(api, api.dimensions(shape, out.data(), rank), "reading a tensor's type");
}

Result<Tensor> read_output(const ort::Api& api, const TensorInfo& info, ort::Value* value) {
  Tensor out;
  out.name = info.name;
  out.type = info.type;
  ort::TensorTypeAndShapeInfo* shape = nullptr;
  TRACSEQ_CHECK(ort_check(api, api.value_shape(value, &shape), "reading an output"));
  int element = 0;
  auto read = read_shape(api, shape, out.shape, element);
  api.release_shape(shape);
  TRACSEQ_CHECK(read);
  TRACSEQ_TRY(const std::size_t count, element_count(out.name, out.shape));
  if (out.type == DataType::bytes) {
    if (count > 0) TRACSEQ_CHECK(read_strings(api, value, count, out));
    return out;
  }
  void* data = nullptr;
  TRACSEQ_CHECK(ort_check(api, api.tensor_data(value, &data), "reading an output"));
  const auto* bytes = static_cast<const std::byte*>(data);
  if (count > 0) out.data.assign(bytes, bytes + count * element_bytes(out.type));
  return out;
}

}  // namespace

OnnxModel::~OnnxModel() {
  if (session_ != nullptr) library_.api.release_session(session_);
}

Result<std::shared_ptr<const OnnxModel>> OnnxModel::open(const OrtLibrary& library, const Artefact& artefact,
                                                         OnnxFacts facts) {
  const ort::Api& api = library.api;
  std::shared_ptr<OnnxModel> model(new OnnxModel(library));
  ort::SessionOptions* options = nullptr;
  TRACSEQ_CHECK(ort_check(api, api.create_session_options(&options), "opening the model"));
  const std::unique_ptr<ort::SessionOptions, void (*)(ort::SessionOptions*)> release(
      options, api.release_session_options);
  TRACSEQ_CHECK(ort_check(api, api.set_intra_op_threads(options, 1), "opening the model"));
  TRACSEQ_CHECK(ort_check(api, api.set_inter_op_threads(options, 1), "opening the model"));
  TRACSEQ_CHECK(ort_check(api, api.set_optimisation(options, ort::kOptimiseAll), "opening the model"));
  TRACSEQ_CHECK(ort_check(api, api.add_session_setting(options, "session.use_env_allocators", "1"),
                          "opening the model"));
  if (ort::Status* status = api.create_session(library.env, artefact.bytes.data(), artefact.bytes.size(),
                                               options, &model->session_);
      status != nullptr) {
    const Code code = load_fault(api.error_code(status), api.error_message(status));
    return fail(code, std::move(ort_check(api, status, "the model does not load").error().message));
  }
  TRACSEQ_CHECK(model->describe());
  model->info_.classes = std::move(facts.classes);
  model->info_.feature_names = std::move(facts.feature_names);
  return model;
}

Result<TensorInfo> OnnxModel::describe_one(ort::TypeInfo* type, char* name, const char* role) const {
  const ort::Api& api = library_.api;
  TensorInfo info;
  info.name = name;
  // The library's own allocator made the name; what it answers on releasing it can tell nothing more.
  if (ort::Status* status = api.allocator_free(library_.allocator, name); status != nullptr)
    api.release_status(status);
  const std::unique_ptr<ort::TypeInfo, void (*)(ort::TypeInfo*)> release(type, api.release_type);
  const ort::TensorTypeAndShapeInfo* tensor = nullptr;
  TRACSEQ_CHECK(ort_check(api, api.as_tensor(type, &tensor), "opening the model"));
  if (tensor == nullptr)
    return fail(Code::unprocessable,
                fmt::format("the model's {} '{}' is no tensor (a scikit-learn model must be "
                            "converted with zipmap=False)",
                            role, info.name));
  int element = 0;
  TRACSEQ_CHECK(read_shape(api, tensor, info.shape, element));
  const auto known = from_onnx(element);
  if (!known)
    return fail(Code::unprocessable,
                fmt::format("the model's {} '{}' has the element type {}, which is not served", role,
                            info.name, element));
  if (info.shape.size() > kTensorRankMax)
    return fail(Code::unprocessable,
                fmt::format("the model's {} '{}' has {} dimensions; at most {} are served", role, info.name,
                            info.shape.size(), kTensorRankMax));
  info.type = *known;
  for (std::int64_t& dimension : info.shape)
    if (dimension < 0) dimension = -1;
  return info;
}

Result<void> OnnxModel::describe() {
  const ort::Api& api = library_.api;
  info_.platform = "onnx_onnxv1";
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  TRACSEQ_CHECK(ort_check(api, api.input_count(session_, &inputs), "opening the model"));
  TRACSEQ_CHECK(ort_check(api, api.output_count(session_, &outputs), "opening the model"));
  for (std::size_t i = 0; i < inputs + outputs; ++i) {
    const bool input = i < inputs;
    const std::size_t index = input ? i : i - inputs;
    char* name = nullptr;
    ort::TypeInfo* type = nullptr;
    TRACSEQ_CHECK(ort_check(api, (input ? api.input_type : api.output_type)(session_, index, &type),
                            "opening the model"));
    TRACSEQ_CHECK(
        ort_check(api, (input ? api.input_name : api.output_name)(session_, index, library_.allocator, &name),
                  "opening the model"));
    TRACSEQ_TRY(TensorInfo info, describe_one(type, name, input ? "input" : "output"));
    (input ? info_.inputs : info_.outputs).push_back(std::move(info));
  }
  for (const TensorInfo& info : info_.inputs) input_names_.push_back(info.name.c_str());
  for (const TensorInfo& info : info_.outputs) output_names_.push_back(info.name.c_str());
  return {};
}

Result<std::vector<Tensor>> OnnxModel::infer(std::span<const Tensor> inputs,
                                             std::span<const std::size_t> wanted) const {
  const ort::Api& api = library_.api;
  TRACSEQ_TRY(const std::vector<std::size_t> order, match_inputs(info_, inputs));
  std::vector<std::vector<std::byte>> scratch(order.size());
  Values given(api, order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    TRACSEQ_CHECK(make_input(library_, info_.inputs[i], inputs[order[i]], scratch[i], given[i]));

  std::vector<const char*> some;
  for (const std::size_t index : wanted) {
    TRACSEQ_ENSURE(index < output_names_.size());
    some.push_back(output_names_[index]);
  }
  const std::vector<const char*>& names = wanted.empty() ? output_names_ : some;
  Values answered(api, names.size());
  TRACSEQ_CHECK(ort_check(api,
                          api.run(session_, nullptr, input_names_.data(), given.data(), order.size(),
                                  names.data(), names.size(), answered.data()),
                          "the model cannot compute this"));
  std::vector<Tensor> outputs;
  outputs.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    TRACSEQ_TRY(Tensor output, read_output(api, info_.outputs[wanted.empty() ? i : wanted[i]], answered[i]));
    outputs.push_back(std::move(output));
  }
  return outputs;
}

}  // namespace tracseq::serving
