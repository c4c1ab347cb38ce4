// SPDX-License-Identifier: MIT
#include "server/proxy.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "server/limits.h"
#include "server/testing.h"

namespace tracseq::server {
namespace {

using deployment::TrafficRoute;
using std::chrono::milliseconds;
using testing::RawClient;

// An upstream that does with each connection what it is told, once a request has come. Checks of health are
// answered apart, so that only requests meet the fault.
class FakeUpstream {
 public:
  // What to do with a request (all its bytes); false: close.
  using Behaviour = std::function<bool(int socket, const std::string& request)>;

  explicit FakeUpstream(Behaviour behaviour, std::uint16_t port = 0) : behaviour_(std::move(behaviour)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 64), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept(); });
  }
  ~FakeUpstream() { stop(); }
  FakeUpstream(const FakeUpstream&) = delete;
  FakeUpstream& operator=(const FakeUpstream&) = delete;
  void stop() {
    if (!thread_.joinable()) return;
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    {
      const Lock lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& one : connections_) one.join();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  std::vector<std::string> requests() {
    const Lock lock(mutex_);
    return requests_;
  }

 private:
  void accept() {
    while (!ending_) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const Lock lock(mutex_);
      open_.insert(socket);
      connections_.emplace_back([this, socket] { serve(socket); });
    }
  }
  void serve(int socket) {
    std::string bytes;
    char piece[65'536];
    for (bool more = true; more;) {
      const auto head = bytes.find("\r\n\r\n");
      std::size_t whole = std::string::npos;
      if (head != std::string::npos) {
        const auto length = bytes.find("Content-Length: ");
        whole = head + 4 + (length < head ? std::stoul(bytes.substr(length + 16)) : 0);
      }
      if (bytes.size() >= whole) {
        more = answer(socket, bytes.substr(0, whole));
        bytes.erase(0, whole);
        continue;
      }
      const auto got = ::recv(socket, piece, sizeof piece, 0);
      if (got <= 0) break;
      bytes.append(piece, static_cast<std::size_t>(got));
    }
    const Lock lock(mutex_);
    open_.erase(socket);
    ::close(socket);
  }
  bool answer(int socket, const std::string& request) {
    if (request.starts_with("GET /health ")) {
      say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      return true;
    }
    {
      const Lock lock(mutex_);
      requests_.push_back(request);
    }
    return behaviour_(socket, request);
  }

 public:
  static void say(int socket, std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

 private:
  const Behaviour behaviour_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  Mutex mutex_;
  std::set<int> open_;
  std::vector<std::string> requests_;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

FakeUpstream::Behaviour says(std::string text, bool keep = true) {
  return [text = std::move(text), keep](int socket, const std::string&) {
    FakeUpstream::say(socket, text);
    return keep;
  };
}
const std::string kFine = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nfine";

// A proxy with one route over the upstreams given, all in one target.
class TestProxy {
 public:
  explicit TestProxy(const std::vector<std::uint16_t>& ports, ProxyOptions options = quick()) {
    route_.service_name = "blood";
    route_.generation = 1;
    route_.health_check_path = "/health";
    auto& target = route_.targets.emplace_back();
    target.deployment_id = "d";
    target.model_version = "1.0.0";
    target.weight = 100;
    for (const std::uint16_t port : ports)
      target.replicas.push_back({"r" + std::to_string(port), "127.0.0.1", port, false});
    table_.apply({{route_}});
    proxy_ = std::make_unique<Proxy>(table_, std::move(options), metrics_);
    proxy_->start();
    proxy_->listen();
  }
  static ProxyOptions quick() {
    ProxyOptions options;
    options.threads = 1;
    options.limits.check_every = milliseconds{20};
    options.limits.check_timeout = milliseconds{200};
    options.limits.drain_max = milliseconds{2'000};
    return options;
  }
  [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(slot()->port()); }
  [[nodiscard]] std::shared_ptr<deployment::gateway::RouteSlot> slot() const { return table_.slots().at(0); }
  Proxy& proxy() { return *proxy_; }
  deployment::gateway::LiveTable& table() { return table_; }
  RawClient::Answer call(std::string_view text) { return RawClient(port()).call(text); }

 private:
  metrics::Registry metrics_;
  deployment::gateway::LiveTable table_;
  TrafficRoute route_;
  std::unique_ptr<Proxy> proxy_;
};

const std::string kInfer = "/v2/models/blood/infer";
std::string infer(std::string_view lines = {}) {
  return testing::post(kInfer, R"({"inputs":[]})", "Content-Type: application/json\r\n" + std::string(lines));
}

TEST(Proxy, ARequestGoesOnAndItsAnswerComesBackWithTheVersion) {
  FakeUpstream upstream(says(kFine));
  TestProxy proxy({upstream.port()});
  RawClient client(proxy.port());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.call(infer("X-Request-Id: abc\r\nAuthorization: Bearer t\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "fine");
    EXPECT_EQ(answer.headers.at("x-tracseq-version"), "1.0.0");
    EXPECT_EQ(answer.headers.at("x-tracseq-deployment"), "d");
  }
  const std::string request = upstream.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST " + kInfer +
                                  " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(upstream.port()) + "\r\n"))
      << request;
  for (const char* line : {"X-Request-Id: abc\r\n", "Authorization: Bearer t\r\n", "Content-Length: 13\r\n",
                           "X-Forwarded-For: 127.0.0.1\r\n", "X-Timeout-Ms: "})
    EXPECT_NE(request.find(line), std::string::npos) << line << request;
  EXPECT_TRUE(request.ends_with(R"({"inputs":[]})"));
}

TEST(Proxy, WhatIsForOneConnectionStaysThere) {
  FakeUpstream upstream(
      says("HTTP/1.1 200 OK\r\nConnection: x-secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\nX-Plain: 2\r\n"
           "x-tracseq-version: forged\r\nContent-Length: 0\r\n\r\n"));
  TestProxy proxy({upstream.port()});
  const auto answer = proxy.call(infer(
      "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Authorization: "
      "b\r\nX-End: 1\r\nX-Forwarded-For: 6.6.6.6\r\nOrigin: http://localhost\r\nx-tracseq-target: "
      "stable\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.headers.contains("x-secret"));
  EXPECT_FALSE(answer.headers.contains("keep-alive"));
  EXPECT_EQ(answer.headers.at("x-plain"), "2");
  EXPECT_EQ(answer.headers.at("x-tracseq-version"), "1.0.0");
  const std::string request = upstream.requests().at(0);
  EXPECT_NE(request.find("X-End: 1"), std::string::npos);
  for (const char* gone :
       {"X-Hop", "TE:", "Upgrade", "Proxy-Auth", "Connection", "6.6.6.6", "Origin", "x-tracseq"})
    EXPECT_EQ(request.find(gone), std::string::npos) << gone << "\n" << request;
}

// Each of these a proxy and a server behind it could read as different requests.
TEST(Proxy, AmbiguousRequestsAreRefusedAndNeverPassedOn) {
  FakeUpstream upstream(says(kFine));
  TestProxy proxy({upstream.port()});
  const std::string head = "POST " + kInfer + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const std::string& hostile : {
           head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
           head + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
           head + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
           head + "Content-Length: 4, 4\r\n\r\nabcd",
           head + "Content-Length: +4\r\n\r\nabcd",
           head + "Content-Length: -1\r\n\r\n",
           head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
           head + "Host: elsewhere\r\nContent-Length: 0\r\n\r\n",
           std::string("POST ") + kInfer + " HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           std::string("GET /x HTTP/1.1\r\n\r\n"),
           std::string("GET x HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           std::string("GET /x#y HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           std::string("CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           std::string("BREW /x HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           head + "X-A: b\nContent-Length: 0\r\n\r\n",
           std::string("\x01\x02\r\n\r\n"),
       }) {
    RawClient client(proxy.port());
    const auto answer = client.call(hostile + testing::get("/smuggled"));
    EXPECT_EQ(answer.status, 400) << hostile;
    EXPECT_TRUE(client.closed()) << hostile;
  }
  EXPECT_EQ(upstream.requests(), std::vector<std::string>{});
}

TEST(Proxy, ChunksBecomeALengthAndTrailersAreLeftOut) {
  FakeUpstream upstream(
      says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n4\r\nfine\r\n0\r\nX-T: "
           "1\r\n\r\n"));
  TestProxy proxy({upstream.port()});
  RawClient client(proxy.port());
  const auto answer = client.call("POST " + kInfer +
                                  " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Evil: 1\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-length"), "4");
  EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
  EXPECT_FALSE(answer.headers.contains("x-t"));
  const std::string request = upstream.requests().at(0);
  EXPECT_NE(request.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\nabcde")) << request;
  EXPECT_EQ(request.find("X-Evil"), std::string::npos);
  EXPECT_EQ(client.call(infer()).status, 200);  // the connection goes on
}

TEST(Proxy, RequestsThatComeAtOnceAreAnsweredInOrder) {
  FakeUpstream upstream([](int socket, const std::string& request) {
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    FakeUpstream::say(
        socket, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) + "\r\n\r\n" + path);
    return true;
  });
  TestProxy proxy({upstream.port()});
  RawClient client(proxy.port());
  client.send(testing::get("/one") + testing::get("/two") + testing::get("/three"));
  for (const char* path : {"/one", "/two", "/three"}) EXPECT_EQ(client.read().body, path);
}

TEST(Proxy, AReplicaThatDiesWithinItsAnswerIsReplacedByAnother) {
  for (const std::string& half :
       {std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Le"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nhalf"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nhalf"),
        std::string("SMTP/1.1 what\r\n\r\n"),
        std::string("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")}) {
    FakeUpstream dying(says(half, false));
    FakeUpstream fine(says(kFine));
    TestProxy proxy({dying.port(), fine.port()});
    for (int i = 0; i < 12; ++i) {
      const auto answer = proxy.call(infer());
      EXPECT_EQ(answer.status, 200) << half;
      EXPECT_EQ(answer.body, "fine");
    }
    EXPECT_GT(dying.requests().size(), 0U);
    const auto counts = proxy.slot()->take_state().counts.at(0);
    EXPECT_EQ(counts.requests, 12);
    EXPECT_EQ(counts.errors, 0);
  }
}

TEST(Proxy, WithoutAnotherReplicaTheCallerIsToldAndItCounts) {
  FakeUpstream dying(says("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nhalf", false));
  TestProxy proxy({dying.port()});
  const auto answer = proxy.call(infer());
  EXPECT_EQ(answer.status, 502);
  EXPECT_NE(answer.body.find("broke off"), std::string::npos);
  EXPECT_EQ(proxy.slot()->take_state().counts.at(0).errors, 1);
}

TEST(Proxy, WhatMayDoHarmTwiceIsSentOnce) {
  FakeUpstream one(says("", false));
  FakeUpstream two(says("", false));
  TestProxy proxy({one.port(), two.port()});
  EXPECT_EQ(proxy.call(testing::post("/v2/repository/load", "{}")).status, 502);
  EXPECT_EQ(one.requests().size() + two.requests().size(), 1U);
}

TEST(Proxy, ASlowReplicaEndsWithTheCallersTime) {
  FakeUpstream slow([](int, const std::string&) {
    std::this_thread::sleep_for(milliseconds{600});
    return false;
  });
  TestProxy proxy({slow.port()});
  const auto began = Steady::now();
  const auto answer = proxy.call(infer("X-Timeout-Ms: 100\r\n"));
  EXPECT_EQ(answer.status, 504);
  EXPECT_LT(Steady::now() - began, milliseconds{500});
  EXPECT_EQ(slow.requests().size(), 1U);
}

TEST(Proxy, AKeptConnectionThatDiedMeanwhileIsNoFailure) {
  std::atomic<int> count{0};
  FakeUpstream upstream([&](int socket, const std::string&) {
    FakeUpstream::say(socket, kFine);
    return ++count % 2 != 0;  // closes after every second answer, without saying so
  });
  TestProxy proxy({upstream.port()});
  RawClient client(proxy.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.call(infer()).status, 200) << i;
}

TEST(Proxy, BodiesAndHeadersAreBounded) {
  ProxyOptions options = TestProxy::quick();
  options.limits.body_bytes_max = 1'000;
  FakeUpstream big(says("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(5'000, 'x')));
  TestProxy proxy({big.port()}, options);
  EXPECT_EQ(proxy.call(testing::post(kInfer, std::string(1'001, 'x'))).status, 413);
  EXPECT_EQ(proxy
                .call("POST " + kInfer +
                      " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                      std::string(1'001, 'x') + "\r\n0\r\n\r\n")
                .status,
            413);
  EXPECT_EQ(proxy.call(testing::get("/x", "X-Long: " + std::string(20'000, 'x') + "\r\n")).status, 431);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(proxy.call(testing::get("/x", many)).status, 431);
  EXPECT_EQ(proxy.call(testing::get("/x", "X-Tracseq-Sticky-Key: " + std::string(600, 'k') + "\r\n")).status,
            400);
  EXPECT_EQ(big.requests().size(), 0U);
  EXPECT_EQ(proxy.call(testing::post(kInfer, std::string(1'000, 'x'))).status,
            502);  // its answer is too large
}

TEST(Proxy, ABodyOfSixteenMiBPassesBothWays) {
  const std::string body(16UL << 20, 'b');
  FakeUpstream upstream([&](int socket, const std::string& request) {
    const auto size = request.size() - request.find("\r\n\r\n") - 4;
    FakeUpstream::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                                  std::string(size, 'a'));
    return true;
  });
  TestProxy proxy({upstream.port()});
  RawClient client(proxy.port());
  const auto answer = client.call(testing::post(kInfer, body));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.size(), body.size());
  EXPECT_EQ(client.call(testing::post(kInfer, "{}")).status, 200);
}

TEST(Proxy, ExpectAndHeadAndOldClientsAreUnderstood) {
  FakeUpstream upstream([](int socket, const std::string& request) {
    FakeUpstream::say(socket, request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
                                                          : "HTTP/1.1 100 Continue\r\n\r\n" + kFine);
    return true;
  });
  TestProxy proxy({upstream.port()});
  RawClient client(proxy.port());
  client.send("POST " + kInfer +
              " HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  EXPECT_EQ(client.call("{}").body, "fine");
  EXPECT_EQ(upstream.requests().at(0).find("Expect"), std::string::npos);
  client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read(true).headers.at("content-length"), "99");
  EXPECT_EQ(client.call(infer()).body, "fine");
  RawClient old(proxy.port());
  const auto answer =
      old.call("POST " + kInfer + " HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(answer.body, "fine");
  EXPECT_TRUE(old.closed());
}

TEST(Proxy, ItAnswersForItselfAndOnlyToItsOwnNames) {
  FakeUpstream upstream(says(kFine));
  ProxyOptions options = TestProxy::quick();
  options.refuse_caller = [](std::string_view authorization) -> std::optional<Error> {
    if (authorization == "Bearer good") return std::nullopt;
    return Error{Code::unauthenticated, "show a key", {}, {}};
  };
  TestProxy proxy({upstream.port()}, options);
  for (const char* path : {"/health", "/livez", "/readyz", "/metrics"})
    EXPECT_EQ(proxy.call(testing::get(path)).status, 200) << path;
  EXPECT_NE(proxy.call(testing::get("/metrics")).body.find("tracseq_gateway_requests_total"),
            std::string::npos);
  EXPECT_EQ(proxy.call(infer()).status, 401);
  EXPECT_EQ(proxy.call(infer("Authorization: Bearer bad\r\n")).status, 401);
  EXPECT_EQ(proxy.call(infer("Authorization: Bearer good\r\nAuthorization: Bearer bad\r\n")).status, 400);
  EXPECT_EQ(proxy.call(infer("Authorization: Bearer good\r\nOrigin: http://evil.example\r\n")).status, 403);
  EXPECT_EQ(proxy.call("GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 421);
  EXPECT_EQ(upstream.requests().size(), 0U);
  EXPECT_EQ(proxy.call(infer("Authorization: Bearer good\r\n")).status, 200);
}

TEST(Proxy, WithoutATargetItSaysSo) {
  TestProxy proxy({});
  const auto answer = proxy.call(infer());
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, R"({"error":"'blood' has no replica"})");
  const auto health = proxy.call(testing::get("/health"));
  EXPECT_EQ(health.status, 503);
  EXPECT_NE(health.body.find("has no replica"), std::string::npos);
}

TEST(Proxy, AReplicaThatFailsItsChecksIsLeftAndTakenBack) {
  auto away = std::make_unique<FakeUpstream>(says(kFine));
  const std::uint16_t port = away->port();
  TestProxy proxy({port});
  const auto replica = proxy.slot()->current()->targets[0].seats[0].replica;
  const auto wait_for = [&](bool usable) {
    const auto end = Steady::now() + std::chrono::seconds{5};
    while (replica->health.usable() != usable && Steady::now() < end)
      std::this_thread::sleep_for(milliseconds{5});
    EXPECT_EQ(replica->health.usable(), usable);
  };
  EXPECT_EQ(proxy.call(infer()).status, 200);
  away.reset();
  wait_for(false);
  EXPECT_EQ(proxy.call(infer()).status, 503);
  FakeUpstream back(says(kFine), port);
  wait_for(true);
  EXPECT_EQ(proxy.call(infer()).status, 200);
}

TEST(Proxy, StoppingWaitsForWhatIsUnderWay) {
  FakeUpstream slow([](int socket, const std::string&) {
    std::this_thread::sleep_for(milliseconds{300});
    FakeUpstream::say(socket, kFine);
    return true;
  });
  TestProxy proxy({slow.port()});
  RawClient idle(proxy.port());
  RawClient busy(proxy.port());
  busy.send(infer());
  while (slow.requests().empty()) std::this_thread::sleep_for(milliseconds{1});
  EXPECT_TRUE(proxy.proxy().stop());
  const auto answer = busy.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(idle.closed());
}

TEST(Proxy, WhatNeverEndsIsCut) {
  ProxyOptions options = TestProxy::quick();
  options.limits.drain_max = milliseconds{50};
  FakeUpstream never([](int socket, const std::string&) {
    char byte = 0;
    ::recv(socket, &byte, 1, 0);
    return false;
  });
  TestProxy proxy({never.port()}, options);
  RawClient client(proxy.port());
  client.send(infer());
  while (never.requests().empty()) std::this_thread::sleep_for(milliseconds{1});
  EXPECT_FALSE(proxy.proxy().stop());
  EXPECT_TRUE(client.closed());
}

TEST(Proxy, ARouteThatIsGoneClosesItsPort) {
  FakeUpstream upstream(says(kFine));
  TestProxy proxy({upstream.port()});
  RawClient client(proxy.port());
  EXPECT_EQ(client.call(infer()).status, 200);
  proxy.table().apply({});
  proxy.proxy().listen();
  const auto last = client.call(infer());
  EXPECT_TRUE(last.status == 0 || last.headers.at("connection") == "close");
  EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace tracseq::server
