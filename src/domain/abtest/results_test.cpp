// SPDX-License-Identifier: MIT
#include "domain/abtest/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "domain/abtest/analysis.h"
#include "domain/abtest/evidence.h"
#include "domain/abtest/planner.h"
#include "domain/abtest/testing.h"

namespace tracseq::abtest {
namespace {

using testing::interaction;
using testing::two_variants;

class ResultsTest : public testing::AbTestFixture {
 protected:
  void SetUp() override {
    testing::AbTestFixture::SetUp();
    if (!HasFatalFailure()) results_ = std::make_unique<Results>(database(), *ledger_);
  }
  // Scores of the users of each variant, drawn around its mean.
  void log(const std::string& id, int users, double control, double treatment, double sd = 1,
           unsigned seed = 7) {
    std::mt19937 draw(seed);
    std::normal_distribution<double> noise(0, sd);
    LogInteractions batch;
    for (int i = 0; i < users; ++i) {
      const bool treated = i % 2 == 1;
      const std::string user = "u" + std::to_string(seed) + "_" + std::to_string(i);
      batch.interactions.push_back(interaction(id, user, treated ? "treatment_1" : "control", user,
                                               (treated ? treatment : control) + noise(draw)));
    }
    const auto logged = log_->interact(ctx_, batch);
    ASSERT_TRUE(logged) << logged.error().message;
  }
  Report report(const std::string& id) {
    const auto made = results_->report(ctx_, {id});
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(Report{});
  }
  static const MetricReport& primary(const Report& report, const std::string& variant = "treatment_1") {
    for (const MetricReport& one : report.metrics)
      if (one.role == MetricRole::primary && one.variant == variant) return one;
    static const MetricReport none;
    return none;
  }
  std::unique_ptr<Results> results_;
};
TRACSEQ_ON_BOTH_DATABASES(ResultsTest);

TEST_P(ResultsTest, ADifferenceIsShownAndCompletesTheTest) {
  CreateTest request = two_variants();
  request.plan.minimum_sample_size = 100;
  const std::string id = started(request);
  log(id, 1000, 10, 10.5);
  const Report before = report(id);
  const MetricReport& one = primary(before);
  ASSERT_TRUE(one.effect && one.low && one.high && one.p_value && one.fixed && one.relative && one.power);
  EXPECT_NEAR(*one.effect, 0.5, 0.2);
  EXPECT_LT(*one.low, one.fixed->low);  // what holds at every look is wider
  EXPECT_GT(*one.high, one.fixed->high);
  EXPECT_LT(*one.low, 0.5);
  EXPECT_GT(*one.high, 0.5);
  EXPECT_TRUE(one.significant);
  EXPECT_NEAR(one.relative->effect, *one.effect / *primary(before, "control").estimate, 1e-12);
  EXPECT_GT(one.bayes->probability_better, 0.99);
  EXPECT_EQ(before.verdict.decision, Decision::better);
  const auto checked = results_->check(ctx_, {id});
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_TRUE(checked->stopped);
  const AbTest after = *tests_->get(ctx_, {id});
  EXPECT_EQ(after.status, TestStatus::completed);
  EXPECT_EQ(after.winner, "treatment_1");
  EXPECT_TRUE(after.significant);
  EXPECT_TRUE(primary(report(id)).interval_only);
  EXPECT_FALSE(results_->check(ctx_, {id})->stopped);
  EXPECT_EQ(results_->looks(ctx_, {id})->items.size(), 1U);
}

TEST_P(ResultsTest, AWorseVariantLeavesControlTheWinner) {
  CreateTest request = two_variants();
  request.plan.minimum_sample_size = 100;
  request.plan.metrics = {{}};
  request.plan.metrics[0].name = "score";
  request.plan.metrics[0].direction = Direction::decrease;
  const std::string id = started(request);
  log(id, 1000, 10, 11);
  const auto checked = results_->check(ctx_, {id});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->verdict.decision, Decision::worse);
  EXPECT_EQ(tests_->get(ctx_, {id})->winner, "control");
}

TEST_P(ResultsTest, WhoStopsATestKeepsWhatItShowed) {
  CreateTest request = two_variants();
  request.plan.minimum_sample_size = 100;
  const auto stop = [&](const std::string& id) {
    return tests_->stop(ctx_, {id, "enough"}, [&](sql::Transaction& tx, StoredTest& stored) {
      return results_->conclude(tx, stored);
    });
  };
  const std::string shown = started(request);
  log(shown, 1000, 10, 10.5);
  const auto after = stop(shown);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->winner, "treatment_1");
  EXPECT_TRUE(after->significant);
  EXPECT_EQ(after->status_reason, "enough");
  EXPECT_EQ(tests_->get(ctx_, {shown})->winner, "treatment_1");
  EXPECT_EQ(results_->looks(ctx_, {shown})->items.size(), 1U);

  const std::string open = started(request);
  log(open, 100, 10, 10);
  ASSERT_TRUE(stop(open));
  EXPECT_FALSE(tests_->get(ctx_, {open})->significant);
  const AbTest planned = create(request);  // cancelled: there is nothing to look at
  ASSERT_TRUE(stop(planned.test_id));
  EXPECT_TRUE(results_->looks(ctx_, {planned.test_id})->items.empty());
}

TEST_P(ResultsTest, NoVerdictBeforeTheLeastSize) {
  CreateTest request = two_variants();
  request.plan.minimum_sample_size = 501;
  const std::string id = started(request);
  log(id, 1000, 10, 12);
  const Report now = report(id);
  EXPECT_TRUE(primary(now).significant);
  EXPECT_EQ(now.verdict.decision, Decision::none);
  EXPECT_FALSE(results_->check(ctx_, {id})->stopped);
}

TEST_P(ResultsTest, ASplitThatIsOffBlocksAndIsRemembered) {
  CreateTest request = two_variants();
  request.plan.minimum_sample_size = 10;
  request.plan.variants[0].share = 0.8;
  request.plan.variants[1].share = 0.2;
  const std::string id = started(request);
  log(id, 1000, 10, 12);
  const Report now = report(id);
  EXPECT_TRUE(now.split.mismatch);
  EXPECT_LT(now.split.fixed_p_value, 1e-6);
  EXPECT_EQ(now.verdict.decision, Decision::blocked);
  EXPECT_FALSE(results_->check(ctx_, {id})->stopped);
}

TEST_P(ResultsTest, NothingToTestHasAReason) {
  const std::string id = started(two_variants());
  EXPECT_EQ(primary(report(id)).reason, "no values yet");
  log(id, 4, 5, 5, 0.0);
  const Report same = report(id);
  EXPECT_FALSE(primary(same).reason.empty());
  EXPECT_FALSE(primary(same).p_value);
  EXPECT_EQ(to_json(same).find("NaN,\"reason"), std::string::npos);
}

TEST_P(ResultsTest, ACovariateTakesVarianceAway) {
  CreateTest request = two_variants();
  MetricPlan metric;
  metric.name = "score";
  metric.kind = MetricKind::mean;
  metric.covariate = "before";
  request.plan.metrics = {metric};
  const std::string id = started(request);
  std::mt19937 draw(3);
  std::normal_distribution<double> noise(0, 1);
  LogExposures exposures;
  LogInteractions batch;
  for (int i = 0; i < 400; ++i) {
    const std::string user = std::to_string(i), variant = i % 2 == 0 ? "control" : "treatment_1";
    const double before = 1000 + 5 * noise(draw);
    exposures.exposures.push_back({id, user, variant, {}, {{"before", before}}});
    batch.interactions.push_back(interaction(id, user, variant, user, before + noise(draw) + (i % 2)));
  }
  ASSERT_TRUE(log_->interact(ctx_, batch));  // the covariates may come after
  ASSERT_TRUE(log_->expose(ctx_, exposures));
  const Report now = report(id);
  const MetricReport& one = primary(now);
  ASSERT_TRUE(one.variance_kept && one.effect);
  EXPECT_NEAR(*one.variance_kept, 1.0 / 26, 0.02);
  EXPECT_NEAR(*one.effect, 1, 0.4);
  EXPECT_TRUE(one.significant);
}

TEST_P(ResultsTest, QuantilesComeWithTheRankErrorOfTheirSketch) {
  CreateTest request = two_variants();
  MetricPlan metric;
  metric.name = "score";
  metric.kind = MetricKind::quantile;
  metric.quantile = 0.9;
  request.plan.metrics = {metric};
  const std::string id = started(request);
  log(id, 2000, 100, 130, 10);
  const Report now = report(id);
  const MetricReport& one = primary(now);
  ASSERT_TRUE(one.estimate && one.rank_error && one.interval && one.effect);
  EXPECT_NEAR(*one.estimate, 130 + 12.8, 3);
  EXPECT_GT(*one.rank_error, 0);
  EXPECT_LT(*one.rank_error, 0.1);  // a bucket is 2 % of 143 wide
  EXPECT_LT(one.interval->low, *one.estimate);
  EXPECT_GT(one.interval->high, *one.estimate);
  EXPECT_NEAR(*one.effect, 30, 5);
  EXPECT_TRUE(one.significant);
}

TEST_P(ResultsTest, GroupSequentialLooksWhereThePlanHasThem) {
  CreateTest request = two_variants();
  request.plan.method = SequentialMethod::group_sequential;
  request.plan.looks = 4;
  request.plan.minimum_sample_size = 10;
  request.plan.maximum_sample_size = 2000;
  const std::string id = started(request);
  log(id, 400, 10, 11);
  ASSERT_FALSE(results_->check(ctx_, {id})->stopped);  // a fifth: before the first look
  EXPECT_FALSE(primary(report(id)).reason.empty());
  log(id, 200, 10, 11, 1, 8);
  const auto checked = results_->check(ctx_, {id});
  ASSERT_TRUE(checked);
  EXPECT_TRUE(checked->stopped) << checked->reason;
  const Report now = report(id);
  ASSERT_TRUE(primary(now).at_stop);
  EXPECT_LT(primary(now).at_stop->median_unbiased, primary(now).at_stop->estimate + 1e-12);
}

TEST_P(ResultsTest, TheWatchRampsPausesAndEnds) {
  CreateTest request = two_variants();
  request.plan.test_type = TestType::gradual_rollout;
  request.plan.ramp = {{0, 0.1}, {1, 0.5}};
  request.plan.planned_duration_days = 1;
  request.plan.guardrail_metrics = {"score"};
  request.plan.primary_metric = "conversion";
  const std::string id = started(request);
  EXPECT_DOUBLE_EQ(tests_->get(ctx_, {id})->coverage, 0.1);
  ASSERT_TRUE(results_->watch(ctx_, now() + std::chrono::hours(2)));
  EXPECT_DOUBLE_EQ(tests_->get(ctx_, {id})->coverage, 0.5);
  log(id, 600, 10, 8);  // the guardrail is shown to be worse
  EXPECT_GT(*results_->watch(ctx_, now() + std::chrono::hours(3)), 0);
  EXPECT_EQ(tests_->get(ctx_, {id})->status, TestStatus::paused);
  EXPECT_EQ(*results_->watch(ctx_, now() + std::chrono::hours(3)), 0);  // nothing new
  ASSERT_TRUE(tests_->resume(ctx_, {id, "known"}));
  request.plan.guardrail_metrics.clear();
  const std::string other = started(request);
  ASSERT_TRUE(results_->watch(ctx_, now() + std::chrono::hours(25)));
  EXPECT_EQ(tests_->get(ctx_, {other})->status, TestStatus::completed);
  EXPECT_EQ(tests_->get(ctx_, {other})->status_reason, "planned duration reached");
}

TEST(RepeatedP, IsTheLevelAtWhichTheLooksStop) {
  const std::vector<double> one{1.0};
  EXPECT_NEAR(repeated_p_value(one, stats::Spending::obrien_fleming, 1.959963984540054), 0.05, 1e-6);
  const std::vector<double> three{1.0 / 3, 2.0 / 3, 1.0};
  EXPECT_NEAR(repeated_p_value(three, stats::Spending::obrien_fleming, 1.9930), 0.05, 2e-4);  // rpact
}

TEST(Planner, SizesFollowTheMethod) {
  PlanDesign design;
  design.baseline = 0.1;
  design.effect = 0.2;
  design.users_per_day = 1000;
  design.method = SequentialMethod::fixed;
  const auto fixed = plan_size(design);
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->users_per_variant, 3841);  // statistics.md §2.4
  EXPECT_NEAR(*fixed->days, 7.682, 1);
  design.method = SequentialMethod::group_sequential;
  const auto group = plan_size(design);
  ASSERT_TRUE(group);
  EXPECT_GT(group->inflation, 1);
  EXPECT_LT(group->inflation, 1.1);
  design.method = SequentialMethod::always_valid;
  const auto always = plan_size(design);
  ASSERT_TRUE(always);
  EXPECT_GT(always->inflation, 1.2);
  EXPECT_LT(always->inflation, 4);
  design.baseline = 0;
  EXPECT_EQ(plan_size(design).error().field, "effect");
}

}  // namespace
}  // namespace tracseq::abtest
