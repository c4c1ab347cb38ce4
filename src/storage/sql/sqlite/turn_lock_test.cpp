// SPDX-License-Identifier: MIT
#include "storage/sql/sqlite/turn_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "storage/sql/processes.h"
#include "storage/sql/testing.h"

namespace tracseq::sql::sqlite {
namespace {

using namespace std::chrono_literals;

class TurnLockTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<TurnLock> open() const {
    auto opened = TurnLock::open(path_);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  // Changes with every number that is drawn.
  [[nodiscard]] std::string numbers() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const testing::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "lab.db.turn").string();
};

TEST_F(TurnLockTest, OneAtATime) {
  const auto first = open();
  const auto second = open();
  ASSERT_TRUE(first->acquire(Steady::now() + 1s));
  const auto started = Steady::now();
  const auto refused = second->acquire(started + 50ms);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_GE(Steady::now() - started, 50ms);
  first->release();
  EXPECT_TRUE(second->acquire(Steady::now() + 1s));
  second->release();
}

TEST_F(TurnLockTest, WhoGaveUpIsNotWaitedFor) {
  const auto first = open();
  const auto second = open();
  const auto third = open();
  ASSERT_TRUE(first->acquire(Steady::now() + 1s));
  ASSERT_FALSE(second->acquire(Steady::now() + 10ms));
  first->release();
  const auto started = Steady::now();
  EXPECT_TRUE(third->acquire(started + 1s));
  EXPECT_LT(Steady::now() - started, 500ms);
  third->release();
}

TEST_F(TurnLockTest, TurnsComeInTheOrderTheyWereAskedFor) {
  constexpr int kWaiting = 6;
  const auto holder = open();
  ASSERT_TRUE(holder->acquire(Steady::now() + 1s));
  std::vector<std::thread> threads;
  Mutex mutex;
  std::vector<int> order;
  for (int i = 0; i < kWaiting; ++i) {
    const std::string before = numbers();
    threads.emplace_back([&, i] {
      const auto lock = open();
      EXPECT_TRUE(lock->acquire(Steady::now() + 10s));
      {
        const Lock guard(mutex);
        order.push_back(i);
      }
      lock->release();
    });
    // The next one asks when this one has drawn its number.
    const auto patience = Steady::now() + 10s;
    while (numbers() == before && Steady::now() < patience) std::this_thread::sleep_for(1ms);
  }
  holder->release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST_F(TurnLockTest, AKilledHolderIsNotWaitedFor) {
  testing::Children children;
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t pid = children.start([&] {
    const auto lock = TurnLock::open(path_);
    const char held = lock && (*lock)->acquire(Steady::now() + 1s) ? 'y' : 'n';
    (void)!::write(ready[1], &held, 1);
    ::pause();
    return 0;
  });
  char held = 0;
  ASSERT_EQ(::read(ready[0], &held, 1), 1);
  ASSERT_EQ(held, 'y');
  const auto lock = open();
  EXPECT_FALSE(lock->acquire(Steady::now() + 30ms));
  ::kill(pid, SIGKILL);
  const auto started = Steady::now();
  EXPECT_TRUE(lock->acquire(started + 5s));
  EXPECT_LT(Steady::now() - started, 1s);
  lock->release();
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(TurnLockTest, AForkedChildDoesNotKeepTheTurn) {
  const auto lock = open();
  ASSERT_TRUE(lock->acquire(Steady::now() + 1s));
  // The child outlives the closing of the parent's file, as after the parent's death.
  testing::Children children;
  children.start([] {
    ::pause();
    return 0;
  });
  auto other = open();
  {
    auto held = open();
    EXPECT_FALSE(held->acquire(Steady::now() + 10ms));
  }
  lock->release();
  EXPECT_TRUE(other->acquire(Steady::now() + 1s));
  // Closed without a release: only copies of the descriptor could keep the lock.
  children.start([] {
    ::pause();
    return 0;
  });
  other.reset();
  EXPECT_TRUE(lock->acquire(Steady::now() + 1s));
  lock->release();
}

TEST_F(TurnLockTest, CostsLittleWhenAlone) {
  const auto lock = open();
  constexpr int kTimes = 2000;
  const auto started = Steady::now();
  for (int i = 0; i < kTimes; ++i) {
    ASSERT_TRUE(lock->acquire(Steady::now() + 1s));
    lock->release();
  }
  const auto each = (Steady::now() - started) / kTimes;
  // A few microseconds; a hundred would mean that it sleeps.
  EXPECT_LT(each, 100us) << std::chrono::nanoseconds(each).count() << " ns";
  RecordProperty("nanoseconds", static_cast<int>(std::chrono::nanoseconds(each).count()));
}

}  // namespace
}  // namespace tracseq::sql::sqlite
