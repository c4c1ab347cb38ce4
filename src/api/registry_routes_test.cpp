// SPDX-License-Identifier: MIT
#include "api/registry_routes.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace tracseq::api {
namespace {

class RegistryRoutesTest : public testing::CoreTest {
 protected:
  Response call(Method method, const std::string& path, std::string body = {}, const std::string& tag = {}) {
    auto request = make_request(method, path, std::move(body));
    EXPECT_TRUE(request) << request.error().message;
    if (!tag.empty()) request->headers["if-none-match"] = tag;
    return core_->router().dispatch(embedded_context(), *request);
  }
  void put_into_production(const std::string& model) {
    const Response made =
        call(Method::post, "/api/v1/models", R"({"model_id": ")" + model + R"(", "name": "m",
        "model_type": "t", "status": "production", "not_servable_reason": "none was converted"})");
    ASSERT_EQ(made.status, 201) << made.body;
  }
  static std::string tag_of(const Response& response) {
    for (const auto& [name, value] : response.headers)
      if (name == "ETag") return value;
    return {};
  }
};
TRACSEQ_ON_BOTH_DATABASES(RegistryRoutesTest);

// What every model server asks twice a second.
TEST_P(RegistryRoutesTest, WhatIsInProductionIsSentAgainOnlyWhenItChanged) {
  const std::string path = "/api/v1/production-models";
  put_into_production("first");
  const Response list = call(Method::get, path);
  ASSERT_EQ(list.status, 200) << list.body;
  const std::string tag = tag_of(list);
  ASSERT_FALSE(tag.empty());
  const Response same = call(Method::get, path, {}, tag);
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  EXPECT_EQ(tag_of(same), tag);
  put_into_production("second");
  const Response changed = call(Method::get, path, {}, tag);
  EXPECT_EQ(changed.status, 200);
  EXPECT_NE(changed.body.find("second"), std::string::npos);
  EXPECT_NE(tag_of(changed), tag);
}

}  // namespace
}  // namespace tracseq::api
