// SPDX-License-Identifier: MIT
#include "storage/sql/lease.h"

#include <gtest/gtest.h>

#include <thread>

#include "storage/sql/testing.h"

namespace tracseq::sql {
namespace {

using namespace std::chrono_literals;

class LeaseTest : public testing::DatabaseTest {};
TRACSEQ_ON_BOTH_DATABASES(LeaseTest);

TEST_P(LeaseTest, OneHolderAtATime) {
  Leases leases(database());
  const auto first = leases.acquire("driver", "a", 1min, R"({"port":8080})");
  ASSERT_TRUE(first && *first) << first.error().message;
  const auto second = leases.acquire("driver", "b", 1min);
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  const auto current = leases.current("driver");
  ASSERT_TRUE(current && *current);
  EXPECT_EQ((*current)->holder, "a");
  EXPECT_EQ((*current)->data, R"({"port":8080})");
  EXPECT_TRUE(*leases.acquire("other", "b", 1min));
}

TEST_P(LeaseTest, TheTokenGrowsWithEveryNewHolderOnly) {
  Leases leases(database());
  const auto first = leases.acquire("driver", "a", 1min);
  ASSERT_TRUE(first && *first);
  const auto again = leases.acquire("driver", "a", 1min);
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->token, (*first)->token);
  ASSERT_TRUE(leases.release(**again));
  EXPECT_FALSE(*leases.current("driver"));
  const auto next = leases.acquire("driver", "b", 1min);
  ASSERT_TRUE(next && *next);
  EXPECT_GT((*next)->token, (*first)->token);
}

TEST_P(LeaseTest, AnExpiredLeaseIsTakenOverAndItsHolderNotices) {
  Leases leases(database());
  const auto old = leases.acquire("driver", "a", 20ms);
  ASSERT_TRUE(old && *old);
  std::this_thread::sleep_for(40ms);
  const auto fresh = leases.acquire("driver", "b", 1min);
  ASSERT_TRUE(fresh && *fresh);
  const auto renewed = leases.renew(**old, 1min);
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Code::conflict);
  const auto stale = database().write([&](Transaction& tx) { return Leases::check(tx, **old); });
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Code::conflict);
  EXPECT_TRUE(database().write([&](Transaction& tx) { return Leases::check(tx, **fresh); }));
  EXPECT_TRUE(leases.release(**old));  // does nothing
  EXPECT_TRUE(*leases.current("driver"));
}

TEST_P(LeaseTest, RenewalLastsLonger) {
  Leases leases(database());
  const auto lease = leases.acquire("driver", "a", 10s);
  ASSERT_TRUE(lease && *lease);
  const auto renewed = leases.renew(**lease, 1min);
  ASSERT_TRUE(renewed);
  EXPECT_GT(renewed->until, (*lease)->until);
  EXPECT_EQ(renewed->token, (*lease)->token);
}

}  // namespace
}  // namespace tracseq::sql
