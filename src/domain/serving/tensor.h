// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tracseq::serving {

// The element types of the Open Inference Protocol.
enum class DataType : std::uint8_t {
  boolean,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  fp16,
  fp32,
  fp64,
  bytes
};

inline constexpr std::size_t kTensorRankMax = 8;
inline constexpr std::size_t kTensorElementsMax = 1UL << 26;
inline constexpr std::size_t kTensorBytesMax = 256UL << 20;

// "BOOL", "FP64", "BYTES" …; case-sensitive both ways.
std::string_view datatype_name(DataType type) noexcept;
std::optional<DataType> datatype_from(std::string_view name) noexcept;
// Bytes of one element; 0 for BYTES, whose elements vary.
std::size_t element_bytes(DataType type) noexcept;

using Shape = std::vector<std::int64_t>;

// A named array, row-major. Fixed-size elements are in `data`, little-endian, BOOL one byte of 0 or 1; BYTES
// are in `strings`. A value: copied and moved as one.
struct Tensor {
  std::string name;
  DataType type = DataType::fp64;
  Shape shape;
  std::vector<std::byte> data;
  std::vector<std::string> strings;
};

// What a model says of one of its tensors; -1 is a dimension that varies.
struct TensorInfo {
  std::string name;
  DataType type = DataType::fp64;
  Shape shape;
};

// The number of elements of a shape without -1. `invalid` names the tensor for a negative dimension, more
// than kTensorRankMax of them, or a product beyond kTensorElementsMax; never overflows.
Result<std::size_t> element_count(std::string_view name, std::span<const std::int64_t> shape);

// Whether shape, type and stored bytes (or strings) agree. `invalid` names the tensor and both numbers.
Result<void> check_tensor(const Tensor& tensor);

// "[1,30]"
std::string shape_text(std::span<const std::int64_t> shape);

// Splits the protocol's binary form of BYTES (u32 little-endian length before each element) into exactly
// `count` strings. `invalid` names the tensor when a prefix or an element is cut short or bytes are left
// over.
Result<std::vector<std::string>> split_bytes(std::string_view name, std::string_view wire, std::size_t count);
void append_bytes(std::string& wire, const std::vector<std::string>& elements);

}  // namespace tracseq::serving
