// SPDX-License-Identifier: MIT
// What every database promises, on each of them.
#include "storage/sql/database.h"

#include <gtest/gtest.h>

#include "storage/sql/testing.h"

namespace tracseq::sql {
namespace {

constexpr Statement kMake{
    "test.make", "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name TEXT, score DOUBLE PRECISION)"};
constexpr Statement kAdd{"test.add", "INSERT INTO things (id, name, score) VALUES (?, ?, ?)"};
constexpr Statement kNames{"test.names", "SELECT name FROM things ORDER BY id"};

class DatabaseTest : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    testing::DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    const auto made = database().write([](Transaction& tx) { return tx.execute(kMake, {}); });
    ASSERT_TRUE(made) << made.error().message << made.error().detail;
  }
  Result<std::int64_t> add(int id, std::string_view name, double score = 0) {
    return database().write([&](Transaction& tx) { return tx.execute(kAdd, args(id, name, score)); });
  }
  std::vector<std::string> names() {
    auto found = database().read(
        [](Session& s) { return s.query_all(kNames, {}, [](const Row& row) { return row.str(0); }); });
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : std::vector<std::string>{};
  }
};
TRACSEQ_ON_BOTH_DATABASES(DatabaseTest);

TEST_P(DatabaseTest, CommitsWhatItAcknowledges) {
  const auto added = add(1, "one");
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(*added, 1);
  reopen();
  EXPECT_EQ(names(), std::vector<std::string>{"one"});
}

}  // namespace
}  // namespace tracseq::sql
