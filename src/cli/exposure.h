// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

// Which keys are no secret.
namespace tracseq::cli {

inline constexpr std::size_t kKeyBytesMin = 16;
inline constexpr std::string_view kGuideKey = "your-api-key";  // printed in the guide, so known to everybody

inline bool is_weak_key(std::string_view key) { return key == kGuideKey || key.size() < kKeyBytesMin; }

}  // namespace tracseq::cli
