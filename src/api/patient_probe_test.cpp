// SPDX-License-Identifier: MIT
#include "api/patient_probe.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace tracseq::api {
namespace {

using std::chrono::milliseconds;

TEST(PatientProbe, SaysWhatTheQuestionSaid) {
  std::atomic<bool> fine{true};
  PatientProbe probe([&]() -> Result<void> {
    if (!fine) return fail(Code::storage_full, "the disk is full");
    return {};
  });
  EXPECT_TRUE(probe.ask());
  fine = false;
  const auto refused = probe.ask();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::storage_full);
  fine = true;
  EXPECT_TRUE(probe.ask());
}

TEST(PatientProbe, AQuestionWithoutAnAnswerIsSaidSoInTimeAndAskedOnce) {
  std::promise<void> thaw;
  std::atomic<int> asked{0};
  PatientProbe probe(
      [&, frozen = thaw.get_future().share()]() -> Result<void> {
        ++asked;
        frozen.wait();
        return {};
      },
      milliseconds(200));
  const auto began = Steady::now();
  const auto first = probe.ask();
  const auto second = probe.ask();  // the same question: no further wait
  EXPECT_LT(Steady::now() - began, milliseconds(390));
  for (const auto& answer : {first, second}) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::unavailable);
    EXPECT_NE(answer.error().message.find("has not answered for"), std::string::npos);
  }
  EXPECT_EQ(asked, 1);
  thaw.set_value();
  const auto end = Steady::now() + std::chrono::seconds(5);
  while (!probe.ask() && Steady::now() < end) std::this_thread::yield();
  EXPECT_TRUE(probe.ask());
}

}  // namespace
}  // namespace tracseq::api
