// SPDX-License-Identifier: MIT
#include "stats/assignment.h"

#include <array>
#include <charconv>

namespace tracseq::stats {

std::uint32_t fnv1a_32(std::string_view text, std::uint32_t hash) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

double assignment_bucket(std::string_view seed, std::string_view value) noexcept {
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), fnv1a_32(value, fnv1a_32(seed))).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());
  return fnv1a_32({digits.data(), length}) % 10'000 / 10'000.0;
}

}  // namespace tracseq::stats
