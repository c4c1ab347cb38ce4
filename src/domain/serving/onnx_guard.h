// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"

namespace tracseq::serving {

inline constexpr std::size_t kOnnxNodesMax = 100'000;
inline constexpr std::size_t kOnnxDepthMax = 16;  // graphs within graphs, counted with their attributes
inline constexpr std::size_t kOnnxAttributeValuesMax =
    50'000'000;  // numbers in one list: the nodes of a forest
inline constexpr std::int64_t kOnnxTensorElementsMax = 1LL << 28;
inline constexpr std::size_t kOnnxClassesMax = 10'000;

// What the file says beside its graph.
struct OnnxFacts {
  std::size_t nodes = 0;
  std::vector<std::string> classes;        // metadata "tracseq.classes", else the classifier's own labels
  std::vector<std::string> feature_names;  // metadata "tracseq.feature_names"
};

// Walks the bytes of an ONNX model before any engine sees them. `unprocessable` for what is no ONNX protobuf,
// has data outside the file, operators of unknown domains, or exceeds a limit above; `too_large` beyond
// kArtefactBytesMax. Bounded in time by the file's size; never reads outside `model`.
Result<OnnxFacts> inspect_onnx(ByteView model);

}  // namespace tracseq::serving
