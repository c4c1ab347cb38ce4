// SPDX-License-Identifier: MIT
#include "domain/features/tokens.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/json.h"

namespace tracseq::features {
namespace {

std::string lowered(std::string_view text) {
  std::string out;
  lower_text(text, out);
  return out;
}

TEST(Tokens, LowersAsPythonDoes) {
  EXPECT_EQ(lowered("Tumour CELL 7"), "tumour cell 7");
  EXPECT_EQ(lowered("ΟΔΟΣ ΣΑΣ"), "οδος σας");  // the sigma that ends a word
  EXPECT_EQ(lowered("\u0130"), "i\u0307");     // the one letter that becomes two
}

TEST(Tokens, BytesThatAreNoUtf8BecomeReplacements) {
  const std::vector<std::string> broken = {
      "\xED\xBA\xBA",      // half of a surrogate pair
      "\xE0\x80\x80",      // longer than needed
      "\xF0\x80\x80\x80",  // longer than needed
      "\xF4\x90\x80\x80",  // beyond U+10FFFF
      "\xC0\x80",          // never a first byte
      "\xE2\x82",          // cut off
  };
  for (const std::string& bytes : broken) {
    const std::string text = lowered("a" + bytes + "b");
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_TRUE(text.starts_with("a\uFFFD") && text.ends_with("\uFFFDb")) << text;
  }
}

TEST(Tokens, WordsHaveTwoCharactersOrMore) {
  std::vector<std::string> words;
  each_token("a bc, d_e é éé 7 77", [&](std::string_view token) { words.emplace_back(token); });
  EXPECT_EQ(words, (std::vector<std::string>{"bc", "d_e", "éé", "77"}));
}

}  // namespace
}  // namespace tracseq::features
