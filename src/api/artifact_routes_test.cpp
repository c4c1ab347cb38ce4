// SPDX-License-Identifier: MIT
#include "api/artifact_routes.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "base/crypto.h"

namespace tracseq::api {
namespace {

class ArtifactRoutesTest : public testing::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    ctx_ = embedded_context();
    run_ = text(call(Method::post, "/api/v1/runs", R"({"name": "r"})"), "run_id");
  }
  Response call(Method method, const std::string& path, std::string body = {},
                std::map<std::string, std::string, std::less<>> headers = {}) {
    auto request = make_request(method, path, std::move(body));
    EXPECT_TRUE(request) << request.error().message;
    request->headers = std::move(headers);
    return core_->router().dispatch(ctx_, *request);
  }
  static Json document(const Response& response) { return parse_json(response.body).value_or(Json()); }
  static std::string text(const Response& response, std::string_view field) {
    const Json parsed = document(response);
    const Json* found = parsed.find(field);
    return found != nullptr ? found->string_or("") : "";
  }
  static std::string field_of_error(const Response& response) {
    const Json parsed = document(response);
    return parsed.find("error")->find("field") != nullptr ? parsed.find("error")->find("field")->string_or("")
                                                          : "";
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return "";
  }
  static std::string content(Response& response) {
    return response.stream ? read_all(*response.stream, 1 << 20).value_or("unreadable") : response.body;
  }
  Response put(const std::string& query, const std::string& body) {
    return call(Method::put, "/api/v1/runs/" + run_ + "/artifacts?" + query, body);
  }

  CallContext ctx_;
  std::string run_;
};
TRACSEQ_ON_BOTH_DATABASES(ArtifactRoutesTest);

TEST_P(ArtifactRoutesTest, AFileOfARunComesBackAsADownload) {
  const Response stored =
      put("path=plots/Ergebnis%20%C3%A4.html&artifact_type=report&metadata=%7B%22k%22%3A1%7D", "<script>");
  ASSERT_EQ(stored.status, 201) << stored.body;
  const std::string id = text(stored, "artifact_id");
  EXPECT_EQ(text(stored, "name"), "Ergebnis ä.html");
  EXPECT_NE(text(stored, "local_path"), "");
  EXPECT_EQ(*document(stored).find("metadata")->find("k"), Json(1));
  Response got = call(Method::get, "/api/v1/artifacts/" + id + "/content");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(header(got, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(got, "Content-Disposition"),
            "attachment; filename=\"Ergebnis __.html\"; filename*=UTF-8''Ergebnis%20%C3%A4.html");
  EXPECT_EQ(got.stream_length, 8U);
  EXPECT_EQ(content(got), "<script>");
  EXPECT_EQ(
      call(Method::get, "/api/v1/artifacts/" + id + "/content", {}, {{"if-none-match", header(got, "ETag")}})
          .status,
      304);
}

TEST_P(ArtifactRoutesTest, ABodyIsHeldToTheDigestItsHeaderAnnounces) {
  const std::string body = "0123456789";
  const std::string right = base64(sha256(bytes_of(body)));
  const std::string wrong = base64(sha256(bytes_of("another")));
  const auto status = [&](const std::string& name, const std::string& value, const std::string& query = {}) {
    return call(Method::put, "/api/v1/uploads?name=x.bin" + query, body, {{name, value}}).status;
  };
  EXPECT_EQ(status("content-digest", "sha-256=:" + right + ":"), 201);
  EXPECT_EQ(status("repr-digest", "md5=:AAAA:, sha-256=:" + right + ":"), 201);
  EXPECT_EQ(status("digest", "SHA-256=" + right), 201);
  EXPECT_EQ(status("content-digest", "sha-256=:" + wrong + ":"), 400);
  EXPECT_EQ(status("repr-digest", "sha-256=:" + wrong + ":"), 400);
  EXPECT_EQ(status("digest", "sha-256=" + wrong), 400);
  EXPECT_EQ(status("digest", "sha-256=" + right, "&digest=" + hex(sha256(bytes_of("another")))), 400);
  for (const std::string unreadable : {"md5=:AAAA:", "sha-256", "sha-256=::", "sha-256=:AAAA:", "sha-256=:"})
    EXPECT_EQ(status("content-digest", unreadable), 400) << unreadable;
  EXPECT_EQ(status("content-digest", "sha-256=" + right), 400) << "RFC 9530 has it between colons";
}

TEST_P(ArtifactRoutesTest, RangesAreAnsweredAsTheRfcHasThem) {
  const std::string id = text(put("path=x.bin", "0123456789"), "artifact_id");
  const std::string url = "/api/v1/artifacts/" + id + "/content";
  struct Case {
    const char* range;
    int status;
    const char* body;
    const char* content_range;
  };
  for (const Case& one :
       {Case{"bytes=0-3", 206, "0123", "bytes 0-3/10"}, Case{"bytes=4-", 206, "456789", "bytes 4-9/10"},
        Case{"bytes=-3", 206, "789", "bytes 7-9/10"}, Case{"bytes=-99", 206, "0123456789", "bytes 0-9/10"},
        Case{"bytes=8-99", 206, "89", "bytes 8-9/10"}, Case{"bytes=10-", 416, "", "bytes */10"},
        Case{"bytes=-0", 416, "", "bytes */10"}, Case{"bytes=5-2", 200, "0123456789", ""},
        Case{"bytes=0-1,4-5", 200, "0123456789", ""}, Case{"lines=1-2", 200, "0123456789", ""},
        Case{"bytes=18446744073709551615-", 416, "", "bytes */10"},
        Case{"bytes=99999999999999999999999-", 200, "0123456789", ""}}) {
    Response got = call(Method::get, url, {}, {{"range", one.range}});
    EXPECT_EQ(got.status, one.status) << one.range;
    EXPECT_EQ(content(got), one.body) << one.range;
    EXPECT_EQ(header(got, "Content-Range"), one.content_range) << one.range;
  }
  EXPECT_EQ(call(Method::get, url, {}, {{"range", "bytes=0-1"}, {"if-range", "\"other\""}}).status, 200);
}

TEST_P(ArtifactRoutesTest, ListsAreBelowAPrefixAndPaged) {
  for (const std::string path : {"a/1", "a/2", "b"}) EXPECT_EQ(put("path=" + path, path).status, 201);
  const Response all = call(Method::get, "/api/v1/runs/" + run_ + "/artifacts?prefix=a&limit=1");
  EXPECT_EQ(document(all).find("items")->as_array()->size(), 1U);
  EXPECT_EQ(text(all, "next_page_token"), "a/1");
  const Response next =
      call(Method::get, "/api/v1/runs/" + run_ + "/artifacts?prefix=a&limit=1&page_token=a/1");
  EXPECT_EQ(document(next).find("next_page_token"), nullptr);
}

TEST_P(ArtifactRoutesTest, WhatCannotBeStoredSaysWhy) {
  EXPECT_EQ(call(Method::put, "/api/v1/runs/00000000000000000000000000000000/artifacts?path=x", "x").status,
            404);
  EXPECT_EQ(field_of_error(put("path=..%2Fx", "x")), "path");
  EXPECT_EQ(put("", "x").status, 400);
  EXPECT_EQ(field_of_error(put("path=x&metadata=%5B%5D", "x")), "metadata");
  EXPECT_EQ(put("path=x&digest=" + std::string(64, '0'), "x").status, 400);
  EXPECT_EQ(put("path=a/b", "x").status, 201);
  EXPECT_EQ(put("path=a", "x").status, 409);
  CallContext remote = ctx_;
  remote.actor.client_address = "10.0.0.1";
  std::swap(ctx_, remote);
  EXPECT_EQ(put("path=x&root=/tmp", "x").status, 403);
  EXPECT_EQ(text(put("path=c", "x"), "local_path"), "");
}

TEST_P(ArtifactRoutesTest, TheTrashTakesAndGivesBack) {
  const std::string id = text(put("path=x", "x"), "artifact_id");
  EXPECT_EQ(call(Method::del, "/api/v1/artifacts/" + id).status, 200);
  const std::string list = "/api/v1/runs/" + run_ + "/artifacts";
  EXPECT_TRUE(document(call(Method::get, list)).find("items")->as_array()->empty());
  EXPECT_EQ(call(Method::post, "/api/v1/artifacts/" + id + "/restore").status, 200);
  EXPECT_EQ(document(call(Method::get, list)).find("items")->as_array()->size(), 1U);
  EXPECT_EQ(call(Method::get, "/api/v1/artifacts/none/content").status, 404);
}

TEST_P(ArtifactRoutesTest, UploadsAreKnownByTheirDigest) {
  const Response first = call(Method::put, "/api/v1/uploads?name=data.csv", "a,b\n1,2\n");
  ASSERT_EQ(first.status, 201) << first.body;
  const std::string digest = text(first, "digest");
  const Response again = call(Method::post, "/api/v1/uploads", R"({"digest": ")" + digest + R"("})");
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_NE(text(again, "artifact_id"), text(first, "artifact_id"));
  EXPECT_EQ(call(Method::post, "/api/v1/uploads", R"({"digest": "00"})").status, 404);
  for (const Response& refused :
       {call(Method::put, "/api/v1/uploads?name=../../x", "a"),
        call(Method::post, "/api/v1/uploads", R"({"name": "../../x", "digest": ")" + digest + R"("})")}) {
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find(R"("field":"name")"), std::string::npos) << refused.body;
    EXPECT_NE(refused.body.find("name '../../x'"), std::string::npos) << refused.body;
  }
}

TEST_P(ArtifactRoutesTest, ARepeatWithTheSameKeyIsTheSameArtifact) {
  const std::string url = "/api/v1/runs/" + run_ + "/artifacts?path=x";
  const std::map<std::string, std::string, std::less<>> key{{"idempotency-key", "k1"}};
  const Response first = call(Method::put, url, "one", key);
  const Response second = call(Method::put, url, "one", key);
  EXPECT_EQ(text(first, "artifact_id"), text(second, "artifact_id"));
  EXPECT_EQ(call(Method::put, url, "other length", key).status, 422);
}

}  // namespace
}  // namespace tracseq::api
