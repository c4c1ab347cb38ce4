// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tracseq {

struct Utf8Character {
  std::uint32_t code = 0;  // the Unicode scalar value, up to 0x10FFFF
  std::size_t bytes = 0;   // 1 to 4; 0: the text does not begin with a character
};

// The character the text begins with, as RFC 3629 has it: overlong forms, halves of surrogate pairs and what
// lies beyond U+10FFFF are none. Pure; any bytes may be given. Whole texts are validated faster by is_utf8
// (json.h).
Utf8Character first_utf8_character(std::string_view text) noexcept;

}  // namespace tracseq
