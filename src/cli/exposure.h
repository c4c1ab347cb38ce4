// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

// Who can reach a server by where it listens, and which keys are no secret.
namespace tracseq::cli {

inline constexpr std::size_t kKeyBytesMin = 16;
inline constexpr std::string_view kGuideKey = "your-api-key";  // printed in the guide, so known to everybody

inline bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}
inline bool is_weak_key(std::string_view key) { return key == kGuideKey || key.size() < kKeyBytesMin; }

}  // namespace tracseq::cli
