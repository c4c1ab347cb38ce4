// SPDX-License-Identifier: MIT
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace tracseq {
namespace {

TEST(Utf8, TheFirstCharacterAndItsLength) {
  const auto first = [](std::string_view text) { return first_utf8_character(text); };
  EXPECT_EQ(first("a\xff").code, U'a');
  EXPECT_EQ(first("\u00e4x").code, 0xE4U);
  EXPECT_EQ(first("\u00e4x").bytes, 2U);
  EXPECT_EQ(first("\u20ac").code, 0x20ACU);
  EXPECT_EQ(first("\U0001F9EC").code, 0x1F9ECU);
  EXPECT_EQ(first("\U0001F9EC").bytes, 4U);
  EXPECT_EQ(first("\U0010FFFF").code, 0x10FFFFU);
  for (const std::string_view none : {"", "\x80", "\xc3", "\xc1\x81", "\xe0\x80\x80", "\xed\xa0\x80",
                                      "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
    EXPECT_EQ(first(none).bytes, 0U);
}

// simdjson's validator is the reference: every sequence of two and three bytes, and four where the fourth is
// one of the limits.
TEST(Utf8, AgreesWithTheValidatorOnEverySequence) {
  const auto same = [](std::string_view text) {
    const auto character = first_utf8_character(text);
    return is_utf8(text) ==
           (character.bytes == text.size() || (character.bytes > 0 && is_utf8(text.substr(character.bytes))));
  };
  std::string text(2, '\0');
  for (int a = 0x80; a < 0x100; ++a) {
    for (int b = 0; b < 0x100; ++b) {
      text.assign({static_cast<char>(a), static_cast<char>(b)});
      ASSERT_TRUE(same(text)) << a << ' ' << b;
      for (const int c : {0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xff}) {
        text.assign({static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)});
        ASSERT_TRUE(same(text)) << a << ' ' << b << ' ' << c;
        for (const int d : {0x7f, 0x80, 0xbf, 0xc0}) {
          text.assign(
              {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)});
          ASSERT_TRUE(same(text)) << a << ' ' << b << ' ' << c << ' ' << d;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tracseq
