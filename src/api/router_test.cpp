// SPDX-License-Identifier: MIT
#include "api/router.h"

#include <gtest/gtest.h>

#include "api/client.h"

namespace tracseq::api {

struct ItemIn {
  std::string item_id;
  std::int64_t limit = 10;
  std::vector<std::string> tag;
  std::optional<bool> deep;
  double weight = 1;
};
TRACSEQ_DESCRIBE(ItemIn, (item_id, limit, tag, deep, weight))
TRACSEQ_DEFINE_TYPE(ItemIn, {.name = "item_id", .required = true}, {.name = "limit", .min = 1, .max = 1000})

struct ItemOut {
  std::string seen;
  std::int64_t limit = 0;
};
TRACSEQ_DESCRIBE(ItemOut, (seen, limit))
TRACSEQ_DEFINE_TYPE(ItemOut)

struct TailIn {
  std::string item_id;
  std::string path;
};
TRACSEQ_DESCRIBE(TailIn, (item_id, path))
TRACSEQ_DEFINE_TYPE(TailIn)

namespace {

Result<ItemOut> echo(const CallContext&, const ItemIn& in) {
  std::string seen = in.item_id;
  for (const auto& tag : in.tag) seen += "," + tag;
  if (in.deep) seen += *in.deep ? "+deep" : "-deep";
  return ItemOut{seen, in.limit};
}

Actor anyone() {
  Actor actor;
  actor.id = actor.kind = "anonymous";
  return actor;
}
Actor with(std::string permission) {
  Actor actor;
  actor.id = "token:t";
  actor.permissions.insert(std::move(permission));
  return actor;
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.add(
        route(Method::get, "/api/v1/items/{item_id}", "items:read", Effect::reads, "One item.", echo));
    router_.add(
        route(Method::post, "/api/v1/items/{item_id}", "items:write", Effect::changes, "Change it.", echo));
    router_.add(
        route(Method::get, "/api/v1/items/special", "public", Effect::reads, "The special one.",
              [](const CallContext&, const Empty&) -> Result<ItemOut> { return ItemOut{"special", 0}; }));
    router_.add(stream_route(Method::put, "/api/v1/items/{item_id}/files/{path...}", "items:write",
                             Effect::changes, "A file.", "text/plain",
                             [](const CallContext&, const TailIn& in, Request& request) -> Result<Response> {
                               std::byte buffer[64];
                               auto count = request.stream->read(buffer);
                               if (!count) return fail(count.error());
                               Response response;
                               response.body = in.path + ":" + std::to_string(*count);
                               return response;
                             }));
    router_.add(stream_route(Method::get, "/api/v1/text", "public", Effect::reads, "A stream.", "text/plain",
                             [](const CallContext&, const Empty&, Request&) -> Result<Response> {
                               Response response;
                               response.stream = std::make_unique<TextSource>("text");
                               return response;
                             }));
    router_.add(
        route(Method::post, "/api/v1/bugs", "public", Effect::reads, "Throws.",
              [](const CallContext&, const Empty&) -> Result<Empty> { throw std::runtime_error("secret"); }));
    router_.add(route(Method::post, "/api/v1/keys", "public", Effect::reads, "The call's own.",
                      [this](const CallContext& ctx, const Empty&) -> Result<Empty> {
                        seen_ = ctx;
                        return Empty{};
                      }));
  }

  Response call(Method method, std::string_view target, std::string body = {}, const Actor& actor = with("*"),
                const std::map<std::string, std::string>& headers = {}) {
    auto request = make_request(method, target, std::move(body));
    if (!request) return error_response(request.error(), "r1");
    for (const auto& [name, value] : headers) request->headers[name] = value;
    CallContext ctx;
    ctx.actor = actor;
    ctx.request_id = "r1";
    return router_.dispatch(ctx, *request);
  }

  metrics::Registry metrics_;
  Router router_{metrics_};
  CallContext seen_;
};

TEST_F(RouterTest, FillsTheInputFromPathQueryAndBody) {
  EXPECT_EQ(call(Method::get, "/api/v1/items/a%20b?limit=5&tag=x&tag=y&deep=false").body,
            R"({"seen":"a b,x,y-deep","limit":5})");
  EXPECT_EQ(call(Method::post, "/api/v1/items/a?limit=7", R"({"tag":["z"],"deep":true})").body,
            R"({"seen":"a,z+deep","limit":7})");
  EXPECT_EQ(call(Method::post, "/api/v1/items/a", R"({"item_id":"a"})").status, 200);
}

TEST_F(RouterTest, RefusesWhatTheInputDoesNotHave) {
  const auto unknown = call(Method::get, "/api/v1/items/a?limitt=5");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(
      unknown.body,
      R"({"error":{"code":"invalid","message":"unknown query parameter 'limitt'; allowed: limit, tag, deep, weight",)"
      R"("field":"limitt","request_id":"r1"}})");
  EXPECT_NE(call(Method::post, "/api/v1/items/a", R"({"tagg":1})").body.find("unknown field 'tagg'"),
            std::string::npos);
  EXPECT_NE(
      call(Method::get, "/api/v1/items/a?limit=abc").body.find("limit is \\\"abc\\\"; it must be an integer"),
      std::string::npos);
  EXPECT_NE(call(Method::get, "/api/v1/items/a?limit=0").body.find("it must be 1 to 1000"),
            std::string::npos);
  EXPECT_NE(call(Method::post, "/api/v1/items/a", "[1]").body.find("must be a JSON object"),
            std::string::npos);
  EXPECT_NE(call(Method::get, "/api/v1/items/a", "{}").body.find("takes no body"), std::string::npos);
}

TEST_F(RouterTest, AFieldGivenTwiceMustAgree) {
  EXPECT_NE(call(Method::post, "/api/v1/items/a", R"({"item_id":"b"})").body.find("item_id is given twice"),
            std::string::npos);
  EXPECT_EQ(call(Method::get, "/api/v1/items/a?limit=5&limit=5").status, 200);
  EXPECT_EQ(call(Method::get, "/api/v1/items/a?limit=5&limit=6").status, 400);
  EXPECT_EQ(call(Method::get, "/api/v1/items/a?item_id=b").status, 400);
}

TEST_F(RouterTest, LiteralsGoBeforeParametersAndTailsTakeTheRest) {
  EXPECT_EQ(call(Method::get, "/api/v1/items/special").body, R"({"seen":"special","limit":0})");
  EXPECT_EQ(call(Method::post, "/api/v1/items/special").status, 405);
  EXPECT_EQ(call(Method::put, "/api/v1/items/a/files/x/y.txt", "12345").body, "x/y.txt:5");
  EXPECT_EQ(call(Method::put, "/api/v1/items/a/files/", "12345").status, 404);
  EXPECT_EQ(call(Method::get, "/api/v1/items//").status, 404);
  EXPECT_EQ(call(Method::get, "/").status, 404);
}

TEST_F(RouterTest, IfMatchIsKeptWhenReadingAndRefusedWhenChanging) {
  const Response first = call(Method::get, "/api/v1/items/a", {}, with("*"));
  const auto tag = std::find_if(first.headers.begin(), first.headers.end(),
                                [](const auto& header) { return header.first == "ETag"; });
  ASSERT_NE(tag, first.headers.end());
  for (const std::string& header : {tag->second, std::string("*"), "\"x\", " + tag->second})
    EXPECT_EQ(call(Method::get, "/api/v1/items/a", {}, with("*"), {{"if-match", header}}).status, 200);
  for (const std::string& header : {std::string("\"x\""), "W/" + tag->second})
    EXPECT_EQ(call(Method::get, "/api/v1/items/a", {}, with("*"), {{"if-match", header}}).status, 412);
  EXPECT_EQ(
      call(Method::get, "/api/v1/items/a", {}, with("*"), {{"if-none-match", "W/" + tag->second}}).status,
      304);
  const Response change =
      call(Method::post, "/api/v1/items/a", R"({"colour":"red"})", with("*"), {{"if-match", "\"x\""}});
  EXPECT_EQ(change.status, 400);
  EXPECT_NE(change.body.find("\"field\":\"If-Match\""), std::string::npos) << change.body;
}

// A streamed answer has no tag: it is met by "whatever is there" and by nothing else.
TEST_F(RouterTest, AnAnswerWithoutATagIsThereNonetheless) {
  const std::string text = "/api/v1/text";
  const auto ask = [&](const std::string& wanted) {
    return call(Method::get, text, {}, with("*"), {{"if-match", wanted}});
  };
  EXPECT_EQ(ask("*").status, 200);
  const Response refused = ask("\"x\"");
  EXPECT_EQ(refused.status, 412);
  EXPECT_NE(refused.body.find("what is here has no entity tag"), std::string::npos) << refused.body;
  EXPECT_EQ(call(Method::get, "/api/v1/nothing", {}, with("*"), {{"if-match", "\"x\""}}).status, 404);
}

TEST_F(RouterTest, AKnownPathWithAnotherMethodNamesTheAllowedOnes) {
  const auto response = call(Method::del, "/api/v1/items/a");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.back(), (std::pair<std::string, std::string>{"Allow", "GET, HEAD, POST"}));
}

TEST_F(RouterTest, ChecksThePermissionBeforeAnythingElse) {
  const auto anonymous = call(Method::get, "/api/v1/items/a?bogus=1", {}, anyone());
  EXPECT_EQ(anonymous.status, 401);
  const auto weak = call(Method::get, "/api/v1/items/a?bogus=1", {}, with("runs:read"));
  EXPECT_EQ(weak.status, 403);
  EXPECT_NE(weak.body.find("items:read"), std::string::npos);
  EXPECT_EQ(call(Method::get, "/api/v1/items/a", {}, with("items:read")).status, 200);
  EXPECT_EQ(call(Method::get, "/api/v1/items/special", {}, anyone()).status, 200);
}

TEST_F(RouterTest, AHandlersExceptionBecomesInternalAndTellsNothing) {
  const auto response = call(Method::post, "/api/v1/bugs");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  EXPECT_NE(response.body.find("\"request_id\":\"r1\""), std::string::npos);
}

TEST_F(RouterTest, AnUnchangedAnswerIsNotSentAgain) {
  const auto first = call(Method::get, "/api/v1/items/a");
  ASSERT_EQ(first.headers.size(), 1U);
  const std::string tag = first.headers[0].second;
  for (const std::string& header :
       {tag, "\"x\", " + tag, "W/" + tag, std::string("*"), tag.substr(0, tag.size() - 1) + "-gzip\""}) {
    const auto again = call(Method::get, "/api/v1/items/a", {}, with("*"), {{"if-none-match", header}});
    EXPECT_EQ(again.status, 304) << header;
    EXPECT_EQ(again.body, "");
  }
  EXPECT_EQ(call(Method::get, "/api/v1/items/b", {}, with("*"), {{"if-none-match", tag}}).status, 200);
}

TEST_F(RouterTest, KeyAndReasonTravelInTheContext) {
  EXPECT_EQ(call(Method::post, "/api/v1/keys").status, 200);
  EXPECT_EQ(seen_.fingerprint, "");
  call(Method::post, "/api/v1/keys", "{}", with("*"), {{"idempotency-key", "k1"}, {"x-reason", "because"}});
  const auto first = seen_;
  EXPECT_EQ(first.idempotency_key, "k1");
  EXPECT_EQ(first.reason, "because");
  EXPECT_EQ(first.fingerprint.size(), 64U);
  call(Method::post, "/api/v1/keys", "{}", with("*"), {{"idempotency-key", "k1"}});
  EXPECT_EQ(seen_.fingerprint, first.fingerprint);
  call(Method::post, "/api/v1/keys", "{ }", with("*"), {{"idempotency-key", "k1"}});
  EXPECT_NE(seen_.fingerprint, first.fingerprint);
  EXPECT_EQ(
      call(Method::post, "/api/v1/keys", "", with("*"), {{"idempotency-key", std::string(201, 'k')}}).status,
      400);
}

TEST_F(RouterTest, CountsAnswersByRouteAndClass) {
  call(Method::get, "/api/v1/items/a");
  call(Method::get, "/api/v1/items/b");
  call(Method::get, "/api/v1/items/b?x=1");
  const std::string text = metrics_.text();
  EXPECT_NE(
      text.find(R"(tracseq_requests_total{method="GET",route="/api/v1/items/{item_id}",status="2xx"} 2)"),
      std::string::npos);
  EXPECT_NE(text.find(R"(status="4xx"} 1)"), std::string::npos);
  EXPECT_NE(text.find(R"(tracseq_request_seconds_count{method="GET",route="/api/v1/items/{item_id}"} 3)"),
            std::string::npos);
}

TEST(RouterDeathTest, RefusesToRegisterWhatIsIncomplete) {
  const auto handler = [](const CallContext&, const Empty&) -> Result<Empty> { return Empty{}; };
  EXPECT_DEATH(
      {
        Router router;
        router.add(route(Method::get, "/x", "", Effect::reads, "No permission.", handler));
      },
      "permission");
  EXPECT_DEATH(
      {
        Router router;
        router.add(route(Method::get, "/x", "public", Effect::reads, "One.", handler));
        router.add(route(Method::get, "/x", "public", Effect::reads, "Two.", handler));
      },
      "place == nullptr");
  EXPECT_DEATH(
      {
        Router router;
        router.add(route(Method::get, "/x/{id}", "public", Effect::reads, "No such field.", handler));
      },
      "field");
}

}  // namespace
}  // namespace tracseq::api
