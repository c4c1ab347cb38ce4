// SPDX-License-Identifier: MIT
#include "api/client.h"

#include <gtest/gtest.h>

namespace tracseq::api {
namespace {

TEST(MakeRequest, DecodesPathAndQueryOnce) {
  const auto request = make_request(Method::get, "/a%20b/c+d/%2541?x=1+2&y=%C3%A9&&z&x=%26");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/a b/c+d/%41");
  const std::vector<std::pair<std::string, std::string>> expected{
      {"x", "1 2"}, {"y", "é"}, {"z", ""}, {"x", "&"}};
  EXPECT_EQ(request->query, expected);
}

TEST(MakeRequest, RefusesPathTricks) {
  for (const char* target :
       {"",          "a",           "//../x",   "/..",          "/../etc/passwd", "/a/../b", "/a/.", "/./a",
        "/%2e%2e/x", "/a%2f..%2fb", "/a%00b",   "/a%0d%0aX: y", "/a\\..\\b",      "/a%5cb",  "/a%",  "/a%2",
        "/a%zz",     "/%ff",        "/a?x=%00", "/a?x=%1b",     "/a?x=%ff",       "/a%7f"}) {
    const auto request = make_request(Method::get, target);
    ASSERT_FALSE(request) << target;
    EXPECT_EQ(request.error().code, Code::invalid) << target;
  }
  EXPECT_TRUE(make_request(Method::get, "/..a/b../..."));  // names that only look like it
}

TEST(MakeRequest, BoundsTheParameters) {
  std::string target = "/a?x=1";
  for (std::size_t i = 1; i < kQueryParametersMax; ++i) target += "&x=1";
  EXPECT_TRUE(make_request(Method::get, target));
  EXPECT_FALSE(make_request(Method::get, target + "&x=1"));
}

TEST(PercentEncode, ComesBackThroughMakeRequest) {
  std::string all;
  for (int c = 0x20; c < 0x7f; ++c)
    if (c != '\\' && c != '/') all += static_cast<char>(c);
  all += "é\u4e2d";
  const auto request = make_request(Method::get, "/x/" + percent_encode(all) + "?q=" + percent_encode(all));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/x/" + all);
  EXPECT_EQ(request->query.at(0).second, all);
  EXPECT_EQ(percent_encode("a/b c", "/"), "a/b%20c");
}

TEST(ErrorOf, GivesBackWhatErrorResponseWrote) {
  Error error{Code::conflict, "the \"name\" is taken", "internals", "name"};
  const Response response = error_response(error, "id7");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.body.find("internals"), std::string::npos);
  const Error back = error_of(response.status, response.body);
  EXPECT_EQ(back.code, Code::conflict);
  EXPECT_EQ(back.message, error.message);
  EXPECT_EQ(back.field, "name");
  EXPECT_EQ(error_of(503, "<html>").code, Code::unavailable);
  const Error foreign = error_of(404, "<html>not here</html>");
  EXPECT_EQ(foreign.code, Code::unavailable);
  EXPECT_NE(foreign.message.find("no TracSeq server"), std::string::npos) << foreign.message;
  EXPECT_EQ(error_of(404, error_response({Code::not_found, "no run", {}, {}}, "r").body).code,
            Code::not_found);
  EXPECT_EQ(error_of(418, "").code, Code::invalid);
  EXPECT_EQ(error_of(500, "{}").code, Code::internal);
}

TEST(ErrorResponse, IsValidJsonWhateverTheMessageHolds) {
  const Response response = error_response({Code::invalid, "bad \xff byte", {}, "\xfe"}, "r");
  EXPECT_EQ(error_of(400, response.body).message, "bad ? byte");
}

}  // namespace
}  // namespace tracseq::api
