// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace tracseq {
namespace {

Json parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text << ": " << value.error().message;
  return value.value_or(Json());
}

std::string refused(std::string_view text) {
  const auto value = parse_json(text);
  EXPECT_FALSE(value) << text.substr(0, 100);
  return value ? "" : value.error().message;
}

// Random bit patterns: every exponent, subnormals, both signs of zero.
TEST(Json, DoublesComeBackBitForBit) {
  std::mt19937_64 random(20261123);
  for (int i = 0; i < 200'000; ++i) {
    std::uint64_t bits = random();
    if (i % 4 == 0) bits &= 0x800FFFFFFFFFFFFFULL;  // subnormal
    const auto number = std::bit_cast<double>(bits);
    if (!std::isfinite(number)) continue;
    const Json back = parsed(dump_json(Json(number)));
    const auto* value = std::get_if<double>(&back.value());
    ASSERT_NE(value, nullptr) << dump_json(Json(number));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*value), bits) << dump_json(Json(number));
  }
  for (const double number :
       {0.0, -0.0, 1e21, 1e300, 3256937983961036488704.0, 0.1, std::numeric_limits<double>::min(),
        std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(), 9007199254740993.0}) {
    const Json back = parsed(dump_json(Json(number)));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(std::get<double>(back.value())),
              std::bit_cast<std::uint64_t>(number))
        << number;
  }
}

TEST(Json, IntegersStayIntegers) {
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min(), std::int64_t{9007199254740993}}) {
    const Json back = parsed(dump_json(Json(number)));
    ASSERT_TRUE(back.is_integer());
    EXPECT_EQ(back.integer_or(7), number);
  }
  EXPECT_FALSE(parsed("1.0").is_integer());
  EXPECT_FALSE(parsed("1e2").is_integer());
}

TEST(Json, IntegersBeyond64BitsAreRefusedAndNotRounded) {
  for (const char* text : {"9223372036854775808", "18446744073709551615", "18446744073709551616",
                           "-9223372036854775809", "[1, 9223372036854775808]"})
    EXPECT_NE(refused(text).find("too large for an integer"), std::string::npos) << text;
  EXPECT_EQ(parsed("9223372036854775808.0").number_or(0), 9223372036854775808.0);
}

TEST(Json, NonFiniteNumbersHaveAForm) {
  for (const double number : {HUGE_VAL, -HUGE_VAL})
    EXPECT_EQ(parsed(dump_json(Json(number))).number_or(0), number);
  EXPECT_TRUE(std::isnan(parsed(dump_json(Json(std::nan("")))).number_or(0)));
  EXPECT_EQ(dump_json(Json(HUGE_VAL)), R"({"$number":"Infinity"})");
  EXPECT_TRUE(parsed(R"({"$number":"seven"})").is_object());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"",           " ",         "{",           "[1,]",
                           "{\"a\":1,}", "{'a':1}",   "nul",         "+1",
                           "01",         "1.",        ".5",          "1e",
                           "0x10",       "NaN",       "Infinity",    "[1] 2",
                           "\"\t\"",     "\"\\x\"",   "\"\\ud800\"", "\"unclosed",
                           "[1 2]",      "{\"a\" 1}", "// c\n1",     "\xEF\xBB\xBF{}"})
    refused(text);
}

TEST(Json, RefusesHostileShapes) {
  refused(std::string(100'000, '['));
  for (const std::size_t depth : {kJsonDepthMax + 1, std::size_t{100'000}})
    EXPECT_NE(refused(std::string(depth, '[') + std::string(depth, ']')).find("nested deeper than"),
              std::string::npos)
        << depth;
  parsed(std::string(kJsonDepthMax - 1, '[') + std::string(kJsonDepthMax - 1, ']'));
  EXPECT_NE(refused(R"({"a":1,"b":2,"a":3})").find("same key twice: 'a'"), std::string::npos);
  // A long key is cut, but never within a character.
  std::string keys = "{";
  for (int i = 0; i < 2; ++i) keys += (i == 0 ? "\"" : ",\"") + std::string(119, 'k') + "\u00e4\u00e4\":1";
  EXPECT_TRUE(is_utf8(refused(keys + "}"))) << refused(keys + "}");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  refused(many + "\"k7\":1}");
  parsed(many + "\"other\":1}");
  EXPECT_NE(refused("\"\xff\"").find("UTF-8"), std::string::npos);
  EXPECT_NE(refused("\"\xc0\xaf\"").find("UTF-8"), std::string::npos);      // overlong slash
  EXPECT_NE(refused("\"\xed\xa0\x80\"").find("UTF-8"), std::string::npos);  // surrogate
  EXPECT_NE(refused(std::string(400, '9')).find("too large"), std::string::npos);
  refused("1e999999");
  const auto large = parse_json(std::string(kJsonBytesMax + 1, ' '));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::too_large);
}

TEST(Json, TextComesBackWhateverItHolds) {
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  all += "é中🧬\xEF\xBF\xBF";
  EXPECT_EQ(parsed(dump_json(Json(all))).string_or(""), all);
  EXPECT_EQ(parsed(R"("\u0000\ud83e\uddec")").string_or(""), std::string("\0", 1) + "🧬");
}

TEST(Json, CanonicalTextSortsKeysAtEveryLevel) {
  EXPECT_EQ(canonical_json(parsed(R"({"b":{"d":1,"c":[{"z":1,"y":2}]},"a":null,"B":true})")),
            R"({"B":true,"a":null,"b":{"c":[{"y":2,"z":1}],"d":1}})");
}

// Beyond the BMP the order of UTF-16 is not that of UTF-8: surrogates come before U+E000. The example is
// RFC 8785's own (section 3.2.3), with its control character escaped.
TEST(Json, CanonicalTextSortsKeysAsUtf16Does) {
  EXPECT_EQ(canonical_json(
                parsed(R"({"€":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"ö":7,"":8,"11":9})")),
            "{\"\":8,\"\\r\":2,\"1\":4,\"11\":9,\"\xC2\x80\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\xEF\xAC\xB3\":3}");
  EXPECT_EQ(canonical_json(parsed(R"({"\uffff":1,"\ue000":2,"𝄞b":3,"𝄞a":4,"퟿":5})")),
            "{\"\xED\x9F\xBF\":5,\"𝄞a\":4,\"𝄞b\":3,\"\xEE\x80\x80\":2,\"\xEF\xBF\xBF\":1}");
}

TEST(Json, MembersAreFoundSetAndKeptInOrder) {
  Json object = Json::object();
  object.set("x", 1).set("y", "two").set("x", 3);
  EXPECT_EQ(dump_json(object), R"({"x":3,"y":"two"})");
  EXPECT_EQ(object.find("y")->string_or(""), "two");
  EXPECT_EQ(object.find("z"), nullptr);
}

TEST(Json, KnowsUtf8) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("é中🧬"));
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
}

}  // namespace
}  // namespace tracseq
