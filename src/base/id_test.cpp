// SPDX-License-Identifier: MIT
#include "base/id.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace tracseq {
namespace {

TEST(Id, IsAUuidOfVersionSeven) {
  const std::string id = new_id();
  ASSERT_EQ(id.size(), 32U);
  EXPECT_TRUE(is_id(id));
  EXPECT_EQ(id[12], '7');
  EXPECT_NE(std::string("89ab").find(id[16]), std::string::npos);
}

TEST(Id, SortsInTheOrderOfMaking) {
  std::string last = new_id();
  for (int i = 0; i < 50'000; ++i) {
    std::string next = new_id();
    ASSERT_LT(last, next);
    last = std::move(next);
  }
}

TEST(Id, IsMadeOnlyOnce) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made)
    threads.emplace_back([&ids] {
      for (int i = 0; i < 10'000; ++i) ids.push_back(new_id());
    });
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 40'000U);
}

TEST(Id, KnowsItsForm) {
  const std::string id = new_id();
  EXPECT_FALSE(is_id(""));
  EXPECT_FALSE(is_id(id.substr(1)));
  EXPECT_FALSE(is_id(id + "0"));
  EXPECT_FALSE(is_id("A" + id.substr(1)));
  EXPECT_FALSE(is_id("../" + id.substr(3)));
}

}  // namespace
}  // namespace tracseq
