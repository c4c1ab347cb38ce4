// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "stats/comparison.h"

// Who gets which variant: a pure function of the unit's id, so every process gives the same answer. All
// functions are thread-safe; the hashes allocate nothing.
namespace tracseq::stats {

// What a hash sees of an id that is not ASCII: its UTF-8 bytes, or UTF-16 units as GrowthBook's JavaScript
// SDK does (definitions.md D17); for ASCII they are the same. Bytes that are no UTF-8 count as themselves in
// both.
enum class TextUnits { utf8, utf16 };
TRACSEQ_DESCRIBE_ENUM(TextUnits, utf8, utf16)

// FNV-1a, 32 bits (RFC 9923: offset basis 2166136261, prime 16777619).
std::uint32_t fnv1a_32(std::string_view text, TextUnits units = TextUnits::utf8) noexcept;
// MurmurHash3_x86_32 (Appleby, public domain), on bytes.
std::uint32_t murmur3_32(std::string_view bytes, std::uint32_t seed) noexcept;

// GrowthBook's hash versions. v1: fnv1a(id + seed) mod 1000 / 1000, biased for parallel tests with like
// seeds; v2: fnv1a(decimal of fnv1a(seed + id)) mod 10000 / 10000. murmur: murmur3(id, fnv1a(seed)) / 2^32,
// finer than both.
enum class BucketHash { v1, v2, murmur };
TRACSEQ_DESCRIBE_ENUM(BucketHash, v1, v2, murmur)

// A number in [0, 1) for this unit in this test. An empty id is in no test: the caller sorts it out before.
double bucket(BucketHash hash, std::string_view seed, std::string_view id,
              TextUnits units = TextUnits::utf8) noexcept;

// The half-open range [low, high) of each variant: the shares laid end to end, of each only the first
// `coverage` part, so that a ramp-up only ever extends ranges and moves nobody. Shares: 1 … 1000 of them,
// none negative, sum 1 within 1e-3 (they are scaled); coverage in [0, 1].
Result<std::vector<Range>> bucket_ranges(std::span<const double> shares, double coverage);
// Index of the range the bucket lies in; −1 if it lies in none.
int choose(double bucket, std::span<const Range> ranges) noexcept;
// Whether the unit belongs to the part [low, high) of a group of tests that exclude each other (GrowthBook's
// namespace: v1 with the seed "__" + name).
bool in_namespace(std::string_view name, std::string_view id, Range part,
                  TextUnits units = TextUnits::utf8) noexcept;

}  // namespace tracseq::stats
