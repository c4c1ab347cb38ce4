// SPDX-License-Identifier: MIT
// PostgreSQL whose connections go away: what was not acknowledged is not there, and work goes on with new
// connections.
#include <gtest/gtest.h>
#include <sys/types.h>

#include <csignal>
#include <latch>
#include <thread>

#include "storage/sql/testing.h"

namespace tracseq::sql {
namespace {

using namespace std::chrono_literals;

constexpr Statement kAdd{"test.add", "INSERT INTO counters (name, value) VALUES (?, 1)"};
constexpr Statement kEnd{"test.end",
                         "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                         "WHERE application_name = 'tracseq-victim' AND pid <> pg_backend_pid()"};

class PostgresOutage : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_FALSE(testing::postgres_server().empty()) << "TRACSEQ_TEST_POSTGRES_URL is not set";
    victim_ = open("&application_name=tracseq-victim", {.connections = 3});
    control_ = open("", {.connections = 1});
  }
  [[nodiscard]] std::unique_ptr<Database> open(const std::string& extra, const Limits& limits) const {
    auto opened = open_database(fresh_.url() + extra, limits);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  // Ends every connection of the victim, as a server's restart does.
  std::int64_t end_connections() {
    const auto ended = control_->read(
        [](Session& s) { return s.query_one(kEnd, {}, [](const Row& row) { return row.integer(0); }); });
    EXPECT_TRUE(ended) << ended.error().detail;
    return ended ? ended->value_or(0) : 0;
  }
  std::vector<std::string> names() {
    const auto found = control_->read([](Session& s) {
      return s.query_all({"test.names", "SELECT name FROM counters ORDER BY name"}, {},
                         [](const Row& row) { return row.str(0); });
    });
    return found.value_or(std::vector<std::string>{});
  }
  Result<std::int64_t> add(const std::string& name) {
    return victim_->write([&](Transaction& tx) { return tx.execute(kAdd, args(name)); });
  }

  const testing::Fresh fresh_{"postgres"};
  std::unique_ptr<Database> victim_;
  std::unique_ptr<Database> control_;
};

TEST_F(PostgresOutage, ConnectionsThatDiedInThePoolAreReplaced) {
  ASSERT_TRUE(add("a"));
  ASSERT_GE(end_connections(), 1);
  const auto after = add("b");
  EXPECT_TRUE(after) << after.error().message << " " << after.error().detail;
  EXPECT_TRUE(victim_->ping());
  EXPECT_EQ(names(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(PostgresOutage, ALossInsideATransactionIsUnavailableAndLeavesNothing) {
  int runs = 0;
  const auto lost = victim_->write([&](Transaction& tx) -> Result<void> {
    ++runs;
    TRACSEQ_CHECK(tx.execute(kAdd, args("half")));
    end_connections();
    TRACSEQ_CHECK(tx.execute(kAdd, args("other half")));
    return {};
  });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::unavailable) << lost.error().message;
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(add("next"));
}

TEST_F(PostgresOutage, ALossWhileReadingIsUnavailable) {
  const auto lost = victim_->read([&](Session& s) -> Result<void> {
    end_connections();
    return s.query({"test.any", "SELECT 1"}, {}, [](const Row&) -> Result<void> { return {}; });
  });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::unavailable);
  EXPECT_TRUE(victim_->ping());
}

// A process of the server that is stopped: its kernel still acknowledges what is sent, nobody answers. Goes
// on by itself in the end, so that a program that waits for ever fails its test instead of never ending.
class Stopped {
 public:
  explicit Stopped(pid_t pid) : pid_(pid) {
    stopped_ = ::kill(pid_, SIGSTOP) == 0;
    watchdog_ = std::thread([this] {
      if (!ended_.try_wait()) {
        const auto end = Steady::now() + kStoppedMax;
        while (!ended_.try_wait() && Steady::now() < end) std::this_thread::sleep_for(20ms);
      }
      ::kill(pid_, SIGCONT);
    });
  }
  ~Stopped() {
    ended_.count_down();
    watchdog_.join();
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  [[nodiscard]] bool stopped() const { return stopped_; }
  static constexpr auto kStoppedMax = 25s;

 private:
  const pid_t pid_;
  bool stopped_ = false;
  std::latch ended_{1};
  std::thread watchdog_;
};

TEST_F(PostgresOutage, AServerThatNoLongerAnswersIsGivenUp) {
  const auto narrow = open("", {.statement_timeout = 500ms, .connect_timeout = 2s, .connections = 1});
  const auto backend = [&](Session& s) -> pid_t {
    const auto pid = s.query_one({"test.pid", "SELECT pg_backend_pid()"}, {},
                                 [](const Row& row) { return static_cast<pid_t>(row.integer(0)); });
    return pid && *pid ? **pid : 0;
  };
  const auto start = Steady::now();
  {
    std::optional<Stopped> stopped;
    const auto lost = narrow->write([&](Transaction& tx) -> Result<void> {
      TRACSEQ_CHECK(tx.execute(kAdd, args("half")));
      stopped.emplace(backend(tx));
      EXPECT_TRUE(stopped->stopped());
      TRACSEQ_CHECK(tx.execute(kAdd, args("other half")));
      return {};
    });
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Code::unavailable) << lost.error().message;
    EXPECT_LT(Steady::now() - start, 15s) << "statement time-out and slack are 5.5 s";
  }
  // The same for a large parameter, more than the socket takes before somebody reads it.
  {
    std::optional<Stopped> stopped;
    const auto before = Steady::now();
    const auto lost = narrow->write([&](Transaction& tx) -> Result<void> {
      stopped.emplace(backend(tx));
      TRACSEQ_CHECK(tx.execute(kAdd, args(std::string(64U << 20, 'x'))));
      return {};
    });
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Code::unavailable) << lost.error().message;
    EXPECT_LT(Steady::now() - before, 15s);
  }
  // One that stops in the pool is replaced.
  pid_t pooled = 0;
  ASSERT_TRUE(narrow->read([&](Session& s) -> Result<void> {
    pooled = backend(s);
    return {};
  }));
  const Stopped stopped(pooled);
  const auto added = narrow->write([&](Transaction& tx) { return tx.execute(kAdd, args("after")); });
  EXPECT_TRUE(added) << added.error().message << added.error().detail;
  EXPECT_EQ(names(), std::vector<std::string>{"after"});
}

TEST_F(PostgresOutage, APoolInUseMakesOthersWaitAndThenSaysSo) {
  const auto narrow = open("", {.turn_wait = 100ms, .connections = 1});
  const auto nested = narrow->read([&](Session&) -> Result<void> { return narrow->ping(); });
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().code, Code::unavailable);
  EXPECT_TRUE(narrow->ping());
}

// Two transactions that take two rows in opposite order: one of them is run again and both succeed.
TEST_F(PostgresOutage, DeadlocksAreResolvedByRunningAgain) {
  ASSERT_TRUE(add("a"));
  ASSERT_TRUE(add("b"));
  const Statement bump{"test.bump", "UPDATE counters SET value = value + 1 WHERE name = ?"};
  std::latch both(2);
  std::atomic<int> runs = 0;
  const auto in_order = [&](const char* first, const char* second) {
    bool met = false;
    return victim_->write([&](Transaction& tx) -> Result<void> {
      ++runs;
      TRACSEQ_CHECK(tx.execute(bump, args(first)));
      if (!std::exchange(met, true)) both.arrive_and_wait();
      TRACSEQ_CHECK(tx.execute(bump, args(second)));
      return {};
    });
  };
  std::thread other([&] { EXPECT_TRUE(in_order("b", "a")); });
  const auto done = in_order("a", "b");
  other.join();
  EXPECT_TRUE(done) << done.error().detail;
  EXPECT_GT(runs, 2);
  const auto values = control_->read([](Session& s) {
    return s.query_all({"test.values", "SELECT value FROM counters"}, {},
                       [](const Row& row) { return row.integer(0); });
  });
  ASSERT_TRUE(values);
  EXPECT_EQ(*values, (std::vector<std::int64_t>{3, 3}));
}

}  // namespace
}  // namespace tracseq::sql
