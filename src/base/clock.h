// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq {

// A point in time: microseconds since 1970-01-01 UTC. On the wire RFC 3339 with microseconds and "Z".
// Range: years 0001 to 9999.
struct Timestamp {
  std::int64_t us = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

inline Timestamp operator+(Timestamp t, std::chrono::microseconds d) { return {t.us + d.count()}; }
inline Timestamp operator-(Timestamp t, std::chrono::microseconds d) { return {t.us - d.count()}; }
inline std::chrono::microseconds operator-(Timestamp a, Timestamp b) {
  return std::chrono::microseconds{a.us - b.us};
}

// Wall-clock time now. Thread-safe.
Timestamp now() noexcept;

// "2026-11-23T12:54:41.123456Z". Years outside 0001…9999 are clamped to that range.
std::string format_rfc3339(Timestamp time);

// Reads RFC 3339 (also with a space for the "T", without a zone, which means UTC, and with 0 to 9 fractional
// digits, of which six are kept). `invalid` names the text.
Result<Timestamp> parse_rfc3339(std::string_view text);

// Monotonic time for deadlines and durations.
using Steady = std::chrono::steady_clock;

}  // namespace tracseq
