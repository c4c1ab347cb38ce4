// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// What a text must be to name something: to stand in a path of an address, in a file's name and in a line of
// a log. Pure functions.
namespace tracseq {

inline constexpr std::size_t kIdentifierBytesMax = 250;

// `invalid` unless the text can be one segment of a path: 1 to `bytes_max` bytes of UTF-8 without '/', '\\',
// control characters and percent-encoded bytes, not "." and not beginning with "..". The message names the
// field, the text and what is wrong. Every id a caller may choose is checked with it before it is stored:
// nothing may be kept that no address reaches.
Result<void> check_identifier(std::string_view field, std::string_view text,
                              std::size_t bytes_max = kIdentifierBytesMax);

// What no part of a name may hold, in words that follow the name ("holds a backslash"); null: nothing of
// that.
const char* bad_name_characters(std::string_view text);

// A name as an error may show it: bytes that are no printable ASCII as \xNN, 120 bytes at most.
std::string shown_name(std::string_view name);

}  // namespace tracseq
