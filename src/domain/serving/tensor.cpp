// SPDX-License-Identifier: MIT
#include "domain/serving/tensor.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>
#include <bit>
#include <cstring>

namespace tracseq::serving {

static_assert(std::endian::native == std::endian::little, "tensors are kept as the protocol sends them");

namespace {

struct TypeRow {
  std::string_view name;
  std::size_t bytes;
};

// In the order of the enumerators.
constexpr std::array<TypeRow, 13> kTypes{{{"BOOL", 1},
                                          {"UINT8", 1},
                                          {"UINT16", 2},
                                          {"UINT32", 4},
                                          {"UINT64", 8},
                                          {"INT8", 1},
                                          {"INT16", 2},
                                          {"INT32", 4},
                                          {"INT64", 8},
                                          {"FP16", 2},
                                          {"FP32", 4},
                                          {"FP64", 8},
                                          {"BYTES", 0}}};

}  // namespace

std::string_view datatype_name(DataType type) noexcept { return kTypes[static_cast<std::size_t>(type)].name; }

std::optional<DataType> datatype_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (kTypes[i].name == name) return static_cast<DataType>(i);
  return std::nullopt;
}

std::size_t element_bytes(DataType type) noexcept { return kTypes[static_cast<std::size_t>(type)].bytes; }

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

Result<std::size_t> element_count(std::string_view name, std::span<const std::int64_t> shape) {
  if (shape.size() > kTensorRankMax)
    return fail(Code::invalid, fmt::format("tensor '{}' has {} dimensions; at most {} are allowed", name,
                                           shape.size(), kTensorRankMax));
  std::size_t count = 1;
  bool empty = false;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0)
      return fail(Code::invalid, fmt::format("tensor '{}' has shape {}; a dimension must not be negative",
                                             name, shape_text(shape)));
    if (dimension == 0) {
      empty = true;  // go on: the other dimensions are checked all the same
      continue;
    }
    if (static_cast<std::size_t>(dimension) > kTensorElementsMax / count)
      return fail(Code::too_large, fmt::format("tensor '{}' has shape {}; at most {} elements are allowed",
                                               name, shape_text(shape), kTensorElementsMax));
    count *= static_cast<std::size_t>(dimension);
  }
  return empty ? 0 : count;
}

Result<void> check_tensor(const Tensor& tensor) {
  TRACSEQ_TRY(const std::size_t count, element_count(tensor.name, tensor.shape));
  if (tensor.type == DataType::bytes) {
    if (tensor.strings.size() != count)
      return fail(Code::invalid,
                  fmt::format("tensor '{}' of shape {} needs {} elements, {} are given", tensor.name,
                              shape_text(tensor.shape), count, tensor.strings.size()));
    return {};
  }
  const std::size_t needed = count * element_bytes(tensor.type);
  if (needed > kTensorBytesMax)
    return fail(Code::too_large, fmt::format("tensor '{}' is {} bytes; at most {} are allowed", tensor.name,
                                             needed, kTensorBytesMax));
  if (tensor.data.size() != needed)
    return fail(Code::invalid, fmt::format("tensor '{}' of shape {} and type {} needs {} bytes, {} are given",
                                           tensor.name, shape_text(tensor.shape), datatype_name(tensor.type),
                                           needed, tensor.data.size()));
  return {};
}

Result<std::vector<std::string>> split_bytes(std::string_view name, std::string_view wire,
                                             std::size_t count) {
  // Every element takes at least its prefix: a count that lies must not reserve memory.
  if (count > wire.size() / sizeof(std::uint32_t))
    return fail(Code::invalid,
                fmt::format("tensor '{}' needs {} BYTES elements, its {} bytes cannot hold them", name, count,
                            wire.size()));
  std::vector<std::string> elements;
  elements.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t length = 0;
    if (wire.size() < sizeof length)
      return fail(Code::invalid,
                  fmt::format("tensor '{}': the length of BYTES element {} is cut short", name, i));
    std::memcpy(&length, wire.data(), sizeof length);
    wire.remove_prefix(sizeof length);
    if (length > wire.size())
      return fail(Code::invalid, fmt::format("tensor '{}': BYTES element {} says {} bytes, {} are left", name,
                                             i, length, wire.size()));
    elements.emplace_back(wire.substr(0, length));
    wire.remove_prefix(length);
  }
  if (!wire.empty())
    return fail(Code::invalid, fmt::format("tensor '{}': {} bytes are left after its {} BYTES elements", name,
                                           wire.size(), count));
  return elements;
}

void append_bytes(std::string& wire, const std::vector<std::string>& elements) {
  for (const std::string& element : elements) {
    const auto length = static_cast<std::uint32_t>(element.size());
    wire.append(reinterpret_cast<const char*>(&length), sizeof length);
    wire += element;
  }
}

}  // namespace tracseq::serving
