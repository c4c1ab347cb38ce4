// SPDX-License-Identifier: MIT
#include "api/monitoring_routes.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace tracseq::api {
namespace {

class MonitoringRoutesTest : public testing::CoreTest {
 protected:
  Json call(Method method, const std::string& path, int status, std::string body = {}) {
    auto request = make_request(method, path, std::move(body));
    EXPECT_TRUE(request) << request.error().message;
    const Response response = core_->router().dispatch(embedded_context(), *request);
    EXPECT_EQ(response.status, status) << path << " " << response.body;
    return parse_json(response.body).value_or(Json());
  }
  static std::size_t items(const Json& page) {
    const Json* list = page.find("items");
    return list != nullptr && list->is_array() ? list->as_array()->size() : 0;
  }
  static std::string text(const Json& document, std::string_view field) {
    const Json* found = document.find(field);
    return found != nullptr ? found->string_or("") : "";
  }
  // Runs the driver's step of this name once.
  std::int64_t drive(const std::string& name) {
    sql::Leases leases(core_->database());
    const auto lease = leases.acquire("driver", "test", std::chrono::minutes(1));
    if (!lease || !*lease) return -3;
    for (const DriverStep& step : core_->driver_steps())
      if (step.name == name) return step.run(embedded_context(), **lease).value_or(-1);
    return -2;
  }
};
TRACSEQ_ON_BOTH_DATABASES(MonitoringRoutesTest);

TEST_P(MonitoringRoutesTest, FromAPredictionToAnAlertAndBack) {
  std::string batch = R"({"predictions": [)";
  for (int i = 0; i < 12; ++i)
    batch += std::string(i == 0 ? "" : ",") +
             R"({"model_id": "qc", "model_version": "1.0.0", "request_id": "r)" + std::to_string(i) +
             R"(", "latency_ms": 250.5, "inputs": {"a": 1}, "outputs": {"label": "pass"}})";
  EXPECT_EQ(*call(Method::post, "/api/v1/predictions", 201, batch + "]}").find("recorded"), Json(12));
  EXPECT_EQ(items(call(Method::get, "/api/v1/predictions?model_id=qc&limit=5", 200)), 5U);
  EXPECT_EQ(items(call(Method::get, "/api/v1/predictions?request_id=r3&success=true", 200)), 1U);
  EXPECT_EQ(items(call(Method::get, "/api/v1/monitoring/series?model_id=qc&name=prediction_latency", 200)),
            1U);
  EXPECT_EQ(items(call(Method::get, "/api/v1/monitoring/models", 200)), 1U);

  const Json threshold =
      call(Method::post, "/api/v1/thresholds", 201,
           R"({"model_id": "qc", "metric_name": "latency", "operator": "gt", "critical_threshold": 200})");
  const std::string threshold_path = "/api/v1/thresholds/" + text(threshold, "threshold_id");
  EXPECT_EQ(text(threshold, "metric_type"), "latency");
  EXPECT_EQ(items(call(Method::get, "/api/v1/thresholds?model_id=qc", 200)),
            2U);  // and the one for every model
  EXPECT_GE(drive("monitoring.evaluate"), 1);
  const Json alerts =
      call(Method::get, "/api/v1/alerts?model_id=qc&is_resolved=false&severity=critical", 200);
  ASSERT_EQ(items(alerts), 1U);
  const std::string alert_path =
      "/api/v1/alerts/" + text(alerts.find("items")->as_array()->front(), "alert_id");
  EXPECT_EQ(text(call(Method::get, "/api/v1/monitoring/models/qc/health", 200), "overall_health"),
            "unhealthy");
  EXPECT_EQ(text(call(Method::post, alert_path + "/acknowledge", 200, R"({"acknowledged_by": "ada"})"),
                 "acknowledged_by"),
            "ada");
  EXPECT_EQ(*call(Method::get, alert_path, 200).find("acknowledged"), Json(true));
  EXPECT_EQ(*call(Method::post, alert_path + "/resolve", 200, "{}").find("is_resolved"), Json(true));
  EXPECT_EQ(text(call(Method::patch, threshold_path, 200, R"({"operator": "lt"})"), "operator"), "lt");
  EXPECT_EQ(text(call(Method::get, threshold_path, 200), "operator"), "lt");
  call(Method::del, threshold_path, 200);
  call(Method::get, threshold_path, 404);
  const Json entries = call(Method::get, "/api/v1/audit?object_type=alert", 200);
  std::string actions;
  for (const Json& entry : *entries.find("items")->as_array()) actions += text(entry, "action") + " ";
  EXPECT_EQ(actions, "alert.resolve alert.acknowledge alert.raise ");
}

TEST_P(MonitoringRoutesTest, ValuesGoInAndComeOut) {
  call(Method::post, "/api/v1/monitoring/metrics", 201,
       R"({"metrics": [{"model_id": "qc", "metric_name": "purity", "value": "NaN", "tags": {"site": "a"}},
                       {"model_id": "qc", "metric_name": "purity", "value": 0.25, "metric_id": "mine"}]})");
  const Json page = call(Method::get, "/api/v1/monitoring/metrics?model_id=qc&metric_name=purity", 200);
  ASSERT_EQ(items(page), 2U);
  EXPECT_EQ(text(page.find("items")->as_array()->front(), "metric_id"), "mine");
  EXPECT_EQ(text(page.find("items")->as_array()->back(), "value"), "NaN");
}

TEST_P(MonitoringRoutesTest, BadInputIsNamed) {
  const auto field = [&](Method method, const std::string& path, int status, const std::string& body = {}) {
    const Json answer = call(method, path, status, body);
    const Json* error = answer.find("error");
    return error != nullptr ? text(*error, "field") : "";
  };
  EXPECT_EQ(field(Method::post, "/api/v1/predictions", 400, R"({"predictions": [{"latency_ms": 1}]})"),
            "predictions[0].model_id");
  EXPECT_EQ(field(Method::post, "/api/v1/predictions", 400,
                  R"({"predictions": [{"model_id": "m", "latency": 1}]})"),
            "predictions[0].latency");
  EXPECT_EQ(field(Method::post, "/api/v1/monitoring/metrics", 400,
                  R"({"metrics": [{"model_id": "m", "metric_name": "x"}]})"),
            "metrics[0].value");
  EXPECT_EQ(field(Method::get, "/api/v1/monitoring/metrics", 400), "model_id");
  EXPECT_EQ(field(Method::post, "/api/v1/thresholds", 400, R"({"metric_name": "x", "operator": "over"})"),
            "operator");
  EXPECT_EQ(field(Method::post, "/api/v1/thresholds", 400, R"({"metric_name": "x"})"), "warning_threshold");
  EXPECT_EQ(field(Method::get, "/api/v1/monitoring/series?model_id=m&name=x&bucket_seconds=7", 400),
            "bucket_seconds");
  EXPECT_EQ(field(Method::get, "/api/v1/alerts/none", 404), "alert_id");
  EXPECT_EQ(field(Method::get, "/api/v1/monitoring/models/none/health", 404), "model_id");
}

TEST_P(MonitoringRoutesTest, RetentionIsDriven) {
  call(Method::post, "/api/v1/predictions", 201,
       R"({"predictions": [{"model_id": "qc", "time": "2020-01-01T00:00:00Z"}, {"model_id": "qc"}]})");
  EXPECT_EQ(drive("monitoring.expire_predictions"), 1);
  EXPECT_EQ(drive("monitoring.expire_predictions"), 0);
  EXPECT_GT(drive("monitoring.expire_values"), 0);
  EXPECT_EQ(drive("monitoring.expire_values"), 0);
  EXPECT_EQ(items(call(Method::get, "/api/v1/predictions?model_id=qc", 200)), 1U);
}

}  // namespace
}  // namespace tracseq::api
