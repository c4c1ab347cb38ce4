// SPDX-License-Identifier: MIT
#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace tracseq {
namespace {

TEST(ThreadPool, RunsEverythingItTookBeforeItStops) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool("test", {.threads = 3, .queue_max = 1'000});
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 500);
}

TEST(ThreadPool, RefusesWhatItCannotKeep) {
  ThreadPool pool("test", {.threads = 1, .queue_max = 2});
  std::promise<void> go;
  std::promise<void> began;
  auto released = go.get_future().share();
  ASSERT_TRUE(pool.submit([&, released] {
    began.set_value();
    released.wait();
  }));
  began.get_future().wait();
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_EQ(pool.queued(), 2U);
  const auto refused = pool.submit([] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::resource_exhausted);
  go.set_value();
  pool.stop();
  EXPECT_EQ(pool.submit([] {}).error().code, Code::unavailable);
  pool.stop();  // twice does no harm
}

}  // namespace
}  // namespace tracseq
