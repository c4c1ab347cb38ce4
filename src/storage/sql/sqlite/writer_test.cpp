// SPDX-License-Identifier: MIT
// What is special to SQLite: commits shared by callers, and processes that share a file.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/call_deadline.h"
#include "storage/sql/processes.h"
#include "storage/sql/testing.h"

namespace tracseq::sql {
namespace {

using namespace std::chrono_literals;

constexpr Statement kAdd{"test.add", "INSERT INTO counters (name, value) VALUES (?, ?)"};
constexpr Statement kCount{"test.count", "SELECT count(*) FROM counters"};

class SqliteWriter : public ::testing::Test {
 protected:
  void SetUp() override { database_ = open({}); }
  [[nodiscard]] std::unique_ptr<Database> open(const Limits& limits) const {
    auto opened = open_database(fresh_.url(), limits);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  Result<std::int64_t> add(const std::string& name) {
    return database_->write([&](Transaction& tx) { return tx.execute(kAdd, args(name, 1)); });
  }
  std::int64_t rows() {
    const auto count = database_->read(
        [](Session& s) { return s.query_one(kCount, {}, [](const Row& row) { return row.integer(0); }); });
    return count && *count ? **count : -1;
  }
  // Runs `together` while another transaction holds the writer, so that they queue up and share one commit.
  void in_one_group(std::vector<std::function<void()>> together) {
    std::latch running(1);
    std::latch go(1);
    std::thread leader([&] {
      EXPECT_TRUE(database_->write([&](Transaction& tx) -> Result<void> {
        running.count_down();
        go.wait();
        std::this_thread::sleep_for(kPatience);
        TRACSEQ_CHECK(tx.execute(kAdd, args("leader", 1)));
        return {};
      }));
    });
    running.wait();
    std::vector<std::thread> threads;
    for (auto& function : together) threads.emplace_back(function);
    std::this_thread::sleep_for(kPatience);  // until they wait
    go.count_down();
    leader.join();
    for (std::thread& thread : threads) thread.join();
  }
  static constexpr auto kPatience = 50ms;

  const testing::Fresh fresh_{"sqlite"};
  std::unique_ptr<Database> database_;
};

class Tally final : public CommitHook {
 public:
  explicit Tally(std::atomic<int>& commits) : commits_(commits) {}
  Result<void> before_commit(Transaction&) override {
    ++commits_;
    return {};
  }

 private:
  std::atomic<int>& commits_;
};

TEST_F(SqliteWriter, CallersThatWaitShareOneCommit) {
  static const int kKey = 0;
  constexpr int kCallers = 10;
  std::atomic<int> commits = 0;
  std::atomic<int> succeeded = 0;
  std::vector<std::function<void()>> callers;
  for (int i = 0; i < kCallers; ++i)
    callers.emplace_back([&, i] {
      const auto written = database_->write([&](Transaction& tx) -> Result<void> {
        TRACSEQ_CHECK(tx.execute(kAdd, args("caller-" + std::to_string(i), 1)));
        tx.hook(&kKey, [&] { return std::make_unique<Tally>(commits); });
        return {};
      });
      if (written) ++succeeded;
    });
  in_one_group(callers);
  EXPECT_EQ(succeeded, kCallers);
  EXPECT_EQ(commits, 1);  // all came while the leader was at work
  EXPECT_EQ(rows(), kCallers + 1);
}

TEST_F(SqliteWriter, OneThatFailsTakesNothingAlong) {
  std::atomic<int> conflicts = 0;
  std::atomic<int> succeeded = 0;
  const auto write = [&](const std::string& name, bool fails) {
    const auto written = database_->write([&](Transaction& tx) -> Result<void> {
      TRACSEQ_CHECK(tx.execute(kAdd, args(name, 1)));
      if (fails) TRACSEQ_CHECK(tx.execute(kAdd, args(name, 1)));
      return {};
    });
    if (written) ++succeeded;
    if (!written && written.error().code == Code::conflict) ++conflicts;
  };
  std::vector<std::function<void()>> callers;
  for (int i = 0; i < 9; ++i)
    callers.emplace_back([&, i] { write("caller-" + std::to_string(i), i % 3 == 0); });
  in_one_group(callers);
  EXPECT_EQ(conflicts, 3);
  EXPECT_EQ(succeeded, 6);
  EXPECT_EQ(rows(), 6 + 1);
}

TEST_F(SqliteWriter, AnExceptionReachesItsOwnCallerOnly) {
  std::atomic<int> thrown = 0;
  std::atomic<int> succeeded = 0;
  std::vector<std::function<void()>> callers;
  callers.emplace_back([&] {
    try {
      (void)database_->write([&](Transaction& tx) -> Result<void> {
        TRACSEQ_CHECK(tx.execute(kAdd, args("thrower", 1)));
        throw std::runtime_error("a bug");
      });
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  });
  callers.emplace_back([&] { succeeded += add("honest").has_value() ? 1 : 0; });
  in_one_group(callers);
  EXPECT_EQ(thrown, 1);
  EXPECT_EQ(succeeded, 1);
  EXPECT_EQ(rows(), 1 + 1);
}

TEST_F(SqliteWriter, AWriteInsideAWriteIsRefused) {
  const auto outer = database_->write([&](Transaction&) -> Result<std::int64_t> { return add("inner"); });
  ASSERT_FALSE(outer);
  EXPECT_EQ(outer.error().code, Code::internal);
}

TEST_F(SqliteWriter, WhoWaitsTooLongIsToldSo) {
  const auto impatient = open({.turn_wait = 50ms});
  std::latch running(1);
  std::latch done(1);
  std::thread holder([&] {
    EXPECT_TRUE(impatient->write([&](Transaction&) -> Result<void> {
      running.count_down();
      done.wait();
      return {};
    }));
  });
  running.wait();
  // In the queue of the same process.
  const auto queued = impatient->write([](Transaction& tx) { return tx.execute(kAdd, args("queued", 1)); });
  ASSERT_FALSE(queued);
  EXPECT_EQ(queued.error().code, Code::unavailable);
  // Behind the turn of another opener of the file.
  const auto other = open({.turn_wait = 50ms});
  const auto behind = other->write([](Transaction& tx) { return tx.execute(kAdd, args("behind", 1)); });
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, Code::unavailable);
  done.count_down();
  holder.join();
  EXPECT_TRUE(other->write([](Transaction& tx) { return tx.execute(kAdd, args("later", 1)); }));
  EXPECT_EQ(rows(), 1);
}

// Another program's transaction, which holds the file's lock without having taken a turn.
class ForeignLock {
 public:
  explicit ForeignLock(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~ForeignLock() { sqlite3_close(handle_); }
  ForeignLock(const ForeignLock&) = delete;
  ForeignLock& operator=(const ForeignLock&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

std::string file_of(const Database& database) {
  return database.display_url().substr(std::string_view("sqlite:///").size());
}

TEST_F(SqliteWriter, ACallWaitsNoLongerThanItsDeadline) {
  const ForeignLock lock(file_of(*database_));
  const auto late = [&](const char* name) {
    const CallDeadline deadline(Steady::now() + 200ms);
    const auto begun = Steady::now();
    const auto written = add(name);
    EXPECT_LT(Steady::now() - begun, 3s) << name;
    ASSERT_FALSE(written) << name;
    EXPECT_EQ(written.error().code, Code::deadline) << written.error().message;
  };
  std::thread first([&] { late("leader"); });
  std::thread second([&] { late("in the queue"); });
  first.join();
  second.join();
  EXPECT_EQ(CallDeadline::current(), Steady::time_point::max());
}

TEST_F(SqliteWriter, WhoHasMoreTimeOutlastsALeaderWithLittle) {
  auto lock = std::make_optional<ForeignLock>(file_of(*database_));
  std::thread hasty([&] {
    const CallDeadline deadline(Steady::now() + 200ms);
    EXPECT_FALSE(add("hasty"));
  });
  std::this_thread::sleep_for(kPatience);
  std::thread patient([&] { EXPECT_TRUE(add("patient")); });
  hasty.join();
  lock.reset();
  patient.join();
  EXPECT_EQ(rows(), 1);
}

TEST_F(SqliteWriter, TheWaitForATurnAndForTheLockIsOne) {
  const auto impatient = open({.turn_wait = 1s});
  const ForeignLock lock(file_of(*database_));
  const auto timed = [&](const char* name) {
    const auto begun = Steady::now();
    const auto written = impatient->write([&](Transaction& tx) { return tx.execute(kAdd, args(name, 1)); });
    EXPECT_FALSE(written);
    return Steady::now() - begun;
  };
  std::thread before([&] { timed("before"); });
  std::this_thread::sleep_for(500ms);
  EXPECT_LT(timed("behind"), 1300ms);
  before.join();
}

TEST_F(SqliteWriter, AStatementThatReadsEndsWithItsCall) {
  constexpr Statement kEndless{
      "test.endless", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"};
  const CallDeadline deadline(Steady::now() + 100ms);
  const auto begun = Steady::now();
  const auto read = database_->read(
      [&](Session& s) { return s.query_one(kEndless, {}, [](const Row& row) { return row.integer(0); }); });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::deadline);
  EXPECT_LT(Steady::now() - begun, 3s);
}

TEST_F(SqliteWriter, ReadersAreBoundedAndWait) {
  const auto narrow = open({.turn_wait = 50ms, .connections = 1});
  const auto nested = narrow->read([&](Session&) -> Result<void> { return narrow->ping(); });
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().code, Code::unavailable);
  EXPECT_TRUE(narrow->ping());
}

TEST_F(SqliteWriter, TheChangeCounterSeesEveryCommit) {
  const auto before = database_->change_counter();
  ASSERT_TRUE(before);
  EXPECT_EQ(database_->change_counter(), before);
  ASSERT_TRUE(add("own"));
  const auto after_own = database_->change_counter();
  EXPECT_NE(after_own, before);
  const auto other = open({});
  ASSERT_TRUE(other->write([](Transaction& tx) { return tx.execute(kAdd, args("other", 1)); }));
  EXPECT_NE(database_->change_counter(), after_own);
}

TEST_F(SqliteWriter, AKilledWriterLeavesNothingHalfDone) {
  database_.reset();
  testing::Children children;
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t pid = children.start([&] {
    const auto database = open_database(fresh_.url());
    if (!database) return 1;
    (void)(*database)->write([&](Transaction& tx) -> Result<void> {
      TRACSEQ_CHECK(tx.execute(kAdd, args("half", 1)));
      (void)!::write(ready[1], "x", 1);
      ::pause();
      return {};
    });
    return 0;
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(pid, SIGKILL);
  EXPECT_EQ(children.wait_all(), std::vector<int>{-SIGKILL});
  database_ = open({});
  const auto started = Steady::now();
  EXPECT_TRUE(add("whole"));
  EXPECT_LT(Steady::now() - started, 1s);
  EXPECT_EQ(rows(), 1);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(SqliteWriter, ParentAndChildGoOnAfterAFork) {
  ASSERT_TRUE(add("before"));
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread busy([&] {
    while (!stop) {
      if (add("parent-" + std::to_string(written))) ++written;
      (void)rows();
    }
  });
  constexpr int kChildren = 5;
  testing::Children children;
  for (int i = 0; i < kChildren; ++i)
    children.start([&, i] {
      for (int n = 0; n < 20; ++n)
        if (!add("child-" + std::to_string(i) + "-" + std::to_string(n))) return 1;
      if (rows() < 20) return 2;
      database_.reset();
      return 0;
    });
  EXPECT_EQ(children.wait_all(), std::vector<int>(kChildren, 0));
  stop = true;
  busy.join();
  EXPECT_GT(written, 0);
  EXPECT_EQ(rows(), 1 + written + kChildren * 20);
}

TEST_F(SqliteWriter, AChildForkedOutOfATransactionIsToldToOpenItsOwn) {
  testing::Children children;
  ASSERT_TRUE(database_->write([&](Transaction& tx) -> Result<void> {
    TRACSEQ_CHECK(tx.execute(kAdd, args("parent", 1)));
    children.start([&] {
      const auto refused = add("child");
      if (refused || refused.error().code != Code::unavailable) return 1;
      database_.reset();
      return 0;
    });
    return {};
  }));
  EXPECT_EQ(children.wait_all(), std::vector<int>{0});
  EXPECT_EQ(rows(), 1);
}

TEST_F(SqliteWriter, AForkComesToItsTurnAmongBusyCallers) {
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> busy;
  for (int i = 0; i < 8; ++i)
    busy.emplace_back([&, i] {
      for (int n = 0; !stop; ++n)
        if (!add(std::to_string(i) + "/" + std::to_string(n))) ++wrong;
    });
  for (int i = 0; i < 6; ++i)
    busy.emplace_back([&] {
      while (!stop) {
        const auto read = database_->read([](Session& s) -> Result<void> {
          std::this_thread::sleep_for(2ms);
          return s.query(kCount, {}, [](const Row&) -> Result<void> { return {}; });
        });
        if (!read) ++wrong;
      }
    });
  std::this_thread::sleep_for(kPatience);
  testing::Children children;
  const auto start = Steady::now();
  children.start([&] { return add("child") ? 0 : 1; });
  const auto took = Steady::now() - start;
  stop = true;
  for (std::thread& thread : busy) thread.join();
  EXPECT_EQ(children.wait_all(), std::vector<int>{0}) << "the fork waited in vain for a quiet moment";
  EXPECT_LT(took, 4s);
  EXPECT_EQ(wrong, 0);
}

// A disk that is full, played by a limit on the size of files.
TEST_F(SqliteWriter, AFullDiskIsNamedAndNothingIsHalfWritten) {
  database_.reset();
  testing::Children children;
  children.start([&] {
    const auto database = open_database(fresh_.url());
    if (!database) return 1;
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1U << 20, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 2;
    const std::string big(100'000, 'x');
    Result<std::int64_t> written = 0;
    for (int i = 0; i < 100 && written; ++i)
      written = (*database)->write(
          [&](Transaction& tx) { return tx.execute(kAdd, args(big + std::to_string(i), 1)); });
    if (written) return 3;
    // The limit gives EFBIG, not ENOSPC: an I/O error, after which the connection is opened anew.
    if (written.error().code != Code::unavailable && written.error().code != Code::storage_full) return 4;
    const rlimit wide{RLIM_INFINITY, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &wide) != 0) return 5;
    return (*database)->write([&](Transaction& tx) { return tx.execute(kAdd, args("after", 1)); }) ? 0 : 6;
  });
  EXPECT_EQ(children.wait_all(), std::vector<int>{0});
  database_ = open({});
  const auto check = database_->read([](Session& s) {
    return s.query_one({"test.check", "PRAGMA integrity_check"}, {},
                       [](const Row& row) { return row.str(0); });
  });
  ASSERT_TRUE(check && *check);
  EXPECT_EQ(**check, "ok");
  EXPECT_GT(rows(), 1);
}

}  // namespace
}  // namespace tracseq::sql
