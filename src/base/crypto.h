// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq {

using ByteView = std::span<const std::byte>;
inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

using Digest = std::array<std::byte, 32>;

// Streaming SHA-256. Not thread-safe; `finish` may be called once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(ByteView bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(ByteView bytes);
// Lowercase hex of the SHA-256.
std::string sha256_hex(ByteView bytes);
std::string hex(ByteView bytes);
// `invalid` for an odd length or another character.
Result<std::string> unhex(std::string_view text);
std::string base64(ByteView bytes);
// Standard alphabet with padding; `invalid` otherwise.
Result<std::string> unbase64(std::string_view text);

// Fills the buffer from the kernel's generator.
void random_bytes(std::span<std::byte> out);
// Takes the same time whatever the first difference is; only the lengths may leak.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace tracseq
