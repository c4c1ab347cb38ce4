// SPDX-License-Identifier: MIT
#include "api/write_probe.h"

#include <gtest/gtest.h>

#include "storage/sql/testing.h"

namespace tracseq::api {
namespace {

class WriteProbeTest : public sql::testing::DatabaseTest {
 protected:
  std::int64_t written() {
    const auto value = database().read([](sql::Session& session) {
      return session.query_one(
          {"test.probe", "SELECT coalesce(max(value), 0) FROM counters WHERE name = 'write_probe'"}, {},
          [](const sql::Row& row) { return row.integer(0); });
    });
    return value && *value ? **value : -1;
  }
};

TRACSEQ_ON_BOTH_DATABASES(WriteProbeTest);

TEST_P(WriteProbeTest, WritesOnceHoweverOftenItIsAsked) {
  WriteProbe probe(database(), {{"the lab", (folder() / "to" / "be" / "made").string()}});
  EXPECT_EQ(written(), 0);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(probe.ask());
  EXPECT_GE(written(), 1);
  EXPECT_LE(written(), 5) << "one write a second";
}

TEST_P(WriteProbeTest, SaysWhatTheWriteSaid) {
  const auto spoilt = database().write([](sql::Transaction& tx) {
    return tx.execute({"test.spoil", "ALTER TABLE counters RENAME TO taken_away"}, {});
  });
  ASSERT_TRUE(spoilt) << spoilt.error().message;
  EXPECT_FALSE(WriteProbe(database(), {}).ask());
}

}  // namespace
}  // namespace tracseq::api
