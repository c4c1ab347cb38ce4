// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/serving/onnx/ort_abi.h"

namespace tracseq::serving {

inline constexpr const char* kOrtFile = "libonnxruntime.so.1.28.0";

// The most memory that all models of the process may take together, weights and what they compute with. A
// request beyond it fails by itself; the server and the other models go on.
inline constexpr std::size_t kArenaBytesMax = 4UL << 30;

// The opened ONNX Runtime with its one environment. Made once per process and never closed. Immutable,
// thread-safe.
struct OrtLibrary {
  ort::Api api;
  ort::Env* env = nullptr;
  ort::MemoryInfo* cpu = nullptr;
  ort::Allocator* allocator = nullptr;
  std::string version;
};

// The library, opened by the first call: $TRACSEQ_ORT (file or folder), beside the module,
// third_party_build/ort of the tree the module lies in. Telemetry is off before it is loaded. `unsupported`
// with the remedy.
Result<const OrtLibrary*> ort_library();

// Turns a status into an error and releases it; success for null. `during` starts the message.
Result<void> ort_check(const ort::Api& api, ort::Status* status, const char* during);

// The places searched, in order.
std::vector<std::string> ort_candidates();

}  // namespace tracseq::serving
