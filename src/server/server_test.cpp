// SPDX-License-Identifier: MIT
#include "server/server.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "server/gzip.h"
#include "server/testing.h"

namespace tracseq::server {
namespace {

using testing::get;
using testing::post;
using testing::RawClient;
using testing::TestServer;

std::string code_of(const RawClient::Answer& answer) {
  const auto document = parse_json(answer.body);
  const Json* error = document ? document->find("error") : nullptr;
  return error != nullptr && error->find("code") != nullptr ? error->find("code")->string_or("")
                                                            : "no error body: " + answer.body;
}

TEST(ServerBind, ATakenPortIsKnownBeforeAnythingIsServed) {
  TestServer taken;
  metrics::Registry metrics;
  TrustEverybody trust{Actor{}};
  ServerOptions options;
  options.port = taken.port();
  HttpServer late(taken.router(), trust, options, metrics);
  const auto refused = late.bind();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_NE(refused.error().message.find(std::to_string(options.port)), std::string::npos);
  options.port = 0;
  HttpServer early(taken.router(), trust, options, metrics);
  ASSERT_TRUE(early.bind());
  const auto port = early.port();
  EXPECT_NE(port, 0);
  ASSERT_TRUE(early.start());
  EXPECT_EQ(early.port(), port);
  EXPECT_EQ(RawClient(port).call(get("/api/v1/fast")).status, 200);
}

TEST(Server, KeepsTheConnectionAndAnswersInOrder) {
  TestServer server;
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(client.call(get("/api/v1/echo?text=" + std::to_string(i))).body,
              R"({"text":")" + std::to_string(i) + R"(","actor":"os:tester"})");
  // Three at once, the first the slowest.
  client.send(get("/api/v1/echo?text=a&sleep_ms=50") + get("/api/v1/fast?text=b") +
              post("/api/v1/echo", R"({"text":"c"})"));
  EXPECT_NE(client.read().body.find("\"a\""), std::string::npos);
  EXPECT_NE(client.read().body.find("\"b\""), std::string::npos);
  EXPECT_NE(client.read().body.find("\"c\""), std::string::npos);
}

TEST(Server, ClosesWhenAsked) {
  TestServer server;
  RawClient client(server.port());
  const auto answer = client.call(get("/api/v1/fast?text=x", "Connection: close\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client.closed());
  RawClient old(server.port());
  EXPECT_EQ(old.call("GET /api/v1/fast?text=x HTTP/1.0\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_TRUE(old.closed());
}

TEST(Server, HeadIsGetWithoutTheBody) {
  TestServer server;
  RawClient client(server.port());
  client.send("HEAD /api/v1/fast?text=abc HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.read(true);
  EXPECT_EQ(head.status, 200);
  const auto whole = client.call(get("/api/v1/fast?text=abc"));
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(whole.body.size()));
  EXPECT_EQ(head.headers.at("etag"), whole.headers.at("etag"));
  client.send("HEAD /api/v1/download?bytes=5 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read(true).status, 200);
  EXPECT_EQ(client.call(get("/api/v1/fast?text=abc")).status, 200);
}

TEST(Server, EveryAnswerHasTheSecurityHeadersAndARequestId) {
  TestServer server;
  RawClient client(server.port());
  for (const std::string& request : {get("/api/v1/fast"), get("/api/v1/nothing"), get("/")}) {
    const auto answer = client.call(request);
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
    EXPECT_NE(answer.headers.at("content-security-policy").find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(answer.headers.at("x-request-id").size(), 32U);
  }
  EXPECT_EQ(client.call(get("/api/v1/fast", "X-Request-Id: mine-1\r\n")).headers.at("x-request-id"),
            "mine-1");
  EXPECT_NE(client.call(get("/api/v1/fast", "X-Request-Id: <script>\r\n")).headers.at("x-request-id"),
            "<script>");
}

TEST(Server, AMethodNobodyKnowsIsToldWhatThePathTakes) {
  TestServer server;
  const auto ask = [&](const std::string& path, const std::string& verb = "OPTIONS") {
    RawClient client(server.port());
    return client.call(verb + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  };
  EXPECT_EQ(ask("/api/v1/fast").headers.at("allow"), "GET, HEAD");
  for (const char* verb : {"OPTIONS", "PATCH"})  // one nobody knows, one that is known elsewhere
    EXPECT_EQ(ask("/api/v1/echo", verb).headers.at("allow"), "GET, HEAD, POST") << verb;
  EXPECT_EQ(ask("/api/v1/nothing").status, 404);
}

TEST(Server, ErrorsHaveOneShape) {
  TestServer server;
  const auto ask = [&](const std::string& text) {
    RawClient client(server.port());
    const auto answer = client.call(text);
    return std::to_string(answer.status) + " " + code_of(answer);
  };
  EXPECT_EQ(ask(get("/api/v1/nothing")), "404 not_found");
  EXPECT_EQ(ask("PATCH /api/v1/echo HTTP/1.1\r\nHost: localhost\r\n\r\n"), "405 invalid");
  EXPECT_EQ(ask("BREW /api/v1/echo HTTP/1.1\r\nHost: localhost\r\n\r\n"), "405 invalid");
  EXPECT_EQ(ask(post("/api/v1/echo", "{}", "Content-Type: text/plain\r\n")), "415 invalid");
  EXPECT_EQ(ask(post("/api/v1/echo", "{}", "")), "415 invalid");
  EXPECT_EQ(ask(post("/api/v1/echo", "{}", "Content-Type: application/json\r\nContent-Encoding: br\r\n")),
            "415 invalid");
  EXPECT_EQ(ask(post("/api/v1/echo", "{")), "400 invalid");
  EXPECT_EQ(ask("POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 99999999999\r\n\r\n"),
            "413 too_large");
  EXPECT_EQ(ask(get("/api/v1/fast", "X-Long: " + std::string(20'000, 'x') + "\r\n")), "431 too_large");
  std::string many;
  for (int i = 0; i < 200; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(ask(get("/api/v1/fast", many)), "431 too_large");
  EXPECT_EQ(ask(get("/api/v1/fast", "Expect: wonders\r\n")), "417 invalid");
  EXPECT_EQ(ask("GET /api/v1/fast HTTP/1.1\r\n\r\n"), "400 invalid");
  EXPECT_EQ(ask("GET /api/v1/fast HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), "400 invalid");
  EXPECT_EQ(ask("\x16\x03\x01 nonsense\r\n\r\n"), "400 invalid");
  EXPECT_EQ(ask(get("/api/v1/../v1/fast")), "400 invalid");
  EXPECT_EQ(ask(get("/api/v1/%2e%2e/fast")), "400 invalid");
  EXPECT_EQ(ask(get("/api/v1/fast#x")), "400 invalid");
  EXPECT_EQ(ask(get("/api/v1/fast?text=%00")), "400 invalid");
}

TEST(Server, TakesNoTypeForTheInferenceProtocol) {
  TestServer server;
  RawClient client(server.port());
  EXPECT_EQ(client.call(post("/v2/echo", R"({"text":"a"})", "")).status, 200);
  EXPECT_EQ(client.call(post("/v2/echo", R"({"text":"a"})", "Content-Type: text/plain\r\n")).status, 415);
}

TEST(Server, AskedForTheAbsoluteFormAnswersIt) {
  TestServer server;
  RawClient client(server.port());
  EXPECT_EQ(client.call("GET http://localhost/api/v1/fast HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
}

// What could make a server and a proxy before it see different requests.
TEST(Server, RefusesSmuggling) {
  TestServer server;
  for (const std::string framing :
       {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -5\r\n", "Content-Length: 5x\r\n", "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n"}) {
    RawClient client(server.port());
    client.send("POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                framing + "\r\n0\r\n\r\n" + get("/api/v1/fast?text=smuggled"));
    EXPECT_EQ(client.read().status, 400) << framing;
    EXPECT_EQ(client.read().status, 0) << framing;
  }
  for (const std::string chunks : {"zz\r\n{}\r\n0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n", "2\r\n{}x\r\n0\r\n\r\n",
                                   "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"}) {
    RawClient client(server.port());
    client.send(
        "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        "application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
        chunks);
    const int status = client.read().status;
    EXPECT_TRUE(status == 400 || status == 413) << chunks << status;
    EXPECT_EQ(client.read().status, 0) << chunks;
  }
}

TEST(Server, ReadsChunkedBodiesWithinTheLimit) {
  TestServer server;
  RawClient client(server.port());
  const std::string head =
      "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  EXPECT_NE(client.call(head + "8\r\n{\"text\":\r\n5;x=y\r\n\"ab\"}\r\n0\r\n\r\n").body.find("ab"),
            std::string::npos);
  EXPECT_EQ(client.call(get("/api/v1/fast")).status, 200);
  client.send(head);
  const std::string piece = "100000\r\n" + std::string(1 << 20, ' ') + "\r\n";
  for (int i = 0; i < 9; ++i) client.send(piece);
  EXPECT_EQ(client.read().status, 413);
  EXPECT_TRUE(client.closed());
}

TEST(Server, AnswersExpectContinueAndRefusesBeforeTheBody) {
  TestServer server;
  RawClient client(server.port());
  const std::string body = R"({"text":"a"})";
  client.send(
      "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: "
      "100-continue\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  EXPECT_EQ(client.call(body).status, 200);
  client.send(
      "POST /api/v1/none HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read().status, 404);
}

TEST(Server, PacksLongAnswersAndUnpacksBodies) {
  TestServer server;
  RawClient client(server.port());
  const std::string path = "/api/v1/echo?text=abcdefgh&repeat=1000";
  const auto plain = client.call(get(path));
  EXPECT_FALSE(plain.headers.contains("content-encoding"));
  const auto packed = client.call(get(path, "Accept-Encoding: br, gzip;q=0.8\r\n"));
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(gunzip(packed.body, 1 << 20).value(), plain.body);
  EXPECT_NE(packed.headers.at("etag"), plain.headers.at("etag"));
  EXPECT_EQ(
      client.call(get(path, "Accept-Encoding: gzip\r\nIf-None-Match: " + packed.headers.at("etag") + "\r\n"))
          .status,
      304);
  EXPECT_FALSE(client.call(get(path, "Accept-Encoding: gzip;q=0\r\n")).headers.contains("content-encoding"));
  EXPECT_FALSE(
      client.call(get("/api/v1/fast", "Accept-Encoding: gzip\r\n")).headers.contains("content-encoding"));

  const std::string lines = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
  EXPECT_NE(client.call(post("/api/v1/echo", gzip(R"({"text":"zip"})"), lines)).body.find("zip"),
            std::string::npos);
  const std::string bomb = gzip(std::string(64UL << 20, ' '));
  EXPECT_LT(bomb.size(), 1UL << 20);
  EXPECT_EQ(client.call(post("/api/v1/echo", bomb, lines)).status, 413);
  EXPECT_EQ(client.call(post("/api/v1/echo", "not gzip", lines)).status, 400);
  EXPECT_EQ(client.call(post("/api/v1/echo", gzip("{}").substr(0, 10), lines)).status, 400);
  EXPECT_EQ(client.call(post("/api/v1/echo", gzip("{}") + "tail", lines)).status, 400);
}

TEST(Server, AnswersToItsOwnNamesOnly) {
  TestServer server;
  RawClient client(server.port());
  const auto with_host = [&](const std::string& host) {
    return client.call("GET /api/v1/fast HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
  };
  for (const std::string host : {"localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]"})
    EXPECT_EQ(with_host(host), 200) << host;
  for (const std::string host :
       {"evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "169.254.169.254", ""})
    EXPECT_EQ(with_host(host), 421) << host;
  ServerOptions options;
  options.allowed_hosts = {"lab.example:8443"};
  TestServer named(options);
  RawClient other(named.port());
  EXPECT_EQ(other.call("GET /api/v1/fast HTTP/1.1\r\nHost: lab.example:8443\r\n\r\n").status, 200);
}

TEST(Server, PagesOfOtherSitesMayNotChangeAnything) {
  TestServer server;
  const auto from = [&](const std::string& lines) {
    RawClient client(server.port());
    return client.call(post("/api/v1/echo", "{}", "Content-Type: application/json\r\n" + lines)).status;
  };
  EXPECT_EQ(from("Origin: http://localhost\r\n"), 200);
  for (const std::string origin :
       {"http://evil.test", "null", "http://localhost:9999", "http://localhost.evil.test", "localhost"})
    EXPECT_EQ(from("Origin: " + origin + "\r\n"), 403) << origin;
  EXPECT_EQ(from("Sec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(from("Sec-Fetch-Site: same-origin\r\n"), 200);
  RawClient client(server.port());
  EXPECT_EQ(client.call(get("/api/v1/fast", "Origin: http://evil.test\r\n")).status,
            200);  // reading needs CORS, which nobody gets
}

}  // namespace
}  // namespace tracseq::server
