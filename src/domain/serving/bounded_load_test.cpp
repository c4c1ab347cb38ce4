// SPDX-License-Identifier: MIT
#include "domain/serving/bounded_load.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/clock.h"

namespace tracseq::serving {
namespace {

using namespace std::chrono_literals;

// Loads until it is let go; refuses at once what is called "bad".
class SlowEngine final : public Engine {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "slow"; }
  [[nodiscard]] bool can_run(const Artefact&) const noexcept override { return true; }
  Result<std::shared_ptr<const LoadedModel>> load(const Artefact& artefact) override {
    if (text_of(artefact.bytes) == "bad") return fail(Code::unprocessable, "bad bytes");
    while (!let_go_) std::this_thread::sleep_for(1ms);
    ++ended_;
    return std::shared_ptr<const LoadedModel>{};
  }
  std::atomic<bool> let_go_{false};
  std::atomic<int> ended_{0};
};

TEST(BoundedLoader, AModelThatDoesNotEndLoadingHoldsNobodyUp) {
  SlowEngine engine;
  BoundedLoader loader(50ms);
  const auto before = Steady::now();
  const auto late = loader.load(engine, "slow", "", "x");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::deadline);
  EXPECT_NE(late.error().message.find("did not load within 0.05 s"), std::string::npos);
  EXPECT_LT(Steady::now() - before, 5s);
  EXPECT_EQ(loader.load(engine, "slow", "", "y").error().code, Code::unavailable);  // one at a time
  engine.let_go_ = true;
  while (engine.ended_ == 0) std::this_thread::sleep_for(1ms);
  for (const auto end = Steady::now() + 5s; Steady::now() < end; std::this_thread::sleep_for(1ms))
    if (loader.load(engine, "slow", "", "z")) break;
  EXPECT_TRUE(loader.load(engine, "slow", "", "z"));
  EXPECT_EQ(loader.load(engine, "slow", "", "bad").error().message, "bad bytes");
}

}  // namespace
}  // namespace tracseq::serving
