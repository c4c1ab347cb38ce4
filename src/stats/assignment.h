// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace tracseq::stats {

// FNV-1a of 32 bits over the text's bytes.
std::uint32_t fnv1a_32(std::string_view text, std::uint32_t hash = 2166136261U) noexcept;

// GrowthBook's second hash: fnv(decimal of fnv(seed + value)) mod 10,000 / 10,000, in [0, 1).
double assignment_bucket(std::string_view seed, std::string_view value) noexcept;

}  // namespace tracseq::stats
