// SPDX-License-Identifier: MIT
// The walk over an ONNX file ends, stays inside the file and keeps its own limits.
// Built with: domain/serving/onnx_guard.cpp domain/serving/wire_reader.cpp
#include <cstdint>

#include "base/result.h"
#include "domain/serving/onnx_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto facts = tracseq::serving::inspect_onnx({reinterpret_cast<const std::byte*>(data), size});
  if (!facts) return 0;
  TRACSEQ_ENSURE(facts->nodes <= tracseq::serving::kOnnxNodesMax);
  TRACSEQ_ENSURE(facts->classes.size() <= tracseq::serving::kOnnxClassesMax);
  return 0;
}
