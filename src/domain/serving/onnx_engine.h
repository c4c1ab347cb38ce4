// SPDX-License-Identifier: MIT
#pragma once

#include "domain/serving/engine.h"

namespace tracseq::serving {

// ONNX Runtime, from the module libtracseq_onnx.so, which is opened by the first `load`; `unsupported` there
// when the module or the library behind it is missing. Lives as long as the process.
Engine& onnx_engine();
// The one function the module exports.
inline constexpr const char* kOnnxEntry = "tracseq_onnx_engine";

}  // namespace tracseq::serving
