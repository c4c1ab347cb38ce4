// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tracseq {

// A new UUIDv7 (RFC 9562) as 32 lowercase hex digits. Ids made by one process sort in the order they were
// made; between processes to the millisecond. Thread-safe; safe after fork (the random part is drawn from the
// kernel).
std::string new_id();

// Whether the text is 32 lowercase hex digits.
bool is_id(std::string_view text) noexcept;

}  // namespace tracseq
