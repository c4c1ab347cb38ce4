// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>

#include "domain/abtest/abtests.h"
#include "domain/abtest/guardrails.h"
#include "domain/abtest/log.h"
#include "domain/abtest/plan.h"
#include "domain/abtest/testing.h"
#include "domain/abtest/user_state.h"

namespace tracseq::abtest {
namespace {

using testing::AbTestFixture;
using testing::interaction;
using testing::two_variants;

class AbTestTest : public AbTestFixture {};
TRACSEQ_ON_BOTH_DATABASES(AbTestTest);

TEST_P(AbTestTest, LivesFromPlanningToItsEnd) {
  const AbTest made = create(two_variants());
  EXPECT_EQ(made.status, TestStatus::planning);
  EXPECT_EQ(assign(made.test_id, "u1").reason, "not_running");
  EXPECT_EQ(tests_->pause(ctx_, {made.test_id, ""}).error().code, Code::conflict);
  EXPECT_EQ(tests_->resume(ctx_, {made.test_id, ""}).error().code, Code::conflict);
  ASSERT_TRUE(tests_->start(ctx_, {made.test_id, ""}));
  EXPECT_EQ(tests_->start(ctx_, {made.test_id, ""}).error().code, Code::conflict);
  EXPECT_TRUE(assign(made.test_id, "u1").variant);
  ASSERT_TRUE(tests_->pause(ctx_, {made.test_id, "a look"}));
  EXPECT_FALSE(assign(made.test_id, "u1").variant);
  ASSERT_TRUE(tests_->resume(ctx_, {made.test_id, ""}));
  const auto stopped = tests_->stop(ctx_, {made.test_id, "enough"});
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->status, TestStatus::completed);
  EXPECT_EQ(stopped->status_reason, "enough");
  EXPECT_TRUE(stopped->ended_at);
  EXPECT_EQ(tests_->stop(ctx_, {made.test_id, ""}).error().code, Code::conflict);
  EXPECT_EQ(tests_->get(ctx_, {"none"}).error().code, Code::not_found);
  const auto entries = entries_of("");
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->items.size(), 5U);
  EXPECT_EQ(entries->items[0].action, "abtest.stop");
  EXPECT_EQ(entries->items[0].reason, "enough");
}

TEST_P(AbTestTest, PlansAreChecked) {
  CreateTest request = two_variants();
  request.plan.variants[1].share = 0.4;
  EXPECT_EQ(tests_->create(ctx_, request).error().code, Code::invalid);
  request = two_variants();
  request.plan.variants[0].name = "a";
  EXPECT_EQ(tests_->create(ctx_, request).error().field, "plan.variants");
  request = two_variants();
  request.plan.forced_variants["u"] = "nobody";
  EXPECT_EQ(tests_->create(ctx_, request).error().field, "plan.forced_variants");
  request = two_variants();
  request.plan.ramp = {{0, 0.5}, {1, 0.2}};
  EXPECT_EQ(tests_->create(ctx_, request).error().field, "plan.ramp");
  request = two_variants();
  request.test_id = "mine";
  create(request);
  EXPECT_EQ(tests_->create(ctx_, request).error().code, Code::conflict);
}

TEST_P(AbTestTest, ListsPageByPage) {
  for (int i = 0; i < 3; ++i) create(two_variants());
  const auto first = tests_->list(ctx_, {.limit = 2});
  ASSERT_TRUE(first);
  ASSERT_EQ(first->items.size(), 2U);
  ASSERT_TRUE(first->next_page_token);
  const auto second = tests_->list(ctx_, {.limit = 2, .page_token = *first->next_page_token});
  ASSERT_TRUE(second);
  ASSERT_EQ(second->items.size(), 1U);
  EXPECT_LT(second->items[0].test_id, first->items[1].test_id);
  EXPECT_FALSE(second->next_page_token);
  EXPECT_EQ(tests_->list(ctx_, {.page_token = "no"}).error().field, "page_token");
  EXPECT_EQ(tests_->list(ctx_, {.status = TestStatus::running})->items.size(), 0U);
}

TEST_P(AbTestTest, ExclusionGroupsShareNoUser) {
  CreateTest one = two_variants(), two = two_variants();
  one.plan.exclusion_group = ExclusionGroup{"checkout", 0, 0.5};
  two.plan.exclusion_group = ExclusionGroup{"checkout", 0.4, 1};
  const std::string first = started(one);
  const AbTest second = create(two);
  EXPECT_EQ(tests_->start(ctx_, {second.test_id, ""}).error().code, Code::conflict);
  two.plan.exclusion_group->low = 0.5;
  const std::string third = started(two);
  int in_first = 0, in_third = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string user = "user_" + std::to_string(i);
    const bool a = assign(first, user).variant.has_value(), b = assign(third, user).variant.has_value();
    EXPECT_NE(a, b);
    in_first += a ? 1 : 0;
    in_third += b ? 1 : 0;
  }
  EXPECT_NEAR(in_first, 250, 60);
  EXPECT_NEAR(in_third, 250, 60);
}

TEST_P(AbTestTest, LogsOnceAndCountsUsersOnce) {
  const std::string id = started(two_variants());
  LogInteractions batch;
  for (int i = 0; i < 10; ++i)
    batch.interactions.push_back(
        interaction(id, "i" + std::to_string(i), "control", "u" + std::to_string(i % 5), i));
  batch.interactions.push_back(batch.interactions[3]);  // a repeat within the batch
  const auto logged = log_->interact(ctx_, batch);
  ASSERT_TRUE(logged) << logged.error().message << logged.error().detail;
  EXPECT_EQ(logged->logged, 10);
  EXPECT_EQ(logged->repeated, 1);
  const auto again = log_->interact(ctx_, batch);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->logged, 0);
  const AbTest test = *tests_->get(ctx_, {id});
  EXPECT_EQ(test.users, 5);
  EXPECT_EQ(test.interactions, 10);
  // score of user u: i = u and u + 5; mean over interactions 4.5, units (2u + 5, 2).
  const Sums all = sums(id);
  const ArmSums& arm = all.at({"score", 0});
  EXPECT_EQ(arm.moments.count, 5);
  EXPECT_DOUBLE_EQ(*estimate_of(found_metric("score").plan, arm), 4.5);
  EXPECT_NEAR(arm.moments.m2_y, 40, 1e-9);
}

TEST_P(AbTestTest, BatchesGiveWhatOneBatchGives) {
  const std::string whole = started(two_variants()), parts = started(two_variants());
  LogInteractions all;
  for (int i = 0; i < 300; ++i) {
    const std::string variant = (i % 7) % 2 == 0 ? "control" : "treatment_1";
    all.interactions.push_back(
        interaction(whole, "i" + std::to_string(i), variant, "u" + std::to_string(i % 7), 1e6 + i * 0.37));
  }
  ASSERT_TRUE(log_->interact(ctx_, all));
  for (Interaction one : all.interactions) {
    one.test_id = parts;
    ASSERT_TRUE(log_->interact(ctx_, {{one}}));
  }
  const Sums a = sums(whole), b = sums(parts);
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [key, arm] : a) {
    const auto& other = b.at(key).moments;
    EXPECT_EQ(arm.moments.count, other.count);
    EXPECT_NEAR(arm.moments.mean_y, other.mean_y, 1e-9 * std::abs(other.mean_y) + 1e-9) << key.first;
    EXPECT_NEAR(arm.moments.m2_y, other.m2_y, 1e-6 * std::abs(other.m2_y) + 1e-9) << key.first;
  }
}

TEST_P(AbTestTest, AUserSeenInTwoVariantsCountsInTheFirst) {
  const std::string id = started(two_variants());
  ASSERT_TRUE(log_->expose(ctx_, {{{id, "u", "control", {}, {}}}}));
  ASSERT_TRUE(log_->interact(ctx_, {{interaction(id, "a", "treatment_1", "u", 5)}}));
  const AbTest test = *tests_->get(ctx_, {id});
  EXPECT_EQ(test.users, 1);
  EXPECT_EQ(test.crossed_users, 1);
  EXPECT_FALSE(sums(id).contains({"score", 1}));
  EXPECT_FALSE(sums(id).contains({"score", 0}));
}

TEST_P(AbTestTest, RefusesWhatIsNoData) {
  const AbTest planned = create(two_variants());
  EXPECT_EQ(log_->interact(ctx_, {{interaction(planned.test_id, "a", "control", "u", 1)}}).error().code,
            Code::conflict);
  EXPECT_EQ(log_->interact(ctx_, {{interaction("none", "a", "control", "u", 1)}}).error().code,
            Code::not_found);
  const std::string id = started(two_variants());
  const auto unknown = log_->interact(ctx_, {{interaction(id, "a", "b", "u", 1)}});
  EXPECT_EQ(unknown.error().field, "variant_id");
  ASSERT_TRUE(tests_->stop(ctx_, {id, ""}));
  EXPECT_TRUE(log_->interact(ctx_, {{interaction(id, "a", "control", "u", 1)}}));  // 24 h after the end
}

TEST_P(AbTestTest, AGuardrailBeyondItsLimitPausesTheTest) {
  CreateTest request = two_variants();
  request.plan.guardrail_metrics = {"error_rate"};
  const std::string id = started(request);
  const auto failed = [&](int from, int to) {
    LogInteractions batch;
    for (int i = from; i < to; ++i) {
      batch.interactions.push_back(
          interaction(id, "i" + std::to_string(i), "treatment_1", "u" + std::to_string(i), 1));
      batch.interactions.back().success = i % 2 == 0;
    }
    ASSERT_TRUE(log_->interact(ctx_, batch));
  };
  failed(0, 19);
  EXPECT_EQ(tests_->get(ctx_, {id})->status, TestStatus::running);
  failed(19, 20);
  const AbTest test = *tests_->get(ctx_, {id});
  EXPECT_EQ(test.status, TestStatus::paused);
  EXPECT_NE(test.status_reason.find("error_rate"), std::string::npos);
  EXPECT_NE(test.status_reason.find("treatment_1"), std::string::npos);
  const auto entries = entries_of("abtest.pause");
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->items.size(), 1U);
}

TEST_P(AbTestTest, EnoughUsersCompleteTheTest) {
  CreateTest request = two_variants();
  request.plan.minimum_sample_size = 1;
  request.plan.maximum_sample_size = 3;
  const std::string id = started(request);
  LogInteractions batch;
  for (int i = 0; i < 3; ++i)
    batch.interactions.push_back(interaction(id, std::to_string(i), "control", std::to_string(i), 1));
  ASSERT_TRUE(log_->interact(ctx_, batch));
  EXPECT_EQ(tests_->get(ctx_, {id})->status, TestStatus::completed);
}

TEST(Assignment, IsTheFunctionOfThePlan) {
  Plan plan = testing::plan_of({{"control", 0.5}, {"treatment_1", 0.3}, {"treatment_2", 0.2}});
  plan.user_filters = Json::object().set("site", "north");
  plan.forced_variants["boss"] = "treatment_2";
  const Assigner assigner("t", "default", plan);
  const Json north = Json::object().set("site", "north");
  EXPECT_EQ(assigner.assign("u", {}, 1).reason, "filtered");
  EXPECT_EQ(assigner.assign("", north, 1).reason, "no_user");
  EXPECT_EQ(assigner.assign("boss", north, 1).variant, "treatment_2");
  EXPECT_FALSE(assigner.assign("boss", north, 1).counted);
  std::map<std::string, int> counts;
  constexpr int kUsers = 20'000;
  for (int i = 0; i < kUsers; ++i) {
    const std::string user = "user_" + std::to_string(i);
    const Assignment full = assigner.assign(user, north, 1);
    ASSERT_TRUE(full.variant);
    ++counts[*full.variant];
    // A ramp only adds: who is in at 20 % keeps his variant at 100 %.
    const Assignment part = assigner.assign(user, north, 0.2);
    if (part.variant) {
      EXPECT_EQ(part.variant, full.variant);
    } else {
      EXPECT_EQ(part.reason, "not_covered");
    }
  }
  const double spread = 4 * std::sqrt(kUsers * 0.25);
  EXPECT_NEAR(counts["control"], kUsers * 0.5, spread);
  EXPECT_NEAR(counts["treatment_1"], kUsers * 0.3, spread);
}

TEST(Assignment, HoldoutTakesNobodyIn) {
  Plan plan = testing::plan_of({{"control", 0.5}, {"treatment_1", 0.5}});
  plan.holdout = 0.1;
  const Assigner a("a", "default", plan), b("b", "default", plan);
  int held = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string user = std::to_string(i);
    const bool out = a.assign(user, {}, 1).reason == "holdout";
    EXPECT_EQ(out, b.assign(user, {}, 1).reason == "holdout");  // the same users in every test
    held += out ? 1 : 0;
  }
  EXPECT_NEAR(held, 1'000, 150);
}

TEST(Units, FollowTheMetricsKind) {
  UserState state;
  for (const double value : {1.0, 5.0, 0.0}) state.add(0, value);
  state.add(1, 2);
  MetricPlace place;
  place.field = 0;
  place.denominator = 1;
  place.metric.plan.kind = MetricKind::mean;
  EXPECT_DOUBLE_EQ(unit_of(place, state)->y, 2);
  place.metric.plan.winsor_high = 1.5;
  EXPECT_DOUBLE_EQ(unit_of(place, state)->y, 1.5);
  place.metric.plan.winsor_high.reset();
  place.metric.plan.kind = MetricKind::proportion;
  EXPECT_DOUBLE_EQ(unit_of(place, state)->y, 1);
  place.metric.plan.kind = MetricKind::ratio;
  EXPECT_DOUBLE_EQ(unit_of(place, state)->y, 6);
  EXPECT_DOUBLE_EQ(unit_of(place, state)->x, 3);
  place.metric.plan.denominator = "other";
  EXPECT_DOUBLE_EQ(unit_of(place, state)->x, 2);
  place.field = 7;
  place.metric.plan.kind = MetricKind::mean;
  EXPECT_FALSE(unit_of(place, state));
  const auto back = UserState::decode(state.encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->find(0)->count, 3);
  EXPECT_FALSE(UserState::decode("short"));
}

TEST(Measures, AreTheNumbersOfTheAnswer) {
  Interaction one;
  one.success = false;
  one.latency_ms = 4;
  one.response_data = Json::object()
                          .set("accuracy", 0.5)
                          .set("approved", true)
                          .set("latency", 99)
                          .set("text", "no")
                          .set("scores", Json::object().set("f1", 0.25));
  std::map<std::string, double> found;
  for (const auto& [name, value] : measures_of(one)) found[name] = value;
  EXPECT_EQ(found, (std::map<std::string, double>{{"success", 0},
                                                  {"error_rate", 1},
                                                  {"latency", 4},
                                                  {"accuracy", 0.5},
                                                  {"approved", 1},
                                                  {"scores.f1", 0.25}}));
}

}  // namespace
}  // namespace tracseq::abtest
