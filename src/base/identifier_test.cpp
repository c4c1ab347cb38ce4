// SPDX-License-Identifier: MIT
#include "base/identifier.h"

#include <gtest/gtest.h>

namespace tracseq {
namespace {

TEST(Identifier, WhatAPathCanHoldIsAnIdentifier) {
  for (const char* text : {"a", "cancer-risk_v1.2", "Modell \u00e4", "a..b", "1:2", "100%", "\U0001F9EC"})
    EXPECT_TRUE(check_identifier("model_id", text)) << text;
  EXPECT_TRUE(check_identifier("model_id", std::string(kIdentifierBytesMax, 'x')));
}

TEST(Identifier, WhatNoPathReachesIsRefusedWithFieldTextAndReason) {
  for (const std::string_view text : {"a/b", "/", ".", "..", "..a", "a\nb", "a\tb", "a\\b", "a%2Fb", "\x7f",
                                      "\xff", "\xc2\x85", "\xed\xa0\x80"}) {
    const auto checked = check_identifier("schema_id", text);
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().code, Code::invalid);
    EXPECT_EQ(checked.error().field, "schema_id");
    EXPECT_NE(checked.error().message.find(shown_name(text)), std::string::npos) << checked.error().message;
  }
  EXPECT_EQ(check_identifier("x", "").error().message, "x is empty; it must be a name");
  EXPECT_EQ(check_identifier("x", "a/b").error().message, "x 'a/b' holds a '/'");
  EXPECT_EQ(check_identifier("x", "a\nb").error().message, "x 'a\\x0ab' holds a control character");
  EXPECT_FALSE(check_identifier("x", std::string(kIdentifierBytesMax + 1, 'x')));
  EXPECT_FALSE(check_identifier("x", "abcd", 3));
}

}  // namespace
}  // namespace tracseq
