// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace tracseq {
namespace {

TEST(Clock, WritesAndReadsTheSameMicrosecond) {
  std::mt19937_64 random(7);
  const std::int64_t first = parse_rfc3339("0001-01-01T00:00:00Z").value().us;
  const std::int64_t last = parse_rfc3339("9999-12-31T23:59:59.999999Z").value().us;
  std::uniform_int_distribution<std::int64_t> any(first, last);
  for (int i = 0; i < 20'000; ++i) {
    const Timestamp time{any(random)};
    const std::string text = format_rfc3339(time);
    ASSERT_EQ(text.size(), 27U);
    ASSERT_EQ(parse_rfc3339(text).value().us, time.us) << text;
  }
  EXPECT_EQ(format_rfc3339({0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_rfc3339({-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_rfc3339({std::numeric_limits<std::int64_t>::max()}), format_rfc3339({last}));
  EXPECT_EQ(format_rfc3339({std::numeric_limits<std::int64_t>::min()}), format_rfc3339({first}));
}

TEST(Clock, ReadsTheUsualForms) {
  const std::int64_t noon = parse_rfc3339("2026-11-23T12:00:00Z").value().us;
  for (const char* text : {"2026-11-23 12:00:00", "2026-11-23T12:00:00.0Z", "2026-11-23T14:00:00+02:00",
                           "2026-11-23T06:30:00-05:30", "2026-11-23t12:00:00z",
                           "2026-11-23T12:00:00.000000999Z", "2026-11-23T12:00"})
    EXPECT_EQ(parse_rfc3339(text).value_or(Timestamp{}).us, noon) << text;
  EXPECT_EQ(parse_rfc3339("2026-11-23").value().us, noon - 12LL * 3'600 * 1'000'000);
  EXPECT_TRUE(parse_rfc3339("2024-02-29T00:00:00Z"));
}

TEST(Clock, RefusesWhatIsNoTime) {
  for (const char* text : {"", "now", "2026", "2026-13-01", "2026-02-29", "2026-11-31", "0000-01-01",
                           "2026-11-23T24:00:00Z", "2026-11-23T12:60:00Z", "2026-11-23T12:00:60Z",
                           "2026-11-23T12:00:00.", "2026-11-23T12:00:00.1234567890Z", "2026-11-23T12:00:00+2",
                           "2026-11-23T12:00:00Zx", "2026-11-23T12:00:00 Z", "-026-11-23", "20261-1-23"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, Code::invalid);
  }
}

}  // namespace
}  // namespace tracseq
