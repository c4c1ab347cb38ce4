// SPDX-License-Identifier: MIT
#include "api/inference/forwarding.h"

#include <gtest/gtest.h>

namespace tracseq::inference {
namespace {

using api::Request;
using api::Response;

// Answers what it is told and remembers what it was asked.
class FakeClient final : public api::Client {
 public:
  using Answer = std::function<Result<Response>(const Request&)>;
  explicit FakeClient(Answer answer) : answer_(std::move(answer)) {}
  Result<Response> send(Request request, std::chrono::milliseconds) override {
    const Lock lock(mutex_);
    asked.push_back(request.path);
    bodies.push_back(request.body);
    last_headers = request.headers;
    return answer_(request);
  }
  std::vector<std::string> asked;
  std::vector<std::string> bodies;
  std::map<std::string, std::string, std::less<>> last_headers;

 private:
  Mutex mutex_;
  const Answer answer_;
};

std::string table(std::int64_t port, double weight, const std::string& environment = "production") {
  deployment::TrafficRoute route;
  route.service_name = "blood";
  route.model_id = "blood";
  route.environment = environment;
  route.port = port;
  route.generation = 1;
  route.targets.push_back({"d", "1.0.0", deployment::TargetRole::stable, weight, {}});
  return to_json(deployment::TrafficTable{{route}});
}

class ForwardingTest : public ::testing::Test {
 protected:
  ForwardingTest() {
    api::Route route;
    route.method = api::Method::post;
    route.path = "/v1/models/{name}/predict";
    route.permission = "public";
    route.runs = api::RunsOn::immediate;
    route.handler = [](const CallContext&, Request&) -> Result<Response> {
      return Response::json("\"own\"");
    };
    routes_ = forwarding_.wrap({std::move(route)}, "name");
  }
  std::string call(const std::string& model) {
    Request request;
    request.method = api::Method::post;
    request.path = "/v1/models/" + model + "/predict";
    request.path_params["name"] = model;
    request.headers = {
        {"authorization", "Bearer t"}, {"accept-encoding", "gzip"}, {"content-type", "application/json"}};
    request.body = "{}";
    CallContext ctx;
    ctx.request_id = "r-1";
    ctx.deadline = Steady::now() + std::chrono::seconds{5};
    waits_ = routes_[0].waits(request);
    auto answer = routes_[0].handler(ctx, request);
    if (!answer) return answer.error().message;
    headers_ = answer->headers;
    return answer->body;
  }
  std::string table_ = table(7'001, 100);
  FakeClient registry_{[this](const Request&) -> Result<Response> {
    if (table_.empty()) return fail(Code::unavailable, "away");
    return Response::json(table_);
  }};
  std::vector<std::string> connected_;
  FakeClient* gateway_ = nullptr;
  Forwarding forwarding_{registry_, [this](const std::string& url) -> Result<std::unique_ptr<api::Client>> {
                           connected_.push_back(url);
                           auto client = std::make_unique<FakeClient>([](const Request&) -> Result<Response> {
                             Response answer = Response::json("\"gateway\"");
                             answer.headers = {{"X-Tracseq-Version", "1.0.0"}, {"Content-Length", "9"}};
                             return answer;
                           });
                           gateway_ = client.get();
                           return std::unique_ptr<api::Client>(std::move(client));
                         }};
  std::vector<api::Route> routes_;
  bool waits_ = false;
  std::vector<std::pair<std::string, std::string>> headers_;
};

TEST_F(ForwardingTest, ModelsWithADeploymentGoToItsGateway) {
  EXPECT_EQ(call("blood"), "\"own\"");
  EXPECT_FALSE(waits_);
  forwarding_.look();
  EXPECT_EQ(call("blood"), "\"gateway\"");
  EXPECT_TRUE(waits_);
  EXPECT_EQ(connected_, std::vector<std::string>{"http://127.0.0.1:7001"});
  EXPECT_EQ(gateway_->asked, std::vector<std::string>{"/v1/models/blood/predict"});
  EXPECT_EQ(gateway_->last_headers.at("authorization"), "Bearer t");
  EXPECT_EQ(gateway_->last_headers.at("x-request-id"), "r-1");
  EXPECT_FALSE(gateway_->last_headers.contains("accept-encoding"));
  EXPECT_EQ(headers_, (std::vector<std::pair<std::string, std::string>>{{"x-tracseq-version", "1.0.0"}}));
  EXPECT_EQ(call("other"), "\"own\"");
  EXPECT_FALSE(waits_);
}

TEST_F(ForwardingTest, OthersStayAndALastTableIsGoneOnWith) {
  for (const std::string& inactive : {table(0, 100), table(7'001, 0), table(7'001, 100, "staging")}) {
    table_ = inactive;
    forwarding_.look();
    EXPECT_EQ(call("blood"), "\"own\"");
  }
  table_ = table(7'001, 100);
  forwarding_.look();
  table_.clear();
  forwarding_.look();
  EXPECT_EQ(call("blood"), "\"gateway\"");
  table_ = "{";
  forwarding_.look();
  EXPECT_EQ(call("blood"), "\"gateway\"");
  table_ = to_json(deployment::TrafficTable{});
  forwarding_.look();
  EXPECT_EQ(call("blood"), "\"own\"");
}

}  // namespace
}  // namespace tracseq::inference
