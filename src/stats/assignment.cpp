// SPDX-License-Identifier: MIT
#include "stats/assignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace tracseq::stats {

TRACSEQ_DEFINE_ENUM(TextUnits)
TRACSEQ_DEFINE_ENUM(BucketHash)

namespace {

constexpr std::uint32_t kOffset = 2166136261U;
constexpr std::uint32_t kPrime = 16777619U;
constexpr std::size_t kVariantsMost = 1000;
constexpr double kSharesWithin = 1e-3;

std::uint32_t mix(std::uint32_t hash, std::uint32_t unit) noexcept { return (hash ^ unit) * kPrime; }

std::uint32_t mix_bytes(std::uint32_t hash, std::string_view text) noexcept {
  for (const char c : text) hash = mix(hash, static_cast<unsigned char>(c));
  return hash;
}

// The code point at the front and how many bytes it takes; the byte itself where the text is no UTF-8.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

CodePoint front(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  const std::size_t bytes = first >= 0xF0 && first < 0xF5   ? 4
                            : first >= 0xE0 && first < 0xF0 ? 3
                            : first >= 0xC2 && first < 0xE0 ? 2
                                                            : 1;
  if (bytes == 1 || text.size() < bytes) return {first, 1};
  std::uint32_t value = first & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {first, 1};
    value = value << 6 | (byte(i) & 0x3F);
  }
  return value > 0x10FFFF ? CodePoint{first, 1} : CodePoint{value, bytes};
}

std::uint32_t mix_text(std::uint32_t hash, std::string_view text, TextUnits units) noexcept {
  if (units == TextUnits::utf8) return mix_bytes(hash, text);
  while (!text.empty()) {
    const CodePoint point = front(text);
    text.remove_prefix(point.bytes);
    if (point.value < 0x10000) {
      hash = mix(hash, point.value);
    } else {
      hash = mix(hash, 0xD800 + ((point.value - 0x10000) >> 10));
      hash = mix(hash, 0xDC00 + ((point.value - 0x10000) & 0x3FF));
    }
  }
  return hash;
}

}  // namespace

std::uint32_t fnv1a_32(std::string_view text, TextUnits units) noexcept {
  return mix_text(kOffset, text, units);
}

std::uint32_t murmur3_32(std::string_view bytes, std::uint32_t seed) noexcept {
  constexpr std::uint32_t c1 = 0xcc9e2d51U, c2 = 0x1b873593U;
  std::uint32_t hash = seed;
  const std::size_t blocks = bytes.size() / 4;
  for (std::size_t i = 0; i < blocks; ++i) {
    std::uint32_t k = 0;
    std::memcpy(&k, bytes.data() + 4 * i, 4);  // little-endian, as every machine this is built for
    hash ^= std::rotl(k * c1, 15) * c2;
    hash = std::rotl(hash, 13) * 5 + 0xe6546b64U;
  }
  std::uint32_t rest = 0;
  for (std::size_t i = bytes.size(); i > 4 * blocks; --i)
    rest = rest << 8 | static_cast<unsigned char>(bytes[i - 1]);
  if (bytes.size() % 4 != 0) hash ^= std::rotl(rest * c1, 15) * c2;
  hash ^= static_cast<std::uint32_t>(bytes.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6bU;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
  return hash ^ hash >> 16;
}

double bucket(BucketHash hash, std::string_view seed, std::string_view id, TextUnits units) noexcept {
  switch (hash) {
    case BucketHash::v1:
      return mix_text(mix_text(kOffset, id, units), seed, units) % 1000 / 1000.0;
    case BucketHash::v2: {
      char digits[10];
      const std::uint32_t first = mix_text(mix_text(kOffset, seed, units), id, units);
      const auto end = std::to_chars(digits, digits + sizeof digits, first).ptr;
      return mix_bytes(kOffset, {digits, static_cast<std::size_t>(end - digits)}) % 10000 / 10000.0;
    }
    case BucketHash::murmur:
      break;
  }
  return murmur3_32(id, fnv1a_32(seed)) / 4294967296.0;
}

Result<std::vector<Range>> bucket_ranges(std::span<const double> shares, double coverage) {
  if (shares.empty() || shares.size() > kVariantsMost)
    return fail_field("shares",
                      fmt::format("there are {} shares; allowed are 1 to {}", shares.size(), kVariantsMost));
  if (!(coverage >= 0 && coverage <= 1))
    return fail_field("coverage", fmt::format("coverage is {}; allowed are 0 to 1", coverage));
  double whole = 0;
  for (const double share : shares) {
    if (!(share >= 0))
      return fail_field("shares", fmt::format("shares hold {}; allowed are numbers from 0", share));
    whole += share;
  }
  if (!(std::abs(whole - 1) <= kSharesWithin))
    return fail_field("shares", fmt::format("shares sum to {}; they must sum to 1", whole));
  std::vector<Range> ranges;
  double start = 0;
  for (const double share : shares) {
    ranges.push_back({start, start + coverage * share / whole});
    start += share / whole;
  }
  // The last unit of the last variant must not fall out by rounding.
  if (coverage == 1) {
    auto last = std::find_if(shares.rbegin(), shares.rend(), [](double share) { return share > 0; });
    ranges[static_cast<std::size_t>(shares.rend() - last - 1)].high = 1;
  }
  return ranges;
}

int choose(double bucket, std::span<const Range> ranges) noexcept {
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (bucket >= ranges[i].low && bucket < ranges[i].high) return static_cast<int>(i);
  return -1;
}

bool in_namespace(std::string_view name, std::string_view id, Range part, TextUnits units) noexcept {
  const std::uint32_t hash = mix_text(mix_bytes(mix_text(kOffset, id, units), "__"), name, units);
  const double place = hash % 1000 / 1000.0;
  return place >= part.low && place < part.high;
}

}  // namespace tracseq::stats
