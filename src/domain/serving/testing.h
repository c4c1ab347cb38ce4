// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "domain/serving/engine.h"

// Helpers of the serving tests; used by *_test.cpp only.
namespace tracseq::serving::testing {

inline std::string golden(const std::string& name) {
  std::ifstream file(std::string(TRACSEQ_GOLDEN_DIR) + "/onnx/" + name + ".onnx", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
std::vector<std::byte> raw(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
  std::vector<T> values(tensor.data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

inline Tensor fp64(std::string name, Shape shape, const std::vector<double>& values) {
  return {std::move(name), DataType::fp64, std::move(shape), raw(values), {}};
}
inline Tensor fp32(std::string name, Shape shape, const std::vector<float>& values) {
  return {std::move(name), DataType::fp32, std::move(shape), raw(values), {}};
}

}  // namespace tracseq::serving::testing
