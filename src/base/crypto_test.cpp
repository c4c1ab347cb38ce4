// SPDX-License-Identifier: MIT
#include "base/crypto.h"

#include <gtest/gtest.h>

namespace tracseq {
namespace {

TEST(Crypto, Sha256AgreesWithThePublishedVectors) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 parts;
  for (int i = 0; i < 1'000'000; i += 1'000) parts.update(bytes_of(std::string(1'000, 'a')));
  EXPECT_EQ(hex(parts.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Crypto, Base64AndHexComeBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(unbase64(base64(bytes_of(bytes))).value(), bytes);
    EXPECT_EQ(unhex(hex(bytes_of(bytes))).value(), bytes);
    bytes += static_cast<char>(i);
  }
  for (const char* text : {"q82\xb5", "a", "ab", "abc", "a===", "ab=c", "====", "ab==cd==", "a b=", "-_=="})
    EXPECT_FALSE(unbase64(text)) << text;
  for (const char* text : {"a", "0g", "zz", "0x"}) EXPECT_FALSE(unhex(text)) << text;
}

TEST(Crypto, ComparesWhole) {
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time("secret", "secret1"));
  EXPECT_TRUE(equal_constant_time("", ""));
}

}  // namespace
}  // namespace tracseq
