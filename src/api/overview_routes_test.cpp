// SPDX-License-Identifier: MIT
#include "api/overview_routes.h"

#include <gtest/gtest.h>

#include <map>

namespace tracseq::api {
namespace {

// A table whose lists answer fixed rows; each needs the permission "<name>:read".
class OverviewTest : public ::testing::Test {
 protected:
  void answer(const std::string& path, const std::string& permission, std::string body) {
    Route route;
    route.method = Method::get;
    route.path = path;
    route.permission = permission;
    route.effect = Effect::reads;
    route.summary = "rows";
    route.runs = RunsOn::immediate;
    route.handler = [body = std::move(body)](const CallContext&, Request&) -> Result<Response> {
      return Response::json(body);
    };
    router_.add(std::vector<Route>{std::move(route)});
  }

  Overview ask(std::set<std::string> permissions = {"*"}) {
    std::vector<Route> own;
    own.push_back(overview_route(router_));
    CallContext ctx;
    ctx.actor.permissions = std::move(permissions);
    Request request;
    request.path = "/api/v1/overview";
    const auto response = own.front().handler(ctx, request);
    EXPECT_TRUE(response) << response.error().message;
    auto overview = from_json<Overview>(response->body);
    EXPECT_TRUE(overview) << overview.error().message;
    return overview ? std::move(*overview) : Overview{};
  }

  static const Tile& find(const std::vector<Tile>& tiles, const std::string& key) {
    for (const Tile& tile : tiles)
      if (tile.key == key) return tile;
    ADD_FAILURE() << "no tile " << key;
    static const Tile none;
    return none;
  }

  metrics::Registry metrics_;
  Router router_{metrics_};
};

TEST_F(OverviewTest, WithoutAnyOtherRouteEveryGroupIsThereAndEmpty) {
  const Overview overview = ask();
  EXPECT_EQ(overview.model_performance.size(), 6U);
  EXPECT_EQ(overview.system.size(), 5U);
  EXPECT_EQ(overview.data_quality.size(), 4U);
  EXPECT_EQ(overview.operations.size(), 6U);
  EXPECT_FALSE(find(overview.model_performance, "accuracy").value);
  EXPECT_TRUE(overview.attention.empty());
  EXPECT_TRUE(overview.production.empty());
}

TEST_F(OverviewTest, WhatTheCallerMayNotReadIsLeftOut) {
  answer("/api/v1/audit", "audit:read",
         R"({"items":[{"entry_id":"e","time":"2026-01-01T00:00:00Z","action":"run.start","object_type":"run",
             "object_id":"r","actor":"os:a@b","reason":""}]})");
  EXPECT_EQ(ask().activity.size(), 1U);
  EXPECT_TRUE(ask({"session:read", "runs:read"}).activity.empty());
}

TEST_F(OverviewTest, AppendedDataAndTheProgramsOwnWorkAreNoNews) {
  answer("/api/v1/audit", "audit:read",
         R"({"items":[{"entry_id":"1","action":"metrics.append","actor":"os:a@b"},
                      {"entry_id":"2","action":"job.claim","actor":"system:worker"},
                      {"entry_id":"3","action":"run.start","actor":"os:a@b"}]})");
  const Overview overview = ask();
  ASSERT_EQ(overview.activity.size(), 1U);
  EXPECT_EQ(overview.activity[0].entry_id, "3");
}

TEST_F(OverviewTest, ReportsBecomeSeriesOldestFirstWithTheChangeSinceTheOneBefore) {
  answer("/api/v1/quality-reports", "data:read",
         R"({"items":[{"status":"pending"},
                      {"status":"completed","quality_score":0.9,"missing_value_percentage":2.0,"duplicate_rows":3,
                       "issues":[{"type":"schema_mismatch","count":5},{"type":"outliers","count":7}]},
                      {"status":"failed"},
                      {"status":"completed","quality_score":0.8,"missing_value_percentage":4.0,"duplicate_rows":0,"issues":[]}]})");
  const Overview overview = ask();
  const Tile& score = find(overview.data_quality, "quality_score");
  ASSERT_EQ(score.series.size(), 2U);
  EXPECT_DOUBLE_EQ(*score.series[0], 0.8);
  EXPECT_DOUBLE_EQ(*score.value, 0.9);
  EXPECT_NEAR(*score.delta, 0.1, 1e-12);
  EXPECT_EQ(score.delta_against, "the report before");
  EXPECT_DOUBLE_EQ(*find(overview.data_quality, "missing").value, 0.02);
  EXPECT_DOUBLE_EQ(*find(overview.data_quality, "mismatched").value, 5);
}

TEST_F(OverviewTest, ProductionShowsHealthAndScoresThatWereGiven) {
  answer(
      "/api/v1/model-versions", "models:read",
      R"({"items":[{"model_id":"m","name":"M","version":"1.1.0","accuracy":0.97,"precision":0.96,"recall":0.95,"f1_score":0.0}]})");
  answer("/api/v1/monitoring/models", "monitoring:read",
         R"({"items":[{"model_id":"m","overall_health":"degraded","predictions_last_hour":200,
             "error_rate_last_hour":0.05,"memory_usage_mb":88.0,"cpu_usage_percent":"NaN",
             "current_metrics":{"throughput":1.5}},
            {"model_id":"n","predictions_last_hour":100,"error_rate_last_hour":0.05,"memory_usage_mb":88.0,
             "current_metrics":{"throughput":0.25}},
            {"model_id":"labels only","current_metrics":{"accuracy":0.9}}]})");
  const Overview overview = ask();
  EXPECT_DOUBLE_EQ(*find(overview.model_performance, "accuracy").value, 0.97);
  EXPECT_FALSE(find(overview.model_performance, "f1_score").value);
  EXPECT_DOUBLE_EQ(*find(overview.model_performance, "error_rate").value, 0.05);
  EXPECT_DOUBLE_EQ(*find(overview.model_performance, "precision").value, 0.96);
  EXPECT_DOUBLE_EQ(*find(overview.model_performance, "recall").value, 0.95);
  EXPECT_DOUBLE_EQ(*find(overview.system, "throughput").value, 1.75);
  EXPECT_DOUBLE_EQ(*find(overview.system, "predictions").value, 300);
  // One process that serves both models says so for each: its memory counts once.
  EXPECT_DOUBLE_EQ(*find(overview.system, "memory").value, 88);
  EXPECT_FALSE(find(overview.system, "cpu").value);
  ASSERT_EQ(overview.production.size(), 1U);
  EXPECT_EQ(overview.production[0].health, "degraded");
  EXPECT_DOUBLE_EQ(*overview.production[0].predictions_per_hour, 200);
  EXPECT_FALSE(overview.production[0].since);
}

TEST_F(OverviewTest, AttentionIsNewestFirstAndForgetsWhatFailedLongAgo) {
  const std::string recent = format_rfc3339(now() - std::chrono::minutes{5});
  answer(
      "/api/v1/runs", "runs:read",
      R"({"items":[{"run_id":"r1","name":"a","status":"failed","created_at":")" + recent +
          R"(","completed_at":")" + recent +
          R"("},{"run_id":"r2","name":"b","status":"failed","created_at":"2020-01-01T00:00:00Z","completed_at":"2020-01-01T00:00:00Z"}]})");
  answer("/api/v1/alerts", "alerts:read",
         R"({"items":[{"alert_id":"x","severity":"critical","message":"slow","created_at":")" +
             format_rfc3339(now() - std::chrono::minutes{1}) + R"("}]})");
  const Overview overview = ask();
  ASSERT_EQ(overview.attention.size(), 2U);
  EXPECT_EQ(overview.attention[0].object_id, "x");
  EXPECT_EQ(overview.attention[1].object_id, "r1");
  EXPECT_DOUBLE_EQ(*find(overview.operations, "runs").value, 1);
  EXPECT_DOUBLE_EQ(*find(overview.operations, "alerts").value, 1);
}

TEST_F(OverviewTest, DeploymentsAndTestsCountAndThoseThatWaitForSomebodyAreNamed) {
  const std::string recent = format_rfc3339(now() - std::chrono::minutes{5});
  const auto deployment = [&](const std::string& id, const std::string& rest) {
    return R"({"deployment_id":")" + id + R"(","model_id":"m","model_version":"2","environment":"staging",)" +
           R"("phase_since":")" + recent + R"(",)" + rest + "}";
  };
  answer("/api/v1/deployments", "deployments:read",
         R"({"items":[)" +
             deployment("d1",
                        R"("status":"deploying","phase":"analysing","paused":true,"pause_reason":"wait")") +
             "," + deployment("d2", R"("status":"deploying","phase":"analysing","verdict":"success")") + "," +
             deployment("d3", R"("status":"deployed","phase":"live")") + "," +
             deployment("d4", R"("status":"rolled_back","phase":"ended","error_message":"9 of 20 failed")") +
             "," + deployment("d5", R"("status":"rolled_back","phase":"ended")") + "," +
             R"({"deployment_id":"d6","status":"failed","phase":"ended","phase_since":"2020-01-01T00:00:00Z",
                 "error_message":"long ago"}]})");
  answer("/api/v1/abtests", "abtests:read",
         R"({"items":[{"test_id":"t1","name":"One","status":"running","started_at":")" + recent +
             R"(","plan":{"variants":[{"name":"control","model_id":"m"}]}},
             {"test_id":"t2","name":"Two","status":"paused","status_reason":"guardrail latency is broken"},
             {"test_id":"t3","status":"completed","significant":true},
             {"test_id":"t4","status":"completed","significant":false},
             {"test_id":"t5","status":"planning"}]})");
  answer("/api/v1/abtests/t1/results", "abtests:read",
         R"({"verdict":{"decision":"better","variant":"b","reason":"b is better"}})");
  answer("/api/v1/abtests/t2/results", "abtests:read", R"({"verdict":{"decision":"none","reason":""}})");
  answer("/api/v1/model-versions", "models:read", R"({"items":[{"model_id":"m","version":"1"}]})");

  const Overview overview = ask();
  EXPECT_DOUBLE_EQ(*find(overview.operations, "deployments_completed").value, 0.25);
  EXPECT_DOUBLE_EQ(*find(overview.operations, "abtests_significant").value, 0.5);
  std::map<std::string, std::string> said;
  for (const Attention& one : overview.attention) said[one.object_id] = one.severity + ": " + one.message;
  EXPECT_EQ(said, (std::map<std::string, std::string>{
                      {"d1", "warning: Roll-out of m 2 in staging is paused: wait"},
                      {"d2", "info: Roll-out of m 2 in staging waits to be promoted"},
                      {"d4", "warning: Roll-out of m 2 in staging was rolled back: 9 of 20 failed"},
                      {"t1", "info: A/B test “One”: b is better"},
                      {"t2", "warning: A/B test “Two” is paused: guardrail latency is broken"}}));
  ASSERT_EQ(overview.production.size(), 1U);
  EXPECT_EQ(overview.production[0].test_id, "t1");
  const Overview less = ask({"session:read", "models:read"});
  EXPECT_TRUE(less.attention.empty());
  EXPECT_FALSE(find(less.operations, "abtests_significant").value);
}

}  // namespace
}  // namespace tracseq::api
