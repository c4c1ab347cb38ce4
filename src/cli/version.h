// SPDX-License-Identifier: MIT
#pragma once

namespace tracseq::cli {

inline constexpr const char* kVersion = TRACSEQ_VERSION;  // of the CMake project

}  // namespace tracseq::cli
