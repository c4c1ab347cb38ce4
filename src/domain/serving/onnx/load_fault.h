// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/result.h"
#include "domain/serving/onnx/ort_abi.h"

namespace tracseq::serving {

// Whose fault it is that a model does not load, from the status of the library. `unprocessable`: the file's,
// now and always. `unavailable`: this moment's; the library gives want of memory and of threads no code of
// their own, only the words.
inline Code load_fault(int error_code, std::string_view message) {
  for (const std::string_view word : {"allocate memory", "Available memory", "bad_alloc", "pthread_create"})
    if (message.find(word) != std::string_view::npos) return Code::unavailable;
  switch (error_code) {
    case ort::kFail:
    case ort::kInvalidArgument:
    case ort::kNoModel:
    case ort::kInvalidProtobuf:
    case ort::kNotImplemented:
    case ort::kInvalidGraph:
      return Code::unprocessable;
    default:
      return Code::unavailable;
  }
}

}  // namespace tracseq::serving
