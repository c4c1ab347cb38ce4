// SPDX-License-Identifier: MIT
#include "domain/tracking/tracking.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "base/id.h"
#include "domain/tracking/metrics.h"
#include "storage/sql/testing.h"

namespace tracseq::tracking {
namespace {

class TrackingTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    ledger = std::make_unique<audit::Ledger>(database());
    experiments = std::make_unique<Experiments>(database(), *ledger);
    runs = std::make_unique<Runs>(database(), *ledger);
    metrics = std::make_unique<Metrics>(database(), *ledger);
    ctx.actor.id = "os:tester@here";
  }
  tracking::Run start(const std::string& name, Json params = Json::object(), std::vector<Tag> tags = {}) {
    StartRun request;
    request.name = name;
    request.params = std::move(params);
    request.tags = std::move(tags);
    auto run = runs->start(ctx, request);
    EXPECT_TRUE(run) << run.error().message << " " << run.error().detail;
    return run.value_or(tracking::Run{});
  }
  void log(const std::string& run_id, const std::string& key, std::int64_t step, double value,
           std::int64_t us = 1000) {
    const auto logged = metrics->log(ctx, {run_id, {{"", key, step, {}, Timestamp{us}, value}}});
    ASSERT_TRUE(logged) << logged.error().message << " " << logged.error().detail;
  }
  std::vector<std::string> names(const ListRuns& request) {
    auto page = runs->list(ctx, request);
    EXPECT_TRUE(page) << page.error().message << " " << page.error().detail;
    std::vector<std::string> found;
    if (page)
      for (const tracking::Run& run : page->items) found.push_back(run.name);
    return found;
  }
  std::vector<std::string> matching(const std::string& query) {
    ListRuns request;
    request.query = query;
    request.order_by = "name asc";
    return names(request);
  }

  CallContext ctx;
  std::unique_ptr<audit::Ledger> ledger;
  std::unique_ptr<Experiments> experiments;
  std::unique_ptr<Runs> runs;
  std::unique_ptr<Metrics> metrics;
};
TRACSEQ_ON_BOTH_DATABASES(TrackingTest);

using Names = std::vector<std::string>;

TEST_P(TrackingTest, TheDefaultExperimentExistsAndStays) {
  const auto found = experiments->get(ctx, {0, {}});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->name, "Default");
  const auto removed = experiments->remove(ctx, {0, {}});
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, Code::conflict);
}

TEST_P(TrackingTest, ANameInTheTrashIsFreeAndComesBackOnlyIfStillFree) {
  const auto first = experiments->create(ctx, {"assay", "first"});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(experiments->create(ctx, {"assay", ""}).error().code, Code::conflict);
  ASSERT_TRUE(experiments->remove(ctx, {first->experiment_id, {}}));
  ASSERT_TRUE(experiments->create(ctx, {"assay", "second"}));
  const auto restored = experiments->restore(ctx, {first->experiment_id, {}});
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Code::conflict);
}

TEST_P(TrackingTest, ARunComesBackAsItWasStarted) {
  StartRun request;
  request.name = "first";
  request.params =
      *parse_json(R"({"lr": 0.001, "layers": [1, 2], "name": "x", "big": 9007199254740993, "n": null})");
  request.tags = {{"zeta", ""}, {"alpha", "1"}};
  request.config = *parse_json(R"({"train_split": 0.8})");
  const auto started = runs->start(ctx, request);
  ASSERT_TRUE(started) << started.error().message;
  const auto found = runs->get(ctx, {started->run_id, {}});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(to_json(*found), to_json(*started));
  EXPECT_EQ(found->params, request.params);
  ASSERT_EQ(found->tags.size(), 2U);
  EXPECT_EQ(found->tags[0].key, "zeta") << "tags keep their order";
  EXPECT_EQ(found->experiment_name, "Default");
}

TEST_P(TrackingTest, ParametersNeverChangeButMayBeAdded) {
  const tracking::Run run = start("r", *parse_json(R"({"lr": 0.1})"));
  UpdateRun change;
  change.run_id = run.run_id;
  change.params = *parse_json(R"({"lr": 0.1, "depth": 3})");
  const auto added = runs->update(ctx, change);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(dump_json(added->params), R"({"lr":0.1,"depth":3})");
  change.params = *parse_json(R"({"lr": 0.2})");
  EXPECT_EQ(runs->update(ctx, change).error().code, Code::conflict);
}

TEST_P(TrackingTest, AFinishedRunKeepsItsStatus) {
  const tracking::Run run = start("r");
  UpdateRun finish;
  finish.run_id = run.run_id;
  finish.status = RunStatus::completed;
  const auto finished = runs->update(ctx, finish);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_TRUE(finished->completed_at.has_value());
  finish.status = RunStatus::failed;
  EXPECT_EQ(runs->update(ctx, finish).error().code, Code::conflict);
}

TEST_P(TrackingTest, EveryDoubleComesBackBitForBit) {
  const tracking::Run run = start("r");
  const double payload_nan = [] {
    const std::uint64_t bits = 0x7ff8000000000123ULL;
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }();
  const std::vector<double> values{0.0,       -0.0,     0.1,         1e308,    5e-324,
                                   -HUGE_VAL, HUGE_VAL, payload_nan, 1.0 / 3.0};
  for (std::size_t i = 0; i < values.size(); ++i)
    log(run.run_id, "m", static_cast<std::int64_t>(i), values[i]);
  const auto series = metrics->series(ctx, {{run.run_id}, {"m"}, 0, {}, {}, {}});
  ASSERT_TRUE(series) << series.error().message;
  ASSERT_EQ(series->items.size(), 1U);
  ASSERT_EQ(series->items[0].values.size(), values.size());
  EXPECT_EQ(std::memcmp(series->items[0].values.data(), values.data(), values.size() * sizeof(double)), 0);
}

TEST_P(TrackingTest, APointLoggedTwiceIsStoredOnce) {
  const tracking::Run run = start("r");
  log(run.run_id, "loss", 1, 0.5);
  log(run.run_id, "loss", 1, 0.5);
  log(run.run_id, "loss", 1, std::nan(""));
  log(run.run_id, "loss", 1, std::nan(""));
  const auto series = metrics->series(ctx, {{run.run_id}, {}, 0, {}, {}, {}});
  ASSERT_TRUE(series) << series.error().message;
  EXPECT_EQ(series->items.at(0).values.size(), 2U);
}

TEST_P(TrackingTest, TheLastValueIsTheGreatestStepThenTime) {
  const tracking::Run run = start("r");
  log(run.run_id, "loss", 5, 0.5, 10);
  log(run.run_id, "loss", 3, 0.1, 99);
  log(run.run_id, "loss", 5, 0.7, 9);
  const auto found = runs->get(ctx, {run.run_id, {}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->metrics.at("loss"), 0.5);
}

TEST_P(TrackingTest, ABatchIsAllOrNothing) {
  const tracking::Run run = start("r");
  const auto logged =
      metrics->log(ctx, {run.run_id, {{"", "a", 1, {}, {}, 1.0}, {new_id(), "a", 1, {}, {}, 1.0}}});
  ASSERT_FALSE(logged);
  EXPECT_EQ(logged.error().code, Code::not_found);
  const auto series = metrics->series(ctx, {{run.run_id}, {}, 0, {}, {}, {}});
  ASSERT_TRUE(series);
  EXPECT_TRUE(series->items.empty());
  log(run.run_id, "a", 1, 1.0);  // the series made by the failed batch must not be remembered
  EXPECT_EQ(runs->get(ctx, {run.run_id, {}})->metrics.at("a"), 1.0);
}

TEST_P(TrackingTest, QueriesFindWhatTheySay) {
  const tracking::Run a = start("a", *parse_json(R"({"lr": 0.1, "kind": "tree"})"), {{"team", "x"}});
  const tracking::Run b = start("b", *parse_json(R"({"lr": 0.001, "kind": "linear"})"), {{"team", "y"}});
  const tracking::Run c = start("c");
  log(a.run_id, "auc", 1, 0.9);
  log(b.run_id, "auc", 1, 0.8);
  log(c.run_id, "auc", 1, std::nan(""));
  log(c.run_id, "zero", 1, -0.0);
  EXPECT_EQ(matching("metrics.auc > 0.85"), Names{"a"});
  EXPECT_EQ(matching("metrics.auc >= 0.8 and params.lr < 0.01"), Names{"b"});
  EXPECT_EQ(matching("metrics.auc <= 1e9"), (Names{"a", "b"})) << "NaN matches no comparison";
  EXPECT_EQ(matching("metrics.auc != 0.9"), (Names{"b", "c"}));
  EXPECT_EQ(matching("metrics.zero = 0"), Names{"c"});
  EXPECT_EQ(matching("metrics.zero < 0"), Names{});
  EXPECT_EQ(matching("params.kind = 'tree' OR tags.team = 'y'"), (Names{"a", "b"}));
  EXPECT_EQ(matching("NOT (params.kind LIKE '%ree' OR name = 'b')"), Names{"c"});
  EXPECT_EQ(matching("tags.team IS NULL"), Names{"c"});
  EXPECT_EQ(matching("params.\"lr\" IS NOT NULL and name ilike 'A'"), Names{"a"});
  EXPECT_EQ(matching("status = 'running'").size(), 3U);
}

TEST_P(TrackingTest, QueriesThatMakeNoSenseSayWhere) {
  for (const char* query :
       {"metrics.auc >", "metrics.auc > 'x'", "auc > 1", "name = 1", "(name = 'a'", "name = 'a' name",
        "name = 'a", "metrics.auc > 1e999", "params.x LIKE 3", "name ~ 'a'"}) {
    ListRuns request;
    request.query = query;
    const auto page = runs->list(ctx, request);
    ASSERT_FALSE(page) << query;
    EXPECT_EQ(page.error().code, Code::invalid) << query;
    EXPECT_EQ(page.error().field, "query") << query;
  }
}

TEST_P(TrackingTest, PagesFollowAnyOrderWithoutLossOrRepeat) {
  for (int i = 0; i < 9; ++i) {
    const tracking::Run run = start("r" + std::to_string(i));
    if (i % 3 != 0) log(run.run_id, "auc", 1, i % 2 == 0 ? 0.5 : -1.5 * i);
    if (i % 4 != 0) log(run.run_id, "roc, auc", 1, i % 2);
  }
  for (const char* order :
       {"created_at desc", "created_at asc", "metrics.auc desc", "metrics.auc asc", "name desc",
        "status asc, metrics.auc desc, name asc", "metrics.`roc, auc` desc,metrics.auc asc",
        "completed_at desc, metrics.auc desc"}) {
    ListRuns whole;
    whole.order_by = order;
    const Names expected = names(whole);
    ASSERT_EQ(expected.size(), 9U) << order;
    Names seen;
    ListRuns request;
    request.order_by = order;
    request.limit = 2;
    for (int pages = 0; pages < 6; ++pages) {
      const auto page = runs->list(ctx, request);
      ASSERT_TRUE(page) << page.error().message;
      EXPECT_EQ(page->total, 9);
      for (const tracking::Run& run : page->items) seen.push_back(run.name);
      if (!page->next_page_token) break;
      request.page_token = *page->next_page_token;
    }
    EXPECT_EQ(seen, expected) << order;
  }
}

TEST_P(TrackingTest, PagesFollowTextsThatLookLikeNumbersAndNumbersThatAreNone) {
  const Names texts{"1.10", "1e5", "4.20", "007", "null", "9007199254740993"};
  for (std::size_t i = 0; i < texts.size(); ++i)
    start(texts[i], Json::object().set("lr", i < 2 ? 0.0 : i < 4 ? 0.1 : 0.2), {{"version", texts[i]}});
  for (const char* order :
       {"name asc", "name desc", "tags.version asc", "tags.version desc", "params.lr desc"}) {
    ListRuns whole;
    whole.order_by = order;
    const Names expected = names(whole);
    ASSERT_EQ(expected.size(), texts.size()) << order;
    Names seen;
    ListRuns request;
    request.order_by = order;
    request.limit = 1;
    for (std::size_t pages = 0; pages <= texts.size(); ++pages) {
      const auto page = runs->list(ctx, request);
      ASSERT_TRUE(page) << page.error().message << page.error().detail;
      for (const tracking::Run& run : page->items) seen.push_back(run.name);
      if (!page->next_page_token) break;
      request.page_token = *page->next_page_token;
    }
    EXPECT_EQ(seen, expected) << order;
  }
  ListRuns request;
  request.order_by = "name asc";
  request.limit = 1;
  request.page_token = *runs->list(ctx, request)->next_page_token;
  request.order_by = "created_at desc";
  const auto mixed = runs->list(ctx, request);  // the token is of another order
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Code::invalid);
  EXPECT_EQ(mixed.error().field, "page_token");
}

TEST_P(TrackingTest, OrdersByTheNextKeyWhatIsEqualByTheFirst) {
  for (int i = 0; i < 4; ++i) {
    const tracking::Run run = start("r" + std::to_string(i));
    log(run.run_id, "roc, auc", 1, i < 2 ? 0 : 1);
    if (i != 1) log(run.run_id, "loss", 1, i);
  }
  ListRuns request;
  request.order_by = "metrics.`roc, auc` desc, metrics.loss asc";
  EXPECT_EQ(names(request), (Names{"r2", "r3", "r0", "r1"}));
  request.order_by = "metrics.\"roc, auc\" asc,metrics.loss desc";
  EXPECT_EQ(names(request), (Names{"r0", "r1", "r3", "r2"}));
  for (const char* order : {"name,", ",name", "name, nothing", "name, name, name, name, name"}) {
    request.order_by = order;
    const auto page = runs->list(ctx, request);
    ASSERT_FALSE(page) << order;
    EXPECT_EQ(page.error().field, "order_by") << order;
  }
}

TEST_P(TrackingTest, TrashHidesRestoresAndIsEmptied) {
  const tracking::Run run = start("r");
  log(run.run_id, "a", 1, 1.0);
  ASSERT_TRUE(runs->remove(ctx, {run.run_id, "not needed"}));
  EXPECT_TRUE(names({}).empty());
  EXPECT_EQ(metrics->log(ctx, {run.run_id, {{"", "a", 2, {}, {}, 1.0}}}).error().code, Code::not_found);
  ASSERT_TRUE(runs->restore(ctx, {run.run_id, {}}));
  EXPECT_EQ(names({}).size(), 1U);
  ASSERT_TRUE(runs->remove(ctx, {run.run_id, {}}));
  EXPECT_EQ(runs->purge(ctx, now(), 10).value_or(-1), 1);
  EXPECT_EQ(runs->get(ctx, {run.run_id, {}}).error().code, Code::not_found);
}

// A run that is restored after purge has listed it and before it comes to it.
TEST_P(TrackingTest, PurgeLeavesARunThatWasRestoredMeanwhile) {
  // On SQLite the restoring shares the commit of the first purge, so that it surely comes before the second.
  const auto held = sql::open_database(url(), {.turn_hold = std::chrono::seconds(10)});
  ASSERT_TRUE(held) << held.error().message;
  audit::Ledger held_ledger(**held);
  Runs held_runs(**held, held_ledger);
  const tracking::Run first = start("first");
  const tracking::Run second = start("second");
  ASSERT_TRUE(runs->remove(ctx, {first.run_id, {}}));
  ASSERT_TRUE(runs->remove(ctx, {second.run_id, {}}));
  std::thread restoring;
  const auto purged =
      held_runs.purge(ctx, now() + std::chrono::hours(1), 10, [&](sql::Transaction&, const std::string& id) {
        if (id != first.run_id) return Result<void>{};
        restoring = std::thread([&] { EXPECT_TRUE(held_runs.restore(ctx, {second.run_id, {}})); });
        if (on_sqlite())
          std::this_thread::sleep_for(std::chrono::milliseconds(300));
        else
          restoring.join();
        return Result<void>{};
      });
  if (restoring.joinable()) restoring.join();
  EXPECT_EQ(purged.value_or(-1), 1);
  EXPECT_EQ(names({}), Names{"second"});
  EXPECT_EQ(runs->purge(ctx, now() + std::chrono::hours(1), 10).value_or(-1), 0);
}

TEST_P(TrackingTest, PurgeRemovesExperimentsOnceTheirRunsAreGone) {
  const auto gone = experiments->create(ctx, {"gone", ""});
  const auto young = experiments->create(ctx, {"young", ""});
  ASSERT_TRUE(gone && young);
  StartRun request;
  request.experiment_id = gone->experiment_id;
  ASSERT_TRUE(runs->start(ctx, request));
  ASSERT_TRUE(experiments->remove(ctx, {gone->experiment_id, {}}));
  const Timestamp between = now();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ASSERT_TRUE(experiments->remove(ctx, {young->experiment_id, {}}));
  // Default in the trash: cannot happen, and would not matter.
  ASSERT_TRUE(database().write([](sql::Transaction& tx) {
    return tx.execute({"test.trash", "UPDATE experiments SET deleted_at = 1 WHERE experiment_id = 0"}, {});
  }));
  EXPECT_EQ(experiments->purge(ctx, between, 10).value_or(-1), 0) << "its run is still in the trash";
  EXPECT_EQ(runs->purge(ctx, between, 10).value_or(-1), 1);
  EXPECT_EQ(experiments->purge(ctx, between, 10).value_or(-1), 1);
  EXPECT_EQ(experiments->get(ctx, {gone->experiment_id, {}}).error().code, Code::not_found);
  EXPECT_TRUE(experiments->get(ctx, {young->experiment_id, {}}));
  EXPECT_TRUE(experiments->get(ctx, {0, {}}));
  audit::EntryFilter filter;
  filter.action = "experiment.purge";
  EXPECT_EQ(ledger->list(ctx, filter)->items.size(), 1U);
}

TEST_P(TrackingTest, DeletingAnExperimentTakesItsRunsAndGivesThemBack) {
  const auto experiment = experiments->create(ctx, {"assay", ""});
  ASSERT_TRUE(experiment);
  StartRun request;
  request.experiment_id = experiment->experiment_id;
  request.name = "kept";
  ASSERT_TRUE(runs->start(ctx, request));
  request.name = "in the trash before";
  const auto before = runs->start(ctx, request);
  ASSERT_TRUE(before);
  ASSERT_TRUE(runs->remove(ctx, {before->run_id, {}}));
  ASSERT_TRUE(experiments->remove(ctx, {experiment->experiment_id, {}}));
  EXPECT_TRUE(names({}).empty());
  ASSERT_TRUE(experiments->restore(ctx, {experiment->experiment_id, {}}));
  EXPECT_EQ(names({}), Names{"kept"});
}

TEST_P(TrackingTest, DownsamplingKeepsFirstLastAndExtremes) {
  const tracking::Run run = start("r");
  LogMetrics batch{run.run_id, {}};
  for (int i = 0; i < 5000; ++i) {
    const double value = i == 1234 ? 100.0 : i == 4321 ? -100.0 : std::sin(i * 0.01);
    batch.points.push_back({"", "wave", i, {}, Timestamp{i}, value});
  }
  ASSERT_TRUE(metrics->log(ctx, batch));
  const auto list = metrics->series(ctx, {{run.run_id}, {"wave"}, 100, {}, {}, {}});
  ASSERT_TRUE(list) << list.error().message;
  const Series& series = list->items.at(0);
  EXPECT_EQ(series.total_points, 5000);
  EXPECT_LE(series.values.size(), 100U);
  EXPECT_EQ(series.steps.front(), 0);
  EXPECT_EQ(series.steps.back(), 4999);
  EXPECT_EQ(*std::max_element(series.values.begin(), series.values.end()), 100.0);
  EXPECT_EQ(*std::min_element(series.values.begin(), series.values.end()), -100.0);
}

TEST_P(TrackingTest, LongSeriesComeByPagesWithoutLossOrRepeat) {
  const std::string run_id = start("long").run_id;
  constexpr std::int64_t kCount = kPointsPerPageMax + 20'000;
  LogMetrics batch{run_id, {}};
  for (std::int64_t i = 0; i < kCount; ++i) {  // seven of a step and a time: told apart by their arrival
    batch.points.push_back({"", "a", i / 7, {}, Timestamp{1000}, static_cast<double>(-i)});
    if (std::ssize(batch.points) == kPointsPerPageMax || i + 1 == kCount) {
      ASSERT_TRUE(metrics->log(ctx, batch));
      batch.points.clear();
    }
  }
  log(run_id, "b", 1, 0.5);
  std::vector<double> values;
  std::vector<std::string> ends;
  GetSeries request{.run_id = {run_id}};
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = metrics->series(ctx, request);
    ASSERT_TRUE(page) << page.error().message << page.error().detail;
    std::int64_t points = 0;
    for (const Series& one : page->items) {
      points += std::ssize(one.steps);
      EXPECT_EQ(one.total_points, one.key == "a" ? kCount : 1);
      if (one.key == "a") values.insert(values.end(), one.values.begin(), one.values.end());
    }
    EXPECT_LE(points, kPointsPerPageMax);
    ends.push_back(page->items.back().key);
    if (!page->next_page_token) break;
    request.page_token = *page->next_page_token;
  }
  EXPECT_EQ(ends, (Names{"a", "b"}));
  ASSERT_EQ(std::ssize(values), kCount);
  for (std::int64_t i = 0; i < kCount; ++i) ASSERT_EQ(values[static_cast<std::size_t>(i)], -i) << i;
  request.page_token = "forged";
  EXPECT_EQ(metrics->series(ctx, request).error().field, "page_token");
  request = {.run_id = {run_id}, .max_points = 100};
  const auto sampled = metrics->series(ctx, request);
  ASSERT_TRUE(sampled);
  EXPECT_EQ(sampled->items.size(), 2U);
  EXPECT_EQ(sampled->items[0].total_points, kCount);
  EXPECT_FALSE(sampled->next_page_token);
}

}  // namespace
}  // namespace tracseq::tracking
