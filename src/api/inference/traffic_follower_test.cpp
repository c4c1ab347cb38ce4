// SPDX-License-Identifier: MIT
#include "api/inference/traffic_follower.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "api/inference/pinned_version.h"

namespace tracseq::inference {
namespace {

using api::Request;
using api::Response;
using deployment::GatewayReport;
using deployment::TrafficTable;
using std::chrono::milliseconds;

// A control plane that may be away; reports it has taken although its answer was lost count, too.
class FakePlane final : public api::Client {
 public:
  Result<Response> send(Request request, milliseconds) override {
    const Lock lock(mutex);
    if (request.method == api::Method::post) {
      if (takes_reports) reports.push_back(*from_json<GatewayReport>(request.body));
      if (!answers || !takes_reports) return fail(Code::unavailable, "away");
      return Response::json("{}");
    }
    if (!answers) return fail(Code::unavailable, "away");
    Response response = Response::json(table);
    if (request.header("if-none-match") == "\"" + table + "\"") response.status = 304;
    response.headers.emplace_back("ETag", "\"" + table + "\"");
    return response;
  }
  Mutex mutex;
  std::string table = to_json(TrafficTable{});
  bool answers = true;
  bool takes_reports = true;
  std::vector<GatewayReport> reports;
};

TrafficTable one_route(std::int64_t generation, std::int64_t port = 0) {
  deployment::TrafficRoute route;
  route.service_name = "blood";
  route.generation = generation;
  route.port = port;
  route.targets.push_back({"d", "1.0.0", deployment::TargetRole::stable, 100, {}});
  return {{route}};
}

class TrafficFollowerTest : public ::testing::Test {
 protected:
  TrafficFollowerTest() { std::filesystem::create_directories(folder_); }
  ~TrafficFollowerTest() override { std::filesystem::remove_all(folder_); }
  // Takes the port wanted, or this one.
  bool settle() {
    bool news = false;
    for (const auto& slot : table_.slots()) {
      const std::int64_t wanted = slot->wanted_port();
      if (wanted == held_)
        news |= slot->set_port(0, "held");
      else
        news |= slot->set_port(wanted == 0 ? free_ : wanted, {});
    }
    return news;
  }
  std::unique_ptr<TrafficFollower> follower() {
    TrafficFollowerOptions options;
    options.gateway_id = "g";
    options.table_file = file_;
    options.interval = std::chrono::hours{1};  // the thread sleeps: the test calls
    return std::make_unique<TrafficFollower>(plane_, table_, [this] { return settle(); }, options);
  }
  void count(int requests) {
    for (int i = 0; i < requests; ++i)
      table_.slots().at(0)->current()->targets.at(0).counter->count(false, milliseconds{1});
  }
  const std::string folder_ = ::testing::TempDir() + "traffic_" + std::to_string(::getpid());
  const std::string file_ = folder_ + "/table";
  FakePlane plane_;
  deployment::gateway::LiveTable table_;
  std::int64_t free_ = 7'001;
  std::int64_t held_ = -1;
};

TEST_F(TrafficFollowerTest, AReportIsRepeatedUnderItsNumberUntilItIsAnswered) {
  plane_.table = to_json(one_route(1));
  const auto one = follower();
  one->start();
  ASSERT_EQ(plane_.reports.size(), 1U);
  EXPECT_EQ(plane_.reports[0].sequence, 1);
  EXPECT_EQ(plane_.reports[0].pid, ::getpid());
  EXPECT_EQ(plane_.reports[0].routes.at(0).generation, 1);
  EXPECT_EQ(plane_.reports[0].routes[0].port, 7'001);
  count(3);
  plane_.answers = false;
  one->report();  // taken, but the answer is lost
  count(4);
  one->report();
  plane_.answers = true;
  one->report();
  ASSERT_EQ(plane_.reports.size(), 5U);
  for (const int repeated : {1, 2, 3}) {
    EXPECT_EQ(plane_.reports[repeated].sequence, 2);
    EXPECT_EQ(plane_.reports[repeated].routes.at(0).counts.at(0).requests, 3);
  }
  EXPECT_EQ(plane_.reports[4].sequence, 3);
  EXPECT_EQ(plane_.reports[4].routes.at(0).counts.at(0).requests, 4);
}

TEST_F(TrafficFollowerTest, TheDiskServesWhereNobodySaysBetter) {
  plane_.table = to_json(one_route(1));
  follower()->start();
  EXPECT_TRUE(std::filesystem::is_regular_file(file_));
  table_.apply({});
  plane_.answers = false;
  free_ = 7'002;
  {
    const auto again = follower();
    again->start();
    EXPECT_EQ(table_.slots().at(0)->current()->generation, 1);
    EXPECT_EQ(table_.slots()[0]->port(), 7'001);  // the one it had
  }
  table_.apply({});
  plane_.answers = true;
  plane_.table = to_json(one_route(2));
  const auto later = follower();
  later->start();
  EXPECT_EQ(table_.slots().at(0)->current()->generation, 2);
  EXPECT_EQ(table_.slots()[0]->port(), 7'001);
}

TEST_F(TrafficFollowerTest, APortOnlyItKnewOfIsGivenUpARecordedOneIsNot) {
  plane_.table = to_json(one_route(1));
  follower()->start();
  table_.apply({});
  held_ = 7'001;
  free_ = 7'002;
  follower()->start();
  EXPECT_EQ(table_.slots().at(0)->port(), 7'002);
  plane_.table = to_json(one_route(2, 7'001));
  const auto recorded = follower();
  recorded->start();
  EXPECT_EQ(table_.slots().at(0)->port(), 0);
  EXPECT_EQ(plane_.reports.back().routes.at(0).error, "held");
}

TEST_F(TrafficFollowerTest, ADamagedTableIsAsNone) {
  std::ofstream(file_) << "{\"routes\": [";
  plane_.answers = false;
  follower()->start();
  EXPECT_TRUE(table_.slots().empty());
}

// ---- what a replica follows

TEST(PinnedVersion, WhatWasFoundFirstStays) {
  class Registry final : public api::Client {
   public:
    Result<Response> send(Request request, milliseconds) override {
      path = request.path;
      if (status != 200)
        return Response::json(R"({"error":{"code":"not_found","message":"no such version"}})", status);
      return Response::json(R"({"model_id":"m x","version":"1","format":")" + format + R"("})");
    }
    std::string path;
    std::string format = "onnx";
    int status = 404;
  } registry;
  PinnedVersion pinned(registry, "m x", "1");
  EXPECT_FALSE(pinned.production());
  EXPECT_EQ(registry.path, "/api/v1/models/m x/versions/1/served");
  ASSERT_TRUE(pinned.refused());
  EXPECT_EQ(pinned.refused()->message, "no such version");
  registry.status = 200;
  const auto found = pinned.production();
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->at(0).format, "onnx");
  registry.format = "other";
  const auto again = pinned.production();
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);  // unchanged
}

}  // namespace
}  // namespace tracseq::inference
