// SPDX-License-Identifier: MIT
#include "domain/serving/engine.h"

#include <fmt/core.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace tracseq::serving {
namespace {

constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();

bool takes(DataType wanted, DataType given) {
  if (wanted == given) return true;
  return (wanted == DataType::fp32 && given == DataType::fp64) ||
         (wanted == DataType::fp64 && given == DataType::fp32);
}

bool fits(const Shape& wanted, const Shape& given) {
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] >= 0 && wanted[i] != given[i]) return false;
  return true;
}

std::string names_of(const std::vector<TensorInfo>& tensors) {
  std::string names;
  for (const TensorInfo& tensor : tensors) names += (names.empty() ? "'" : ", '") + tensor.name + "'";
  return names;
}

Result<void> check_input(const TensorInfo& wanted, const Tensor& given) {
  if (!takes(wanted.type, given.type))
    return fail(Code::invalid, fmt::format("input '{}' has type {}; the model takes {}", given.name,
                                           datatype_name(given.type), datatype_name(wanted.type)));
  // ONNX leaves a rank-0 description for "any shape"; the engine judges then.
  if (!wanted.shape.empty() && !fits(wanted.shape, given.shape))
    return fail(Code::invalid, fmt::format("input '{}' has shape {}; the model takes {}", given.name,
                                           shape_text(given.shape), shape_text(wanted.shape)));
  return check_tensor(given);
}

}  // namespace

Result<std::vector<std::size_t>> match_inputs(const ModelInfo& info, std::span<const Tensor> given) {
  std::vector<std::size_t> order(info.inputs.size(), kAbsent);
  for (std::size_t g = 0; g < given.size(); ++g) {
    std::size_t i = 0;
    while (i < info.inputs.size() && info.inputs[i].name != given[g].name) ++i;
    if (i == info.inputs.size())
      return fail(Code::invalid, fmt::format("the model has no input '{}'; its inputs are {}", given[g].name,
                                             names_of(info.inputs)));
    if (order[i] != kAbsent)
      return fail(Code::invalid, fmt::format("input '{}' is given twice", given[g].name));
    TRACSEQ_CHECK(check_input(info.inputs[i], given[g]));
    order[i] = g;
  }
  for (std::size_t i = 0; i < order.size(); ++i)
    if (order[i] == kAbsent)
      return fail(Code::invalid,
                  fmt::format("input '{}' is missing; the model takes it as {} {}", info.inputs[i].name,
                              datatype_name(info.inputs[i].type), shape_text(info.inputs[i].shape)));
  return order;
}

Result<std::vector<std::byte>> to_fp32(const Tensor& tensor) {
  const std::size_t count = tensor.data.size() / sizeof(double);
  std::vector<std::byte> out(count * sizeof(float));
  for (std::size_t i = 0; i < count; ++i) {
    double wide = 0;
    std::memcpy(&wide, tensor.data.data() + i * sizeof wide, sizeof wide);
    const auto narrow = static_cast<float>(wide);
    if (std::isinf(narrow) && !std::isinf(wide))
      return fail(Code::invalid,
                  fmt::format("input '{}' element {} is {}; the model computes in FP32, whose largest "
                              "value is about 3.4e38",
                              tensor.name, i, wide));
    std::memcpy(out.data() + i * sizeof narrow, &narrow, sizeof narrow);
  }
  return out;
}

std::vector<std::byte> to_fp64(const Tensor& tensor) {
  const std::size_t count = tensor.data.size() / sizeof(float);
  std::vector<std::byte> out(count * sizeof(double));
  for (std::size_t i = 0; i < count; ++i) {
    float narrow = 0;
    std::memcpy(&narrow, tensor.data.data() + i * sizeof narrow, sizeof narrow);
    const double wide = narrow;
    std::memcpy(out.data() + i * sizeof wide, &wide, sizeof wide);
  }
  return out;
}

}  // namespace tracseq::serving
