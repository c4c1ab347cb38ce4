// SPDX-License-Identifier: MIT
#include "domain/deployment/testing.h"
#include "domain/deployment/verdict.h"

namespace tracseq::deployment {
namespace {

using testing::DeploymentTest;

class CanaryTest : public DeploymentTest {
 protected:
  DeploymentConfig canary() {
    auto made = config("2", Strategy::canary);
    made.canary_step_minutes = 60;
    return made;
  }
  void analysing(const DeploymentConfig& wanted) {
    deployed(config("1"));
    deploy(wanted);
    ASSERT_TRUE(drive([&] { return get("d2").phase == Phase::analysing; })) << log_of("d2");
  }
};
TRACSEQ_ON_BOTH_DATABASES(CanaryTest);

TEST_P(CanaryTest, BeginsWithItsShareAndIsPromotedByAPerson) {
  analysing(canary());
  EXPECT_EQ(share("d2"), 10);
  EXPECT_EQ(share("d1"), 90);
  EXPECT_EQ(get("d2").status, Status::deploying);
  report({answered("d2", 2'000, 0), answered("d1", 10'000, 0)});
  ASSERT_TRUE(drive([&] { return get("d2").verdict == Verdict::success; }));
  EXPECT_EQ(get("d2").status, Status::deploying) << "success waits for a person";
  EXPECT_EQ(share("d2"), 10);
  ASSERT_TRUE(deployments_->promote(ctx_, {"d2", "good"}));
  ASSERT_TRUE(
      drive([&] { return get("d2").status == Status::deployed && get("d1").phase == Phase::superseded; }));
  EXPECT_EQ(share("d2"), 100);
}

TEST_P(CanaryTest, StepsRiseByVerdictUntilItIsPromotedByItself) {
  auto wanted = canary();
  wanted.canary_steps = {30, 60};
  wanted.auto_promote = true;
  analysing(wanted);
  std::set<std::int64_t> shares;
  after_step_ = [&] { shares.insert(static_cast<std::int64_t>(share("d2"))); };
  ASSERT_TRUE(drive([&] {
    report({answered("d2", 1'000, 1), answered("d1", 1'000, 1)});
    return get("d2").status == Status::deployed;
  }));
  EXPECT_EQ(shares, (std::set<std::int64_t>{10, 30, 60, 100}));
}

TEST_P(CanaryTest, AFailureRollsBackByItself) {
  analysing(canary());
  report({answered("d2", 300, 120), answered("d1", 3'000, 3)});
  ASSERT_TRUE(drive([&] { return !under_way(get("d2").status); }));
  EXPECT_EQ(get("d2").status, Status::rolled_back);
  EXPECT_EQ(get("d2").verdict, Verdict::failure);
  EXPECT_EQ(share("d1"), 100);
  EXPECT_EQ(machine_.living(ProcessRole::replica, "2"), 0);
}

TEST_P(CanaryTest, NoTrafficIsInconclusiveAndWaitsForAPerson) {
  auto wanted = canary();
  wanted.canary_step_minutes = 0.001;
  analysing(wanted);
  ASSERT_TRUE(drive([&] { return get("d2").paused; }));
  EXPECT_EQ(get("d2").verdict, Verdict::inconclusive);
  EXPECT_NE(get("d2").pause_reason.find("no traffic"), std::string::npos) << get("d2").pause_reason;
  EXPECT_EQ(get("d2").status, Status::deploying);
  ASSERT_TRUE(deployments_->resume(ctx_, {"d2", "once more"}));
  EXPECT_FALSE(get("d2").paused);
}

TEST_P(CanaryTest, AFailureRollsBackAtTheGateAndWhilePaused) {
  analysing(canary());
  ASSERT_TRUE(deployments_->pause(ctx_, {"d2", "lunch"}));
  report({answered("d2", 300, 120)});
  ASSERT_TRUE(drive([&] { return !under_way(get("d2").status); }));
  EXPECT_EQ(get("d2").status, Status::rolled_back);
}

TEST_P(CanaryTest, WithoutAutomaticRollBackAFailurePauses) {
  auto wanted = canary();
  wanted.auto_rollback_enabled = false;
  analysing(wanted);
  report({answered("d2", 300, 120)});
  ASSERT_TRUE(drive([&] { return get("d2").paused; }));
  EXPECT_EQ(get("d2").status, Status::deploying);
  ASSERT_TRUE(deployments_->abort(ctx_, {"d2", "it is bad"}));
  ASSERT_TRUE(drive([&] { return get("d2").status == Status::rolled_back; }));
  EXPECT_EQ(share("d1"), 100);
}

TEST_P(CanaryTest, ItsShareCanBeSet) {
  analysing(canary());
  ASSERT_TRUE(deployments_->set_traffic(ctx_, {"d2", 25, "more"}));
  EXPECT_EQ(share("d2"), 25);
  EXPECT_EQ(share("d1"), 75);
  EXPECT_EQ(deployments_->set_traffic(ctx_, {"d2", 100, "all"}).error().code, Code::conflict);
}

TEST_P(CanaryTest, TheFirstOfARouteHasNothingToBeComparedWith) {
  deployed(canary());
  EXPECT_EQ(share("d2"), 100);
}

TEST_P(CanaryTest, ADeployedOneThatFailsInItsWindowIsRolledBack) {
  deployed(config("1"));
  report({answered("d1", 1'000, 1)});
  deployed(config("2"));
  report({answered("d2", 400, 100)});
  ASSERT_TRUE(drive([&] { return get("d2").status == Status::rolled_back; }));
  EXPECT_EQ(share("d1"), 100);
  EXPECT_NE(get("d2").error_message->find("100 of 400 requests failed"), std::string::npos);
}

Counts counts_of(std::int64_t requests, std::int64_t errors, std::int64_t slow = 0) {
  Counts counts;
  counts.requests = requests;
  counts.errors = errors;
  counts.latency_buckets.assign(latency_bounds_ms().size() + 1, 0);
  counts.latency_buckets.front() = requests - slow;
  counts.latency_buckets.back() = slow;
  return counts;
}

TEST(Verdict, IsAskedOfBothSides) {
  const DeploymentConfig config;  // 10 % errors, 2 s
  EXPECT_EQ(judge(config, {}, {}).verdict, Verdict::inconclusive);
  EXPECT_EQ(judge(config, counts_of(10, 10), {}).verdict, Verdict::inconclusive) << "too few";
  EXPECT_EQ(judge(config, counts_of(1'000, 0), {}).verdict, Verdict::success);
  EXPECT_EQ(judge(config, counts_of(100, 12), {}).verdict, Verdict::inconclusive);
  EXPECT_EQ(judge(config, counts_of(1'000, 300), {}).verdict, Verdict::failure);
  EXPECT_EQ(judge(config, counts_of(1'000, 0, 300), {}).verdict, Verdict::failure);
  // The stable one is as bad: rolling back would help nobody.
  EXPECT_EQ(judge(config, counts_of(1'000, 300), counts_of(1'000, 300)).verdict, Verdict::inconclusive);
  EXPECT_EQ(judge(config, counts_of(1'000, 300), counts_of(1'000, 3)).verdict, Verdict::failure);
}

TEST(ProbeRequest, IsMadeFromWhatTheModelSays) {
  const auto made = probe_request(
      R"({"inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]},{"name":"s","datatype":"BYTES","shape":[-1]}]})");
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0.5,0.5]},)"
                   R"({"name":"s","shape":[1],"datatype":"BYTES","data":["0"]}]})");
  EXPECT_FALSE(probe_request("{}"));
  EXPECT_FALSE(probe_request(R"({"inputs":[{"name":"x","datatype":"ODD","shape":[1]}]})"));
  EXPECT_FALSE(probe_request(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[100000,100000]}]})"));
}

}  // namespace
}  // namespace tracseq::deployment
