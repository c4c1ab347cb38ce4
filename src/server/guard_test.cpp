// SPDX-License-Identifier: MIT
#include "server/guard.h"

#include <gtest/gtest.h>

#include "server/server.h"

namespace tracseq::server {
namespace {

TEST(Guard, WhatALoopbackServerListensOnIsItsOwnName) {
  const Guard other(true, "127.0.0.2", {});
  EXPECT_TRUE(other.host_known("127.0.0.2:8080"));
  EXPECT_TRUE(other.host_known("127.0.0.1"));
  EXPECT_FALSE(other.host_known("127.0.0.3"));
  EXPECT_FALSE(other.host_known("127.0.0.2.evil.test"));
  const Guard six(true, "::1", {});
  EXPECT_TRUE(six.host_known("[::1]:8080"));
  const Guard named(true, "Lab.Example", {});
  EXPECT_TRUE(named.host_known("lab.example:1"));
  EXPECT_FALSE(named.host_known("evil.test"));
}

TEST(Guard, BeyondLoopbackNamesAreCheckedOnlyIfSomeAreListed) {
  EXPECT_TRUE(Guard(false, "0.0.0.0", {}).host_known("anything.test"));
  const Guard listed(false, "0.0.0.0", {"lab.example"});
  EXPECT_TRUE(listed.host_known("lab.example"));
  EXPECT_FALSE(listed.host_known("anything.test"));
}

TEST(Place, IsJudgedByTheAddressNotTheText) {
  for (const std::string host : {"127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"}) {
    const auto place = find_place(host);
    ASSERT_TRUE(place) << host;
    EXPECT_TRUE(place->loopback) << host;
  }
  for (const std::string host : {"0.0.0.0", "::", "192.0.2.7"}) {
    const auto place = find_place(host);
    ASSERT_TRUE(place) << host;
    EXPECT_FALSE(place->loopback) << host;
    EXPECT_EQ(place->address, host);
  }
  // A name that looks like an address of this machine is a name all the same.
  EXPECT_FALSE(find_place("127.attacker.invalid"));
}

}  // namespace
}  // namespace tracseq::server
