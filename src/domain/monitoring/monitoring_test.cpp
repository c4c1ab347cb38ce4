// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "domain/monitoring/alerts.h"
#include "domain/monitoring/health.h"
#include "domain/monitoring/predictions.h"
#include "domain/monitoring/rollup.h"
#include "domain/monitoring/thresholds.h"
#include "domain/monitoring/values.h"
#include "storage/sql/retention.h"
#include "storage/sql/testing.h"

namespace tracseq::monitoring {
namespace {

using namespace std::chrono_literals;

class MonitoringTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    ledger_ = std::make_unique<audit::Ledger>(database());
    predictions_ = std::make_unique<PredictionLog>(database(), *ledger_);
    values_ = std::make_unique<MetricValues>(database(), *ledger_);
    thresholds_ = std::make_unique<Thresholds>(database(), *ledger_);
    alerts_ = std::make_unique<Alerts>(database(), *ledger_);
    health_ = std::make_unique<HealthReports>(database());
  }

  static Prediction prediction(int i, Timestamp time) {
    Prediction p;
    p.model_id = "m";
    p.model_version = "1.0.0";
    p.request_id = "r" + std::to_string(i);
    p.time = time;
    p.latency_ms = i;
    p.inputs = Json::object().set("a", i);
    p.outputs = Json::object().set("label", "yes");
    return p;
  }
  void record(const std::string& metric, const std::vector<double>& values, Timestamp time,
              const std::string& model = "m") {
    RecordMetrics request;
    for (const double value : values) {
      MetricValue one;
      one.model_id = model;
      one.model_version = "1.0.0";
      one.metric_name = metric;
      one.value = value;
      one.timestamp = time;
      request.metrics.push_back(one);
    }
    const auto recorded = values_->record(ctx_, request);
    ASSERT_TRUE(recorded) << recorded.error().message << recorded.error().detail;
    EXPECT_EQ(recorded->recorded, static_cast<std::int64_t>(values.size()));
  }
  Threshold threshold(const std::string& metric, Operator op, std::optional<double> warning,
                      std::optional<double> critical) {
    Threshold made;
    made.model_id = "m";
    made.metric_name = metric;
    made.operator_ = op;
    made.warning_threshold = warning;
    made.critical_threshold = critical;
    made.evaluation_window_minutes = 1;
    made.minimum_samples = 5;
    auto created = thresholds_->create(ctx_, made);
    EXPECT_TRUE(created) << created.error().message << created.error().detail;
    return created.value_or(made);
  }
  Alerts::Evaluated evaluate(Timestamp at, std::chrono::minutes cooldown = 15min) {
    auto evaluated = alerts_->evaluate(at, cooldown);
    EXPECT_TRUE(evaluated) << evaluated.error().message << evaluated.error().detail;
    return evaluated.value_or(Alerts::Evaluated{});
  }
  std::int64_t count(const char* statement) {
    const auto found = database().read([&](sql::Session& s) {
      return s.query_one({"test.count", statement}, {}, [](const sql::Row& row) { return row.integer(0); });
    });
    return found && *found ? **found : -1;
  }

  CallContext ctx_;
  std::unique_ptr<audit::Ledger> ledger_;
  std::unique_ptr<PredictionLog> predictions_;
  std::unique_ptr<MetricValues> values_;
  std::unique_ptr<Thresholds> thresholds_;
  std::unique_ptr<Alerts> alerts_;
  std::unique_ptr<HealthReports> health_;
};
TRACSEQ_ON_BOTH_DATABASES(MonitoringTest);

TEST_P(MonitoringTest, PredictionsComeBackNewestFirstByPages) {
  const Timestamp start = now() - 10min;
  RecordPredictions request;
  for (int i = 0; i < 25; ++i)
    request.predictions.push_back(prediction(i, start + std::chrono::seconds(i / 3)));
  request.predictions[7].success = false;
  request.predictions[7].error = "no such column";
  request.predictions[8].outputs.set("probabilities", Json::object().set("no", 0.2).set("yes", 0.8));
  const auto recorded = predictions_->record(ctx_, request);
  ASSERT_TRUE(recorded) << recorded.error().message << recorded.error().detail;
  EXPECT_EQ(recorded->recorded, 25);
  std::vector<std::string> seen;
  ListPredictions list{.model_id = "m", .limit = 10};
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = predictions_->list(ctx_, list);
    ASSERT_TRUE(page) << page.error().message;
    for (const Prediction& p : page->items) seen.push_back(p.request_id);
    if (!page->next_page_token) break;
    list.page_token = *page->next_page_token;
  }
  ASSERT_EQ(seen.size(), 25U);
  EXPECT_EQ(seen.front(), "r24");
  EXPECT_EQ(seen.back(), "r0");
  const auto failed = predictions_->list(ctx_, {.success = false});
  ASSERT_TRUE(failed);
  ASSERT_EQ(failed->items.size(), 1U);
  EXPECT_EQ(failed->items[0].error, "no such column");
  const auto one = predictions_->list(ctx_, {.request_id = "r8"});
  ASSERT_TRUE(one);
  ASSERT_EQ(one->items.size(), 1U);
  EXPECT_EQ(one->items[0].confidence_score, 0.8);
  EXPECT_EQ(dump_json(one->items[0].inputs), R"({"a":8})");
  EXPECT_EQ(count("SELECT count(*) FROM audit_entries WHERE action = 'predictions.append'"), 1);
}

TEST_P(MonitoringTest, ARepeatedBatchIsRecordedOnce) {
  RecordPredictions request{{prediction(1, now())}};
  CallContext ctx = ctx_;
  ctx.idempotency_key = "batch-1";
  ctx.fingerprint = "f";
  ASSERT_TRUE(predictions_->record(ctx, request));
  const auto again = predictions_->record(ctx, request);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->recorded, 1);
  EXPECT_EQ(count("SELECT count(*) FROM predictions"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_values"), 2);
}

TEST_P(MonitoringTest, TheValuesOfAPredictionBearItsTags) {
  RecordPredictions request{{prediction(1, now()), prediction(2, now())}};
  request.predictions[0].tags = {{"site", "bern"}, {"shift", "night"}};
  request.predictions[0].confidence_score = 0.75;
  ASSERT_TRUE(predictions_->record(ctx_, request));
  const auto values = values_->list(ctx_, {.model_id = "m"});
  ASSERT_TRUE(values) << values.error().message << values.error().detail;
  ASSERT_EQ(values->items.size(), 5U);
  for (const MetricValue& value : values->items)
    EXPECT_EQ(value.tags, value.request_id == "r1" ? request.predictions[0].tags : decltype(value.tags){})
        << value.metric_name;
}

TEST_P(MonitoringTest, AnOversizedPredictionIsRefusedByName) {
  RecordPredictions request{{prediction(1, now()), prediction(2, now())}};
  request.predictions[1].inputs.set("image", std::string(kPredictionBytesMax, 'x'));
  const auto recorded = predictions_->record(ctx_, request);
  ASSERT_FALSE(recorded);
  EXPECT_EQ(recorded.error().code, Code::too_large);
  EXPECT_EQ(recorded.error().field, "predictions[1].inputs");
  EXPECT_EQ(count("SELECT count(*) FROM predictions"), 0);
}

TEST_P(MonitoringTest, TheLogForgetsByAgeAndBySize) {
  const Timestamp at = now();
  for (int day = 0; day < 5; ++day)
    ASSERT_TRUE(predictions_->record(ctx_, {{prediction(day, at - std::chrono::hours(24 * day))}}));
  const auto old = predictions_->prune(ctx_, at, {.days = 3});
  ASSERT_TRUE(old) << old.error().message << old.error().detail;
  EXPECT_EQ(*old, 1);  // the fourth is exactly three days old
  EXPECT_EQ(*predictions_->prune(ctx_, at, {.days = 3}), 0);
  const auto large = predictions_->prune(ctx_, at, {.days = 30, .prediction_bytes_max = 600});
  ASSERT_TRUE(large);
  EXPECT_EQ(*large, 2);
  EXPECT_EQ(*predictions_->prune(ctx_, at, {.days = 30, .prediction_bytes_max = 600}), 0);
  EXPECT_EQ(count("SELECT count(*) FROM predictions"), 2);
  EXPECT_EQ(count("SELECT count(*) FROM prediction_volumes"), 2);
  EXPECT_EQ(count("SELECT count(*) FROM audit_entries WHERE action = 'predictions.expire'"), 2);
}

TEST_P(MonitoringTest, ValuesComeBackBitForBitUnderBothNames) {
  const Timestamp at = now() - 1min;
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> values{0.1, -0.0, std::nan(""), infinity, -infinity};
  for (std::size_t i = 0; i < values.size(); ++i)
    record("prediction_accuracy", {values[i]}, at + std::chrono::seconds(i));
  record("prediction_latency", {5}, at);
  for (const char* name : {"accuracy", "prediction_accuracy"}) {
    const auto page = values_->list(ctx_, {.model_id = "m", .metric_name = name});
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->items.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(page->items[values.size() - 1 - i].value),
                std::bit_cast<std::uint64_t>(values[i]));
    EXPECT_EQ(page->items[0].metric_type, MetricType::accuracy);
  }
  const auto all = values_->list(ctx_, {.model_id = "m", .limit = 2});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->items.size(), 2U);
  ASSERT_TRUE(all->next_page_token);
  const auto rest = values_->list(ctx_, {.model_id = "m", .limit = 100, .page_token = *all->next_page_token});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->items.size(), 4U);
  EXPECT_FALSE(values_->list(ctx_, {.model_id = "m", .page_token = "nonsense"}));
}

TEST_P(MonitoringTest, ARareMetricIsListedBesideManyValues) {
  const Timestamp start = now() - 1h;
  record("zz_rare", {1}, start);
  record("prediction_latency", std::vector<double>(1'500, 2.0), start + 10min);
  record("prediction_latenc", {1}, start);  // a neighbour by name is another metric
  record("accuracy", {1}, start + 1min);
  record("prediction_accuracy", {1, 0}, start + 2min);
  record("other", {1}, start, "another model");
  const auto page = values_->metrics(ctx_, {.model_id = "m"});
  ASSERT_TRUE(page) << page.error().message << page.error().detail;
  std::vector<std::string> names;
  for (const MetricSummary& one : page->items) names.push_back(one.metric_name);
  EXPECT_EQ(names, (std::vector<std::string>{"accuracy", "prediction_accuracy", "prediction_latenc",
                                             "prediction_latency", "throughput", "zz_rare"}));
  const MetricSummary& throughput = page->items.at(4);
  EXPECT_TRUE(throughput.derived);
  EXPECT_EQ(throughput.count, 1'500);
  EXPECT_EQ(throughput.metric_type, MetricType::throughput);
  EXPECT_EQ(page->items.at(1).count, 2);
  EXPECT_EQ(page->items.at(1).first_time, start + 2min);
  EXPECT_EQ(page->items.at(0).last_time, start + 1min);
  EXPECT_FALSE(page->items.at(0).derived);

  std::vector<std::string> paged;  // one by one: none left out, none twice
  ListMetricNames request{.model_id = "m", .limit = 1};
  for (int calls = 0; calls < 10; ++calls) {
    const auto one = values_->metrics(ctx_, request);
    ASSERT_TRUE(one) << one.error().message;
    ASSERT_EQ(one->items.size(), 1U);
    paged.push_back(one->items[0].metric_name);
    if (!one->next_page_token) break;
    request.page_token = *one->next_page_token;
  }
  EXPECT_EQ(paged, names);

  const auto late = values_->metrics(ctx_, {.model_id = "m", .start = start + 5min});
  ASSERT_TRUE(late);
  ASSERT_EQ(late->items.size(), 2U);
  EXPECT_EQ(late->items[0].metric_name, "prediction_latency");
  EXPECT_EQ(late->items[1].metric_name, "throughput");
  record("throughput", {7}, start);
  const auto recorded = values_->metrics(ctx_, {.model_id = "m"});
  ASSERT_TRUE(recorded);
  ASSERT_EQ(recorded->items.size(), 6U);
  EXPECT_FALSE(recorded->items[4].derived);
  EXPECT_EQ(recorded->items[4].count, 1);
  EXPECT_TRUE(values_->metrics(ctx_, {.model_id = "unknown"})->items.empty());
}

TEST_P(MonitoringTest, BucketsHaveThePercentilesOfTheirStretch) {
  const Timestamp end{(now().us / 600'000'000) * 600'000'000};
  for (int batch = 0; batch < 10; ++batch) {
    std::vector<double> values;
    for (int i = 0; i < 10; ++i) values.push_back(batch * 10 + i + 1);
    record("prediction_latency", values, end - 30s);  // several batches meet in one roll-up
  }
  record("prediction_latency", {7, std::nan("")}, end - 75s);
  const auto list = values_->buckets(
      ctx_, {.model_id = "m", .name = "latency", .start = end - 10min, .end = end, .bucket_seconds = 60});
  ASSERT_TRUE(list) << list.error().message << list.error().detail;
  ASSERT_EQ(list->items.size(), 2U);
  const Bucket& small = list->items[0];
  EXPECT_EQ(small.count, 2);
  EXPECT_EQ(small.mean, 7);
  EXPECT_EQ(small.p99, 7);
  const Bucket& large = list->items[1];
  EXPECT_EQ(large.time, end - 60s);
  EXPECT_EQ(large.count, 100);
  EXPECT_DOUBLE_EQ(*large.mean, 50.5);
  EXPECT_EQ(large.min, 1);
  EXPECT_EQ(large.max, 100);
  EXPECT_NEAR(*large.p50, 50, 1);
  EXPECT_NEAR(*large.p95, 95, 1.5);
  EXPECT_NEAR(*large.p99, 99, 1.5);
  const auto throughput = values_->buckets(
      ctx_, {.model_id = "m", .name = "throughput", .start = end - 1min, .end = end, .bucket_seconds = 60});
  ASSERT_TRUE(throughput);
  ASSERT_EQ(throughput->items.size(), 1U);
  EXPECT_NEAR(*throughput->items[0].mean, 100.0 / 60, 1e-12);
  const auto coarse =
      values_->buckets(ctx_, {.model_id = "m", .name = "latency", .start = end - 720h, .end = end});
  ASSERT_TRUE(coarse) << coarse.error().message;
  std::int64_t counted = 0;
  for (const Bucket& bucket : coarse->items) counted += bucket.count;
  EXPECT_EQ(counted, 102);
}

TEST_P(MonitoringTest, BucketsThatAreNotKeptAreRefusedByName) {
  const Timestamp end = now();
  const auto fine = values_->buckets(
      ctx_, {.model_id = "m", .name = "x", .start = end - 72h, .end = end, .bucket_seconds = 60});
  ASSERT_FALSE(fine);
  EXPECT_EQ(fine.error().field, "bucket_seconds");
  const auto many = values_->buckets(
      ctx_, {.model_id = "m", .name = "x", .start = end - 24h, .end = end, .bucket_seconds = 10});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, Code::invalid);
  EXPECT_FALSE(values_->buckets(ctx_, {.model_id = "m", .name = "x", .start = end, .end = end}));
}

TEST_P(MonitoringTest, OldValuesAreForgotten) {
  const Timestamp at = now();
  record("x", {1, 2}, at - 72h);
  record("x", {3}, at);
  ASSERT_TRUE(values_->prune(ctx_, at, 30));
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_values"), 3);
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_rollups"), 3);  // the fine one of long ago is gone
  const auto dropped = values_->prune(ctx_, at, 2);
  ASSERT_TRUE(dropped) << dropped.error().message << dropped.error().detail;
  EXPECT_GT(*dropped, 0);
  EXPECT_EQ(*values_->prune(ctx_, at, 2), 0);
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_values"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_rollups"), 2);
}

// A removal of many rows must not keep other writers waiting: a batch is a transaction of its own.
TEST_P(MonitoringTest, WhatIsOldGoesInBatches) {
  const Timestamp at = now();
  RecordPredictions request;
  for (int i = 0; i < 700; ++i)  // in stretches of their own, so that the roll-ups are many as well
    request.predictions.push_back(prediction(i, at - 24h * 40 + std::chrono::minutes(5 * i)));
  ASSERT_TRUE(predictions_->record(ctx_, request));
  EXPECT_EQ(*predictions_->prune(ctx_, at, {.days = 30}), sql::kRemovedAtOnceMax);
  EXPECT_EQ(count("SELECT sum(predictions) FROM prediction_volumes"), 200);
  EXPECT_EQ(*predictions_->prune(ctx_, at, {.days = 30}), 200);
  EXPECT_EQ(count("SELECT count(*) FROM prediction_volumes"), 0);
  // Latency and error: 1,400 values and as many fine and coarse stretches.
  EXPECT_EQ(*values_->prune(ctx_, at, 30), 3 * sql::kRemovedAtOnceMax);
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_values"), 900);
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_rollups"), 1'800);
  while (*values_->prune(ctx_, at, 30) > 0) {
  }
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_values"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM monitoring_rollups"), 0);
}

TEST_P(MonitoringTest, ThresholdsAreChecked) {
  Threshold made;
  made.metric_name = "accuracy";
  EXPECT_EQ(thresholds_->create(ctx_, made).error().field, "warning_threshold");
  made.warning_threshold = std::nan("");
  EXPECT_EQ(thresholds_->create(ctx_, made).error().code, Code::invalid);
  made.warning_threshold = 0.9;
  made.threshold_id = "t";
  const auto created = thresholds_->create(ctx_, made);
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(created->metric_type, MetricType::accuracy);
  EXPECT_EQ(thresholds_->create(ctx_, made).error().code, Code::conflict);
  const auto changed =
      thresholds_->update(ctx_, {.threshold_id = "t", .operator_ = Operator::le, .minimum_samples = 3});
  ASSERT_TRUE(changed) << changed.error().message;
  const auto read = thresholds_->get(ctx_, {"t"});
  ASSERT_TRUE(read) << read.error().message << read.error().detail;
  EXPECT_EQ(read->operator_, Operator::le);
  EXPECT_EQ(read->minimum_samples, 3);
  EXPECT_EQ(read->warning_threshold, 0.9);
  EXPECT_EQ(read->critical_threshold, std::nullopt);
  EXPECT_NE(to_json(*read).find(R"("operator":"le")"), std::string::npos);
  ASSERT_TRUE(thresholds_->remove(ctx_, {"t"}));
  EXPECT_EQ(thresholds_->get(ctx_, {"t"}).error().code, Code::not_found);
  EXPECT_EQ(thresholds_->remove(ctx_, {"t"}).error().code, Code::not_found);
}

TEST_P(MonitoringTest, ThresholdsArePaged) {
  Threshold made;
  made.metric_name = "accuracy";
  made.warning_threshold = 0.9;
  made.created_at = now();  // the same for all: the id decides
  for (const char* id : {"b", "a", "d", "c", "e"}) {
    made.threshold_id = id;
    ASSERT_TRUE(thresholds_->create(ctx_, made));
  }
  std::string seen;
  ListThresholds request{.limit = 2};
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = thresholds_->list(ctx_, request);
    ASSERT_TRUE(page) << page.error().message;
    for (const Threshold& one : page->items)
      if (one.threshold_id.size() == 1) seen += one.threshold_id;  // not the one that is always there
    EXPECT_EQ(page->next_page_token.has_value(), pages < 2);
    request.page_token = page->next_page_token.value_or("");
  }
  EXPECT_EQ(seen, "abcde");
  EXPECT_EQ(thresholds_->list(ctx_, {.page_token = "x"}).error().field, "page_token");
}

TEST_P(MonitoringTest, AnAlertIsRaisedEscalatedAndResolved) {
  const Threshold made = threshold("accuracy", Operator::lt, 0.85, 0.75);
  const Timestamp start = now() - 1h;
  record("prediction_accuracy", {0, 0, 0}, start);
  EXPECT_TRUE(evaluate(start + 5s).raised.empty());  // too few to tell
  record("prediction_accuracy", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, start + 1s);
  const auto raised = evaluate(start + 10s);
  ASSERT_EQ(raised.raised.size(), 1U);
  EXPECT_EQ(raised.raised[0].severity, Severity::warning);
  EXPECT_DOUBLE_EQ(raised.raised[0].current_value, 0.8);
  EXPECT_EQ(raised.raised[0].threshold_value, 0.85);
  EXPECT_EQ(raised.raised[0].triggered_by_values.size(), 15U);
  EXPECT_NE(raised.raised[0].message.find("below the warning threshold 0.85"), std::string::npos)
      << raised.raised[0].message;
  EXPECT_TRUE(evaluate(start + 12s).raised.empty());  // it is open already
  record("prediction_accuracy", {0, 0, 0, 0, 0, 0}, start + 20s);
  EXPECT_TRUE(evaluate(start + 22s).raised.empty());
  const auto open = alerts_->list(ctx_, {.model_id = "m", .is_resolved = false});
  ASSERT_TRUE(open) << open.error().message << open.error().detail;
  ASSERT_EQ(open->items.size(), 1U);
  EXPECT_EQ(open->items[0].severity, Severity::critical);
  EXPECT_EQ(open->items[0].alert_id, raised.raised[0].alert_id);
  record("prediction_accuracy", {1, 1, 1, 1, 1, 1, 1}, start + 100s);
  const auto resolved = evaluate(start + 110s);
  ASSERT_EQ(resolved.resolved.size(), 1U);
  const auto all = alerts_->list(ctx_, {.threshold_id = made.threshold_id});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->items.size(), 1U);
  EXPECT_TRUE(all->items[0].is_resolved);
  EXPECT_EQ(all->items[0].resolved_at, start + 110s);
  EXPECT_EQ(count("SELECT count(*) FROM audit_entries WHERE object_type = 'alert'"), 3);
  EXPECT_EQ(count("SELECT count(*) FROM outbox WHERE topic = 'alerts'"), 3);
}

TEST_P(MonitoringTest, AfterAnAlertTheThresholdCoolsDown) {
  threshold("latency", Operator::gt, std::nullopt, 100);
  const Timestamp start = now() - 2h;
  const auto slow = [&](Timestamp at) { record("prediction_latency", {200, 200, 200, 200, 200}, at); };
  slow(start);
  ASSERT_EQ(evaluate(start + 5s).raised.size(), 1U);
  ASSERT_EQ(evaluate(start + 3min).resolved.size(), 1U);  // no values are left in the window
  slow(start + 10min);
  EXPECT_TRUE(evaluate(start + 10min + 5s).raised.empty());
  slow(start + 16min);
  EXPECT_EQ(evaluate(start + 16min + 5s).raised.size(), 1U);
}

TEST_P(MonitoringTest, FewValuesNeitherRaiseNorResolve) {
  threshold("latency", Operator::gt, std::nullopt, 100);
  const Timestamp start = now() - 2h;
  record("prediction_latency", {200, 200, 200, 200, 200}, start);
  ASSERT_EQ(evaluate(start + 5s).raised.size(), 1U);
  record("prediction_latency", {1}, start + 70s);
  EXPECT_TRUE(evaluate(start + 80s).resolved.empty());
}

TEST_P(MonitoringTest, AThresholdForEveryModelWatchesEachByItself) {
  Threshold made;
  made.metric_name = "error_rate";
  made.critical_threshold = 0.5;
  made.minimum_samples = 2;
  made.evaluation_window_minutes = 1;
  ASSERT_TRUE(thresholds_->create(ctx_, made));
  const Timestamp start = now() - 1h;
  record("prediction_error", {1, 1}, start, "bad");
  record("prediction_error", {0, 0}, start, "good");
  const auto evaluated = evaluate(start + 5s);
  ASSERT_EQ(evaluated.raised.size(), 1U);
  EXPECT_EQ(evaluated.raised[0].model_id, "bad");
}

TEST_P(MonitoringTest, AConstantRateIsReadAsItIsWhereverTheWindowBegins) {
  threshold("throughput", Operator::lt, std::nullopt, 9.5);
  const Timestamp start{stretch_start((now() - 1h).us, kCoarseSeconds)};
  for (int second = 0; second < 100; ++second) {
    record("prediction_latency", std::vector<double>(10, 5.0), start + std::chrono::seconds(second));
    if (second < 61) continue;
    const auto evaluated = evaluate(start + std::chrono::seconds(second) + 900ms, 0min);
    for (const Alert& alert : evaluated.raised)
      ADD_FAILURE() << "after " << second << " s: " << alert.message;
  }
  // It stands by what it is, too: half of it is half.
  for (int second = 100; second < 170; ++second)
    record("prediction_latency", std::vector<double>(5, 5.0), start + std::chrono::seconds(second));
  const auto halved = evaluate(start + 169s + 900ms);
  ASSERT_EQ(halved.raised.size(), 1U);
  EXPECT_NEAR(halved.raised[0].current_value, 5, 0.1);
}

TEST_P(MonitoringTest, AModelThatJustBeganIsNotTooSlowYet) {
  threshold("throughput", Operator::lt, std::nullopt, 9.5);
  const Timestamp start{stretch_start((now() - 1h).us, kCoarseSeconds) + 200'000'000};
  for (int second = 0; second < 30; ++second)
    record("prediction_latency", std::vector<double>(10, 5.0), start + std::chrono::seconds(second));
  EXPECT_TRUE(evaluate(start + 30s).raised.empty());
}

TEST_P(MonitoringTest, MissingPredictionsCrossAThroughputThreshold) {
  threshold("throughput", Operator::lt, std::nullopt, 0.01);
  const Timestamp start = now() - 1h;
  record("prediction_latency", {5}, start);
  EXPECT_TRUE(evaluate(start + 30s).raised.empty());  // there has been no whole window yet
  const auto evaluated = evaluate(start + 20min);
  ASSERT_EQ(evaluated.raised.size(), 1U);
  EXPECT_EQ(evaluated.raised[0].current_value, 0);
}

TEST_P(MonitoringTest, SwitchingOffOrDeletingAThresholdResolvesItsAlerts) {
  const Threshold first = threshold("latency", Operator::gt, std::nullopt, 100);
  const Threshold second = threshold("latency", Operator::gt, 50, std::nullopt);
  const Timestamp start = now() - 1h;
  record("prediction_latency", {200, 200, 200, 200, 200}, start);
  ASSERT_EQ(evaluate(start + 5s).raised.size(), 2U);
  ASSERT_TRUE(thresholds_->remove(ctx_, {first.threshold_id}));
  EXPECT_EQ(alerts_->list(ctx_, {.is_resolved = false})->items.size(), 1U);
  ASSERT_TRUE(thresholds_->update(ctx_, {.threshold_id = second.threshold_id, .alert_enabled = false}));
  EXPECT_EQ(evaluate(start + 7s).resolved.size(), 1U);
}

TEST_P(MonitoringTest, AlertsAreAcknowledgedAndResolvedByPeople) {
  threshold("latency", Operator::gt, std::nullopt, 100);
  const Timestamp start = now() - 1h;
  record("prediction_latency", {200, 200, 200, 200, 200}, start);
  const auto evaluated = evaluate(start + 5s);
  ASSERT_EQ(evaluated.raised.size(), 1U);
  const std::string id = evaluated.raised[0].alert_id;
  const auto seen = alerts_->acknowledge(ctx_, {.alert_id = id, .acknowledged_by = "ada"});
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_TRUE(seen->acknowledged);
  EXPECT_EQ(seen->acknowledged_by, "ada");
  EXPECT_EQ(alerts_->acknowledge(ctx_, {.alert_id = id, .acknowledged_by = "bob"})->acknowledged_by, "ada");
  const auto closed = alerts_->resolve(ctx_, {id, "instrument recalibrated"});
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->is_resolved);
  EXPECT_EQ(alerts_->resolve(ctx_, {id, ""})->resolved_at, closed->resolved_at);
  EXPECT_EQ(alerts_->acknowledge(ctx_, {.alert_id = id}).error().code, Code::conflict);
  EXPECT_EQ(alerts_->resolve(ctx_, {"nothing", ""}).error().code, Code::not_found);
  EXPECT_EQ(count("SELECT count(*) FROM audit_entries WHERE reason = 'instrument recalibrated'"), 1);
}

TEST_P(MonitoringTest, WhoLostTheLeaseChangesNothing) {
  threshold("latency", Operator::gt, std::nullopt, 100);
  const Timestamp start = now() - 1h;
  record("prediction_latency", {200, 200, 200, 200, 200}, start);
  sql::Leases leases(database());
  const auto held = leases.acquire("monitoring", "a", 1min);
  ASSERT_TRUE(held && *held);
  ASSERT_TRUE(leases.release(**held));
  const auto refused = alerts_->evaluate(start + 5s, 15min, &**held);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_TRUE(alerts_->list(ctx_, {})->items.empty());
}

TEST_P(MonitoringTest, HealthSumsUpTheLastHour) {
  EXPECT_EQ(health_->get(ctx_, {"m"}).error().code, Code::not_found);
  RecordPredictions request;
  for (int i = 1; i <= 100; ++i) {
    request.predictions.push_back(prediction(i, now() - 1min));
    request.predictions.back().success = i % 50 != 0;
  }
  request.predictions.push_back(prediction(1000, now() - 3h));
  ASSERT_TRUE(predictions_->record(ctx_, request));
  record("memory_usage_mb", {512}, now() - 20min);
  record("cpu_usage_percent", {10, 30}, now());
  const auto health = health_->get(ctx_, {"m"});
  ASSERT_TRUE(health) << health.error().message << health.error().detail;
  EXPECT_EQ(health->predictions_last_hour, 100);
  EXPECT_DOUBLE_EQ(health->average_latency_ms, 50.5);
  EXPECT_DOUBLE_EQ(health->error_rate_last_hour, 0.02);
  EXPECT_EQ(health->memory_usage_mb, 512);
  EXPECT_EQ(health->cpu_usage_percent, 20);
  EXPECT_EQ(health->model_version, "1.0.0");
  EXPECT_EQ(health->overall_health, Health::healthy);
  EXPECT_NEAR(health->health_score, 0.98, 1e-12);
  // Of the five minutes without the part of a stretch they begin in.
  EXPECT_GE(health->current_metrics.at("throughput"), 100.0 / 300);
  EXPECT_LE(health->current_metrics.at("throughput"), 100.0 / 290);
  ASSERT_TRUE(health->last_prediction);
  threshold("latency", Operator::gt, 10, 40);
  const auto evaluated = evaluate(now() - 30s);
  ASSERT_EQ(evaluated.raised.size(), 1U);
  const auto list = health_->list(ctx_, {});
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->items.size(), 1U);
  EXPECT_EQ(list->items[0].overall_health, Health::unhealthy);
  EXPECT_EQ(list->items[0].active_alerts, std::vector<std::string>{evaluated.raised[0].alert_id});
}

TEST_P(MonitoringTest, DroppedPredictionsRaiseAnAlertFromTheFirstDay) {
  const Timestamp at = now() - 1h;
  record("predictions_dropped", {12}, at);
  const auto evaluated = evaluate(at + 2s);
  ASSERT_EQ(evaluated.raised.size(), 1U);
  EXPECT_EQ(evaluated.raised[0].severity, Severity::critical);
}

}  // namespace
}  // namespace tracseq::monitoring
