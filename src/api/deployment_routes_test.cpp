// SPDX-License-Identifier: MIT
#include "api/deployment_routes.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "api/testing.h"
#include "domain/deployment/testing.h"

namespace tracseq::api {
namespace {

// Replicas and the gateway are only said to be; all that happens goes through the route table and the
// driver's step.
class DeploymentRoutesTest : public testing::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    if (HasFatalFailure()) return;
    for (const char* version : {"1", "2"}) register_version(version);
    for (DriverStep& step : core_->driver_steps(&hands_))
      if (step.name == "deployments.reconcile") step_ = std::move(step);
    ASSERT_TRUE(step_.run);
    auto lease = sql::Leases(core_->database()).acquire("driver", "test", std::chrono::hours(1));
    ASSERT_TRUE(lease && *lease);
    lease_ = **lease;
  }
  void TearDown() override { step_ = {}; }

  Json call(Method method, const std::string& path, int status, std::string body = {}) {
    auto request = make_request(method, "/api/v1" + path, std::move(body));
    EXPECT_TRUE(request) << request.error().message;
    if (request) request->headers["content-type"] = "application/json";
    const Response response = core_->router().dispatch(embedded_context(), *request);
    EXPECT_EQ(response.status, status) << path << " " << response.body;
    return parse_json(response.body).value_or(Json());
  }
  void register_version(const std::string& version) {
    TextSource content("model " + version);
    auto upload = make_request(Method::put, "/api/v1/uploads?name=model.onnx");
    ASSERT_TRUE(upload);
    upload->stream = &content;
    upload->headers["content-type"] = "application/octet-stream";
    const Response stored = core_->router().dispatch(embedded_context(), *upload);
    ASSERT_EQ(stored.status, 201) << stored.body;
    const std::string artifact = text(*parse_json(stored.body), "artifact_id");
    call(Method::post, "/models", 201,
         R"({"model_id":"fraud","version":")" + version +
             R"(","files":[{"name":"model.onnx","role":"onnx","artifact_id":")" + artifact + R"("}]})");
  }
  static std::string text(const Json& document, std::string_view field) {
    const Json* found = document.find(field);
    return found != nullptr ? found->string_or("") : "";
  }
  std::string path(const std::string& id, const std::string& word) { return "/deployments/" + id + word; }
  std::string get(const std::string& id, std::string_view field) {
    return text(call(Method::get, "/deployments/" + id, 200), field);
  }
  // A gateway that goes by what is recorded at once.
  void report() {
    Json routes = Json::array();
    const Json table = call(Method::get, "/traffic", 200);
    for (const Json& route : *table.find("routes")->as_array())
      routes.push_back(Json::object()
                           .set("service_name", *route.find("service_name"))
                           .set("port", 9'000)
                           .set("generation", *route.find("generation")));
    call(Method::post, "/gateways/local/report", 200,
         dump_json(Json::object().set("sequence", ++sequence_).set("pid", 1).set("routes", routes)));
  }
  bool until(const std::function<bool()>& condition) {
    for (const auto end = Steady::now() + std::chrono::seconds(20); Steady::now() < end;) {
      const auto done = step_.run(embedded_context(), *lease_);
      if (!done) ADD_FAILURE() << done.error().message;
      report();
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  void deploy(const std::string& id, const std::string& version, const std::string& more = {}) {
    call(Method::post, "/deployments", 201,
         R"({"deployment_id":")" + id + R"(","model_id":"fraud","model_version":")" + version +
             R"(","environment":"production")" + more + "}");
  }

  deployment::testing::Machine machine_;
  deployment::testing::FakeTarget target_{machine_};
  deployment::testing::FakeCaller caller_;
  const DeploymentHands hands_{target_, caller_};
  DriverStep step_;
  std::optional<sql::Lease> lease_;
  std::int64_t sequence_ = 0;
};
TRACSEQ_ON_BOTH_DATABASES(DeploymentRoutesTest);

TEST_P(DeploymentRoutesTest, EveryWordHasItsEffectAndLeavesItsReason) {
  deploy("one", "1");
  EXPECT_EQ(get("one", "status"), "pending");
  call(Method::post, path("one", "/pause"), 200, R"({"reason":"wait"})");
  call(Method::post, path("one", "/resume"), 200, R"({"reason":"go on"})");
  ASSERT_TRUE(until([&] { return get("one", "status") == "deployed"; }));
  EXPECT_EQ(get("one", "endpoint_url"), "http://127.0.0.1:9000");

  deploy("two", "2", R"(,"strategy":"canary")");
  ASSERT_TRUE(until([&] { return get("two", "phase") == "analysing"; }));
  call(Method::put, path("two", "/traffic"), 200, R"({"traffic_percentage":25,"reason":"more"})");
  const Json services = call(Method::get, "/services?environment=production", 200);
  double sum = 0;
  for (const Json& one : *services.find("items")->as_array())
    sum += one.find("traffic_percentage")->number_or(0);
  EXPECT_EQ(sum, 100);
  call(Method::post, path("two", "/promote"), 200, R"({"reason":"good"})");
  ASSERT_TRUE(until([&] { return get("two", "status") == "deployed"; }));
  call(Method::post, path("two", "/rollback"), 200, R"({"reason":"not so good"})");
  ASSERT_TRUE(until([&] { return get("two", "status") == "rolled_back"; }));

  deploy("three", "2");
  call(Method::post, path("three", "/abort"), 200, R"({"reason":"never mind"})");
  ASSERT_TRUE(until([&] { return get("three", "status") == "rolled_back"; }));
  call(Method::post, path("one", "/stop"), 200, R"({"reason":"over"})");
  ASSERT_TRUE(until([&] { return get("one", "phase") == "stopped"; }));
  EXPECT_EQ(machine_.living(deployment::ProcessRole::replica), 0);

  std::set<std::string> reasons;
  const Json audit = call(Method::get, "/audit?object_type=deployment&limit=500", 200);
  for (const Json& entry : *audit.find("items")->as_array())
    if (!text(entry, "reason").empty()) reasons.insert(text(entry, "action") + ": " + text(entry, "reason"));
  EXPECT_EQ(reasons, (std::set<std::string>{"deployment.pause: wait", "deployment.resume: go on",
                                            "deployment.set_traffic: more", "deployment.promote: good",
                                            "deployment.roll_back: not so good",
                                            "deployment.abort: never mind", "deployment.stop: over"}));
  const Json log = call(Method::get, path("two", "/events?limit=3"), 200);
  EXPECT_EQ(log.find("items")->as_array()->size(), 3U);
  EXPECT_FALSE(text(log, "next_page_token").empty());
}

TEST_P(DeploymentRoutesTest, TrafficSaysWhoHasWhichShareAndWhatItSaysOfTheCandidate) {
  deploy("one", "1");
  ASSERT_TRUE(until([&] { return get("one", "status") == "deployed"; }));
  deploy("two", "2", R"(,"strategy":"canary","canary_traffic_percentage":25)");
  ASSERT_TRUE(until([&] { return get("two", "phase") == "analysing"; }));
  const Json counted = Json::object()
                           .set("deployment_id", "two")
                           .set("requests", 40)
                           .set("errors", 30)
                           .set("latency_sum_ms", 400.0);
  const Json table = call(Method::get, "/traffic", 200);
  const Json route = Json::object()
                         .set("service_name", "fraud-production")
                         .set("port", 9'000)
                         .set("generation", *table.find("routes")->as_array()->front().find("generation"))
                         .set("counts", Json(Json::Array{counted}));
  call(
      Method::post, "/gateways/local/report", 200,
      dump_json(
          Json::object().set("sequence", ++sequence_).set("pid", 1).set("routes", Json(Json::Array{route}))));

  const auto traffic =
      from_json<deployment::DeploymentTraffic>(dump_json(call(Method::get, path("two", "/traffic"), 200)));
  ASSERT_TRUE(traffic) << traffic.error().message;
  EXPECT_EQ(traffic->service_name, "fraud-production");
  EXPECT_EQ(traffic->generation, traffic->generation_in_force);
  ASSERT_EQ(traffic->targets.size(), 2U);
  EXPECT_EQ(traffic->targets[0].deployment_id, "one");
  EXPECT_EQ(traffic->targets[0].weight, 75);
  EXPECT_FALSE(traffic->targets[0].mean_latency_ms);
  EXPECT_EQ(traffic->targets[1].role, deployment::TargetRole::candidate);
  EXPECT_EQ(traffic->targets[1].requests, 40);
  EXPECT_DOUBLE_EQ(traffic->targets[1].mean_latency_ms.value_or(0), 10);
  EXPECT_EQ(traffic->judgement, deployment::Verdict::failure);
  ASSERT_EQ(traffic->questions.size(), 2U);
  EXPECT_EQ(traffic->questions[0].question, "errors");
  EXPECT_EQ(traffic->questions[0].verdict, deployment::Verdict::failure);
  EXPECT_GT(traffic->questions[0].low, traffic->questions[0].bearable);
  EXPECT_EQ(traffic->questions[1].verdict, deployment::Verdict::inconclusive);
  EXPECT_EQ(traffic->questions[1].threshold_ms, 2000);
  EXPECT_FALSE(traffic->questions[1].stable_requests);
  call(Method::get, path("nobody", "/traffic"), 404);
}

TEST_P(DeploymentRoutesTest, WithoutHandsNothingIsDriven) {
  for (const DriverStep& step : core_->driver_steps()) EXPECT_NE(step.name, "deployments.reconcile");
}

}  // namespace
}  // namespace tracseq::api
