// SPDX-License-Identifier: MIT
// No id is taken that no address reaches afterwards, whichever resource it names.
#include <fmt/core.h>

#include <array>

#include "api/testing.h"

namespace tracseq::api {
namespace {

class IdentifiersTest : public testing::CoreTest {
 protected:
  Response post(const std::string& path, std::string body) {
    auto request = make_request(Method::post, path, std::move(body));
    EXPECT_TRUE(request) << request.error().message;
    return core_->router().dispatch(embedded_context(), *request);
  }
};
TRACSEQ_ON_BOTH_DATABASES(IdentifiersTest);

struct Creation {
  std::string path;
  std::string field;
  std::string before, after;  // of the id in the body
};

const std::array<Creation, 10> kCreations{{
    {"/api/v1/schemas", "schema_id", R"({"name": "n", "columns": {"a": {"type": "float"}}, "schema_id": )",
     "}"},
    {"/api/v1/feature-configs", "config_id", R"({"name": "n", "numeric_features": ["a"], "config_id": )",
     "}"},
    {"/api/v1/thresholds", "threshold_id",
     R"({"metric_name": "m", "warning_threshold": 1, "model_id": "q", "threshold_id": )", "}"},
    {"/api/v1/thresholds", "model_id", R"({"metric_name": "m", "warning_threshold": 1, "model_id": )", "}"},
    {"/api/v1/monitoring/metrics", "metrics[0].model_id",
     R"({"metrics": [{"metric_name": "m", "value": 1, "model_id": )", "}]}"},
    {"/api/v1/predictions", "predictions[0].model_id", R"({"predictions": [{"latency_ms": 1, "model_id": )",
     "}]}"},
    {"/api/v1/models", "model_id", R"({"name": "n", "model_id": )", "}"},
    {"/api/v1/models/good-1.0/versions", "version", R"({"name": "n", "version": )", "}"},
    {"/api/v1/quality-reports", "report_id",
     R"({"schema_id": "good-1.0", "path": "/table.csv", "report_id": )", "}"},
    {"/api/v1/pipeline-runs", "run_id",
     R"({"pipeline_id": "p", "schema_id": "good-1.0", "feature_config_id": "good-1.0", "path": "/table.csv",
         "run_id": )",
     "}"},
}};

TEST_P(IdentifiersTest, WhatNoAddressReachesIsRefused) {
  for (const Creation& creation : kCreations) {
    for (const char* id : {R"("a/b")", R"("..")", R"("a\nb")", R"("a%2fb")"}) {
      const Response answer = post(creation.path, creation.before + id + creation.after);
      EXPECT_EQ(answer.status, 400) << creation.path << " " << id << ": " << answer.body;
      EXPECT_NE(answer.body.find(fmt::format("\"field\":\"{}\"", creation.field)), std::string::npos)
          << answer.body;
    }
    const Response answer = post(creation.path, creation.before + R"("good-1.0")" + creation.after);
    EXPECT_LT(answer.status, 300) << creation.path << ": " << answer.body;
  }
}

}  // namespace
}  // namespace tracseq::api
