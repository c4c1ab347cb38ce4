// SPDX-License-Identifier: MIT
#include "api/system_routes.h"

#include <gtest/gtest.h>

#include "api/client.h"

namespace tracseq::api {
namespace {

class SystemRoutesTest : public ::testing::Test {
 protected:
  SystemRoutesTest() {
    Health health;
    health.can_read = [this] {
      return reads_ ? Result<void>{} : fail(Code::unavailable, "the database is away");
    };
    health.can_write = [this] {
      return writes_ ? Result<void>{} : fail(Code::storage_full, "the disk is full");
    };
    health.draining = [this] { return draining_; };
    router_.add(system_routes(router_, "9.8.7", health, metrics_));
  }
  Response get(std::string_view path) {
    CallContext ctx;
    ctx.actor.permissions.insert("system:read");
    auto request = make_request(Method::get, path);
    return router_.dispatch(ctx, *request);
  }
  bool reads_ = true;
  bool writes_ = true;
  bool draining_ = false;
  metrics::Registry metrics_;
  Router router_{metrics_};
};

TEST_F(SystemRoutesTest, ReadinessAsksForWhatIsWanted) {
  EXPECT_EQ(get("/readyz").status, 200);
  writes_ = false;
  EXPECT_EQ(get("/readyz").status, 507);
  EXPECT_NE(get("/readyz").body.find("the disk is full"), std::string::npos);
  EXPECT_EQ(get("/readyz?for=write").status, 507);
  EXPECT_EQ(get("/readyz?for=read").status, 200);
  EXPECT_EQ(get("/health").body,
            R"({"status":"degraded","version":"9.8.7","read":"ok","write":"the disk is full"})");
  reads_ = false;
  EXPECT_EQ(get("/readyz?for=read").status, 503);
  EXPECT_EQ(get("/readyz?for=profit").status, 400);
  EXPECT_EQ(get("/livez").status, 200);
  reads_ = writes_ = true;
  draining_ = true;
  EXPECT_EQ(get("/readyz?for=read").status, 503);
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(SystemRoutesTest, DocumentsAreMadeFromTheTable) {
  const auto openapi = get("/openapi.json");
  EXPECT_EQ(openapi.content_type, "application/json");
  const auto document = parse_json(openapi.body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find("info")->find("version")->string_or(""), "9.8.7");
  EXPECT_EQ(openapi.headers.at(0).first, "ETag");
  const auto page = get("/docs/api");
  for (const Route& route : router_.routes())
    EXPECT_NE(page.body.find("<code>" + route.path + "</code>"), std::string::npos) << route.path;
  EXPECT_NE(page.body.find("<td><code>for</code></td>"), std::string::npos);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_EQ(page.body.find("style="), std::string::npos);  // the content security policy allows none
  EXPECT_NE(get("/docs/api.css").body.find("body{"), std::string::npos);
  EXPECT_EQ(get("/version").body, R"({"version":"9.8.7","api":"v1"})");
}

TEST_F(SystemRoutesTest, MetricsNeedACredential) {
  get("/livez");
  EXPECT_NE(get("/metrics").body.find("tracseq_requests_total"), std::string::npos);
  CallContext nobody;
  nobody.actor.kind = "anonymous";
  auto request = make_request(Method::get, "/metrics");
  EXPECT_EQ(router_.dispatch(nobody, *request).status, 401);
}

}  // namespace
}  // namespace tracseq::api
