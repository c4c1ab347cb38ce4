// SPDX-License-Identifier: MIT
#include "api/driver.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "api/core.h"
#include "storage/sql/testing.h"

namespace tracseq::api {
namespace {

using namespace std::chrono_literals;

constexpr DriverTimes kQuick{.lease = 800ms, .renew = 150ms, .ask = 50ms, .idle_end = 400ms};

// Whether it becomes true in good time.
template <class F>
bool soon(F condition, std::chrono::milliseconds time = 10s) {
  const auto end = Steady::now() + time;
  while (!condition()) {
    if (Steady::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

class DriverTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    auto opened = sql::open_database(url());  // as another process has it
    ASSERT_TRUE(opened) << opened.error().message;
    other_ = std::move(*opened);
  }
  [[nodiscard]] sql::Database& other() { return *other_; }

  // A step that takes `time` and sees to it that nobody else runs it meanwhile.
  DriverStep exclusive(std::chrono::milliseconds time, std::chrono::milliseconds interval = 10ms) {
    return {"test.exclusive", interval,
            [this, time](const CallContext& ctx, const sql::Lease&) -> Result<std::int64_t> {
              if (running_.fetch_add(1) > 0) ++overlaps_;
              const auto end = Steady::now() + time;
              while (Steady::now() < end && ctx.check()) std::this_thread::sleep_for(2ms);
              --running_;
              ++runs_;
              return 1;
            }};
  }

  std::atomic<int> running_{0};
  std::atomic<int> overlaps_{0};
  std::atomic<int> runs_{0};

 private:
  std::unique_ptr<sql::Database> other_;
};
TRACSEQ_ON_BOTH_DATABASES(DriverTest);

TEST_P(DriverTest, OneOfTwoServersDrivesAndTheOtherTakesOver) {
  Driver first(database(), {exclusive(20ms)}, Driver::Rank::server, kQuick);
  Driver second(other(), {exclusive(20ms)}, Driver::Rank::server, kQuick);
  first.start();
  ASSERT_TRUE(soon([&] { return first.driving(); }));
  second.start();
  ASSERT_TRUE(soon([&] { return runs_ > 20; }));
  EXPECT_TRUE(first.driving());
  EXPECT_FALSE(second.driving());
  first.stop();
  EXPECT_FALSE(first.driving());
  ASSERT_TRUE(soon([&] { return second.driving(); }));
  const int before = runs_;
  EXPECT_TRUE(soon([&] { return runs_ > before + 3; }));
  EXPECT_EQ(overlaps_, 0);
}

TEST_P(DriverTest, ADriverThatDiedIsFollowedOnceItsLeaseIsOver) {
  sql::Leases leases(database());
  ASSERT_TRUE(*leases.acquire("driver", "dead", 700ms));
  const auto start = Steady::now();
  Driver driver(database(), {exclusive(1ms)}, Driver::Rank::detached, kQuick);
  driver.start();
  ASSERT_TRUE(soon([&] { return runs_ > 0; }));
  EXPECT_GE(Steady::now() - start, 500ms);
}

TEST_P(DriverTest, AServerTakesOverFromADetachedDriver) {
  Driver detached(database(), {exclusive(300ms)}, Driver::Rank::detached, kQuick);
  detached.start();
  ASSERT_TRUE(soon([&] { return running_ > 0; }));
  {
    Driver server(other(), {exclusive(30ms)}, Driver::Rank::server, kQuick);
    server.start();
    ASSERT_TRUE(soon([&] { return server.driving(); }));
    EXPECT_FALSE(detached.driving());
    const int before = runs_;
    EXPECT_TRUE(soon([&] { return runs_ > before + 10; }));
    EXPECT_FALSE(detached.driving()) << "it stays back while the server is there";
  }
  EXPECT_TRUE(soon([&] { return detached.driving(); })) << "the server is gone";
  EXPECT_EQ(overlaps_, 0);
}

TEST_P(DriverTest, AStepLongerThanTheLeaseIsNotRunByTwo) {
  Driver first(database(), {exclusive(2'500ms)}, Driver::Rank::server, kQuick);
  Driver second(other(), {exclusive(2'500ms)}, Driver::Rank::server, kQuick);
  first.start();
  second.start();
  ASSERT_TRUE(soon([&] { return runs_ >= 2; }));
  EXPECT_EQ(overlaps_, 0);
}

TEST_P(DriverTest, WhoLosesTheLeaseIsToldAndCannotWrite) {
  std::atomic<bool> cancelled{false};
  std::atomic<bool> refused{false};
  std::atomic<bool> runs{false};
  const DriverStep fenced{
      "test.fenced", 10ms, [&](const CallContext& ctx, const sql::Lease& lease) -> Result<std::int64_t> {
        runs = true;
        while (ctx.check()) std::this_thread::sleep_for(2ms);
        const auto written =
            database().write([&](sql::Transaction& tx) { return sql::Leases::check(tx, lease); });
        refused = !written && written.error().code == Code::conflict;
        cancelled = true;
        return written ? Result<std::int64_t>(1) : fail(Code::conflict, "lost");
      }};
  Driver driver(database(), {fenced}, Driver::Rank::server, kQuick);
  driver.start();
  ASSERT_TRUE(soon([&] { return runs.load(); }));
  ASSERT_TRUE(other().write([](sql::Transaction& tx) {
    return tx.execute(
        {"test.steal",
         "UPDATE leases SET holder = 'thief', token = token + 1, until_us = until_us + 60000000 "
         "WHERE name = 'driver'"},
        {});
  }));
  ASSERT_TRUE(soon([&] { return cancelled.load(); }));
  EXPECT_TRUE(refused);
  EXPECT_TRUE(soon([&] { return !driver.driving(); }));
}

TEST_P(DriverTest, ALongStepDoesNotDelayAPromptOne) {
  std::atomic<int> prompt_runs{0};
  DriverStep prompt{"test.prompt", 20ms, [&](const CallContext&, const sql::Lease&) -> Result<std::int64_t> {
                      ++prompt_runs;
                      return 0;
                    }};
  prompt.lane = Lane::prompt;
  Driver driver(database(), {exclusive(30s), prompt}, Driver::Rank::server, kQuick);
  driver.start();
  EXPECT_TRUE(soon([&] { return running_ == 1 && prompt_runs > 50; }));
  const auto asked = Steady::now();
  driver.stop();
  EXPECT_LT(Steady::now() - asked, 5s) << "stopping cancels the long one";
}

TEST_P(DriverTest, AFullBatchIsFollowedAtOnce) {
  std::atomic<int> left{57};
  std::atomic<int> calls{0};
  const DriverStep batches{"test.batches", 1h,
                           [&](const CallContext&, const sql::Lease&) -> Result<std::int64_t> {
                             ++calls;
                             const int done = std::min(left.load(), 10);
                             left -= done;
                             return done;
                           },
                           10};
  Driver driver(database(), {batches, exclusive(1ms)}, Driver::Rank::server, kQuick);
  driver.start();
  EXPECT_TRUE(soon([&] { return left == 0 && runs_ > 10; }));
  EXPECT_EQ(calls, 6) << "after a short batch not before its interval is over";
}

TEST_P(DriverTest, ADetachedDriverIsIdleOnceNothingIsToBeDone) {
  std::atomic<int> left{40};
  const DriverStep some{
      "test.some", 20ms,
      [&](const CallContext&, const sql::Lease&) -> Result<std::int64_t> { return left > 0 ? left-- : 0; }};
  Driver driver(database(), {some}, Driver::Rank::detached, kQuick);
  driver.start();
  const auto start = Steady::now();
  ASSERT_TRUE(soon([&] { return driver.idle(); }));
  EXPECT_EQ(left, 0) << "not idle while there was work";
  EXPECT_GE(Steady::now() - start, 40 * 20ms);
  EXPECT_EQ(DriverTimes{}.idle_end, 60s);
}

// Far more old predictions than one call removes go within seconds, although the step's interval is minutes.
TEST_P(DriverTest, RetentionKeepsUp) {
  CoreOptions options;
  options.database_url = url();
  options.artifact_root = (folder() / "root").string();
  const auto core = Core::open(options);
  ASSERT_TRUE(core) << core.error().message;
  const auto filled = database().write([](sql::Transaction& tx) {
    return tx.execute(
        {"test.fill",
         "INSERT INTO predictions (project_id, model_id, model_version, request_id, time_us, latency_bits, "
         "success, error, user_id, tags, inputs, outputs, bytes) "
         "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
         "SELECT 'default', 'm', '1', '', 1000 + i, 0, 1, '', '', '{}', '{}', '{}', 200 FROM n"},
        {});
  });
  ASSERT_TRUE(filled) << filled.error().message << filled.error().detail;
  const auto left = [&]() -> std::int64_t {
    return database()
        .read([](sql::Session& session) {
          return session.query_one({"test.left", "SELECT count(*) FROM predictions"}, {},
                                   [](const sql::Row& row) { return row.integer(0); });
        })
        .value()
        .value_or(-1);
  };
  ASSERT_EQ(left(), 12'000);
  Driver driver((*core)->database(), (*core)->driver_steps(), Driver::Rank::server, kQuick);
  driver.start();
  EXPECT_TRUE(soon([&] { return left() == 0; }, 30s)) << left();
}

}  // namespace
}  // namespace tracseq::api
