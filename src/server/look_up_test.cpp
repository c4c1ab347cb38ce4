// SPDX-License-Identifier: MIT
#include "server/look_up.h"

#include <gtest/gtest.h>

#include <thread>

namespace tracseq::server {
namespace {

using std::chrono::milliseconds;
using ErrorCode = boost::system::error_code;

ErrorCode slow(const std::string&, const std::string&, Endpoints&) {
  std::this_thread::sleep_for(milliseconds(1'500));
  return {};
}

TEST(LookUp, ANameServerThatDoesNotAnswerHoldsNobodyUp) {
  Endpoints found;
  const auto start = Steady::now();
  EXPECT_EQ(look_up("lab.example", "80", start + milliseconds(100), found, slow),
            boost::asio::error::timed_out);
  EXPECT_LT(Steady::now() - start, milliseconds(1'000));
  EXPECT_TRUE(found.empty());
}

TEST(LookUp, AddressesAskNobody) {
  Endpoints found;
  EXPECT_FALSE(look_up("::1", "8080", Steady::now(), found, slow));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].port(), 8080);
  EXPECT_TRUE(found[0].address().is_v6());
  for (const char* port : {"65536", "99999999999999999999999", "x", ""})
    EXPECT_TRUE(look_up("127.0.0.1", port, Steady::now(), found, slow)) << port;
}

TEST(LookUp, NamesOfThisMachineAreFound) {
  Endpoints found;
  EXPECT_FALSE(look_up("localhost", "80", Steady::now() + std::chrono::seconds(5), found));
  EXPECT_FALSE(found.empty());
}

TEST(LookUp, TooManyLeftBehindAreRefused) {
  Endpoints found;
  std::this_thread::sleep_for(milliseconds(1'800));  // those of the tests before have ended
  for (int i = 0; i < kLookUpsMax; ++i)
    EXPECT_EQ(look_up("lab.example", "80", Steady::now(), found, slow), boost::asio::error::timed_out);
  EXPECT_EQ(look_up("lab.example", "80", Steady::now(), found, slow), boost::asio::error::no_buffer_space);
  std::this_thread::sleep_for(milliseconds(1'800));  // the last threads end within this test
  EXPECT_FALSE(look_up("localhost", "80", Steady::now() + std::chrono::seconds(5), found));
}

}  // namespace
}  // namespace tracseq::server
