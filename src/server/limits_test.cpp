// SPDX-License-Identifier: MIT
// Slow, greedy, silent and vanishing clients; stopping.
#include <gtest/gtest.h>

#include <future>

#include "base/json.h"
#include "server/http_client.h"
#include "server/testing.h"

namespace tracseq::server {
namespace {

using std::chrono::milliseconds;
using testing::get;
using testing::post;
using testing::RawClient;
using testing::TestServer;

ServerOptions with_limits(const std::function<void(Limits&)>& change) {
  ServerOptions options;
  change(options.limits);
  return options;
}

std::size_t resident_bytes() {
  long total = 0;
  long resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr || std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<std::size_t>(resident) * 4'096;
}

TEST(ServerLimits, AHeaderThatTricklesIsRefusedAndHoldsNobodyUp) {
  TestServer server(with_limits([](Limits& limits) { limits.header_timeout = milliseconds(300); }));
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<RawClient>(server.port()));
    slow.back()->send("GET /api/v1/fast HTTP/1.1\r\nHost: loc");
  }
  RawClient quick(server.port());
  EXPECT_EQ(quick.call(get("/api/v1/fast")).status, 200);
  for (const auto& client : slow) EXPECT_EQ(client->read().status, 408);
  EXPECT_TRUE(slow[0]->closed());
}

TEST(ServerLimits, ABodyThatTricklesIsRefused) {
  TestServer server(with_limits([](Limits& limits) {
    limits.body_timeout = milliseconds(300);
    limits.chunk_timeout = milliseconds(300);
  }));
  RawClient json(server.port());
  json.send(
      "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "10\r\n\r\n{");
  EXPECT_EQ(json.read().status, 408);
  RawClient upload(server.port());
  upload.send("PUT /api/v1/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n1");
  EXPECT_EQ(upload.read().status, 504);
}

TEST(ServerLimits, AnIdleConnectionIsClosed) {
  TestServer server(with_limits([](Limits& limits) { limits.idle_timeout = milliseconds(200); }));
  RawClient client(server.port());
  EXPECT_EQ(client.call(get("/api/v1/fast")).status, 200);
  EXPECT_TRUE(client.closed());
}

TEST(ServerLimits, MoreConnectionsThanAllowedAreRefused) {
  TestServer server(with_limits([](Limits& limits) { limits.connections_max = 3; }));
  std::vector<std::unique_ptr<RawClient>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<RawClient>(server.port()));
    EXPECT_EQ(held.back()->call(get("/api/v1/fast")).status, 200);
  }
  RawClient late(server.port());
  const auto answer = late.read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(parse_json(answer.body));
  EXPECT_TRUE(late.closed());
  held.pop_back();
  const auto end = Steady::now() + std::chrono::seconds(5);
  int status = 0;
  while (status != 200 && Steady::now() < end)
    status = RawClient(server.port()).call(get("/api/v1/fast")).status;
  EXPECT_EQ(status, 200);
}

TEST(ServerLimits, AFullQueueIsSaidSo) {
  TestServer server(with_limits([](Limits& limits) {
    limits.workers = 1;
    limits.queue_max = 1;
  }));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(get("/api/v1/echo?sleep_ms=300"));
  }
  int busy = 0;
  int served = 0;
  for (const auto& client : clients) {
    const auto answer = client->read();
    served += answer.status == 200 ? 1 : 0;
    busy += answer.status == 429 && answer.headers.contains("retry-after") ? 1 : 0;
  }
  EXPECT_EQ(served + busy, 6);
  EXPECT_GE(busy, 3);
  EXPECT_GE(served, 1);
  EXPECT_EQ(RawClient(server.port()).call(get("/api/v1/fast")).status, 200);
}

TEST(ServerLimits, ACallHasADeadline) {
  TestServer server(with_limits([](Limits& limits) { limits.request_timeout = milliseconds(200); }));
  RawClient client(server.port());
  EXPECT_EQ(client.call(get("/api/v1/echo?sleep_ms=5000")).status, 504);
  TestServer patient;
  RawClient hasty(patient.port());
  EXPECT_EQ(hasty.call(get("/api/v1/echo?sleep_ms=5000", "X-Timeout-Ms: 100\r\n")).status, 504);
}

TEST(ServerLimits, LargeStreamsTakeConstantMemory) {
  TestServer server;
  RawClient warm(server.port());
  EXPECT_EQ(warm.call(get("/api/v1/download?bytes=1000000")).body.size(), 1'000'000U);
  const std::size_t before = resident_bytes();
  HttpClientOptions options;
  options.url = server.server().url();
  const auto client = HttpClient::open(options).value();
  auto answer = client
                    ->send(api::make_request(api::Method::get, "/api/v1/download?bytes=300000000").value(),
                           milliseconds(30'000))
                    .value();
  std::vector<std::byte> buffer(1 << 20);
  std::size_t total = 0;
  for (std::size_t count = 1; count > 0; total += count) count = answer.stream->read(buffer).value();
  EXPECT_EQ(total, 300'000'000U);
  EXPECT_LT(resident_bytes(), before + (32UL << 20));
}

TEST(ServerLimits, AReaderThatDoesNotReadIsCut) {
  TestServer server(with_limits([](Limits& limits) { limits.chunk_timeout = milliseconds(300); }));
  RawClient client(server.port());
  client.send(get("/api/v1/download?bytes=1000000000"));
  ASSERT_NE(client.read_until("\r\n\r\n"), "");
  metrics::Gauge& open = server.metrics().gauge("tracseq_connections", "");
  const auto end = Steady::now() + std::chrono::seconds(10);
  server.metrics().text();
  ASSERT_EQ(open.value(), 1);
  while (open.value() > 0 && Steady::now() < end) {
    std::this_thread::sleep_for(milliseconds(50));
    server.metrics().text();
  }
  EXPECT_EQ(open.value(), 0);
}

TEST(ServerLimits, AnUploadThatVanishesEndsItsHandler) {
  TestServer server(with_limits([](Limits& limits) { limits.workers = 1; }));
  {
    RawClient client(server.port());
    client.send("PUT /api/v1/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nhalf");
    std::this_thread::sleep_for(milliseconds(50));
  }
  // The only worker is free again.
  EXPECT_EQ(RawClient(server.port()).call(get("/api/v1/echo?text=x")).status, 200);
}

TEST(ServerLimits, AnUploadWaitsForItsHandler) {
  TestServer server;
  RawClient client(server.port());
  std::string bytes(2'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
  client.send("PUT /api/v1/upload?sleep_ms=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(bytes.size()) + "\r\n\r\n" + bytes);
  EXPECT_EQ(client.read().body, "2000000 right");
  EXPECT_EQ(client.call(get("/api/v1/fast")).status, 200);
}

std::string upload_head(std::size_t bytes) {
  return "PUT /api/v1/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(bytes) +
         "\r\n\r\n";
}

TEST(ServerLimits, UploadsThatTrickleLeaveWorkersToOthers) {
  TestServer server(with_limits([](Limits& limits) { limits.chunk_timeout = milliseconds(10'000); }));
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(std::make_unique<RawClient>(server.port()));
    slow.back()->send(upload_head(3) + "1");
  }
  std::this_thread::sleep_for(milliseconds(100));
  const auto start = Steady::now();
  EXPECT_EQ(RawClient(server.port()).call(get("/api/v1/echo?text=x")).status, 200);
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(2));
  // Those that wait for a turn get theirs.
  for (const auto& client : slow) client->send(std::string("\1\2", 2));
  for (const auto& client : slow) EXPECT_EQ(client->read().status, 200);
}

TEST(ServerLimits, AnUploadThatGetsNoTurnIsToldSo) {
  TestServer server(with_limits([](Limits& limits) {
    limits.uploads_max = 1;
    limits.chunk_timeout = milliseconds(600);
    limits.upload_rate_min = 0;
  }));
  RawClient slow(server.port());
  slow.send(upload_head(100) + "1");
  std::this_thread::sleep_for(milliseconds(50));
  RawClient late(server.port());
  late.send(upload_head(1) + "1");
  auto answer = std::async(std::launch::async, [&] { return late.read(); });
  while (answer.wait_for(milliseconds(50)) != std::future_status::ready) slow.send("1");
  const auto refused = answer.get();
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
}

TEST(ServerLimits, AnUploadMustKeepUpALeastRate) {
  TestServer server(with_limits([](Limits& limits) {
    limits.chunk_timeout = milliseconds(300);
    limits.upload_rate_min = 10'000;
  }));
  RawClient client(server.port());
  client.send(upload_head(100'000) + std::string(50'000, '1'));  // a good beginning pays for nothing
  std::atomic<bool> answered{false};
  std::thread drip([&] {
    while (!answered) {
      client.send("1");
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  const auto answer = client.read();
  answered = true;
  drip.join();
  EXPECT_EQ(answer.status, 504);
  EXPECT_NE(answer.body.find("too slowly"), std::string::npos) << answer.body;
}

// Each piece of a download has its own time to find a worker, however long the download has taken already.
TEST(ServerLimits, AFullQueueLateInADownloadIsWaitedFor) {
  TestServer server(with_limits([](Limits& limits) {
    limits.workers = 1;
    limits.queue_max = 1;
    limits.chunk_timeout = milliseconds(1'000);
  }));
  constexpr std::size_t kBytes = 64UL << 20;
  RawClient reader(server.port());
  reader.send(get("/api/v1/download?known_length=true&bytes=" + std::to_string(kBytes)));
  std::string buffer(1 << 20, '\0');
  std::size_t got = 0;
  const auto take = [&] {
    const auto count = ::recv(reader.descriptor(), buffer.data(), buffer.size(), 0);
    got += count > 0 ? static_cast<std::size_t>(count) : 0;
    return count > 0;
  };
  for (const auto end = Steady::now() + milliseconds(1'300); Steady::now() < end;) {
    ASSERT_TRUE(take());
    std::this_thread::sleep_for(milliseconds(50));
  }
  ASSERT_LT(got, kBytes / 2) << "the download must still be under way";
  std::vector<std::unique_ptr<RawClient>> busy;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(std::make_unique<RawClient>(server.port()));
    busy.back()->send(get("/api/v1/echo?sleep_ms=300"));
  }
  std::this_thread::sleep_for(milliseconds(100));  // the queue is full before the next piece is asked for
  while (take()) {
    if (got > kBytes) break;  // body and head are there
  }
  EXPECT_GT(got, kBytes);
  for (const auto& client : busy) client->read();
}

class Gatekeeper final : public Authenticator {
 public:
  std::optional<Result<Actor>> from_memory(const api::Request& request) override {
    if (request.header("authorization") == "Bearer unknown") return std::nullopt;
    return judge(request);
  }
  Result<Actor> authenticate(const api::Request& request) override {
    ++asked;
    return judge(request);
  }
  Result<Actor> judge(const api::Request& request) {
    if (away) return fail(Code::unavailable, "the database does not answer");
    Actor actor;
    actor.kind = actor.id = "anonymous";
    const auto header = request.header("authorization");
    if (header.empty()) return actor;
    if (header == "Bearer revoked" || all_revoked)
      return fail(Code::unauthenticated, "this token was revoked");
    actor.kind = "user";
    actor.id = "token:1";
    actor.permissions.insert("echo:read");
    return actor;
  }
  std::atomic<int> asked{0};
  std::atomic<bool> all_revoked{false};
  std::atomic<bool> away{false};
};

TEST(ServerLimits, CredentialsAreJudgedBeforeTheBody) {
  Gatekeeper gatekeeper;
  TestServer server({}, &gatekeeper);
  const auto ask = [&](const std::string& text) { return RawClient(server.port()).call(text).status; };
  EXPECT_EQ(ask(get("/api/v1/echo")), 401);
  EXPECT_EQ(ask(get("/api/v1/echo", "Authorization: Bearer revoked\r\n")), 401);
  EXPECT_EQ(ask(get("/api/v1/echo", "Authorization: Bearer good\r\n")), 200);
  EXPECT_EQ(ask(get("/api/v1/echo", "Authorization: Bearer unknown\r\n")), 200);
  EXPECT_EQ(gatekeeper.asked, 1);
  EXPECT_EQ(ask(get("/api/v1/fast")), 200);
  EXPECT_EQ(ask(get("/api/v1/fast", "Authorization: Bearer revoked\r\n")), 200);  // public is public
  const std::string head =
      "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "1000000\r\n";
  EXPECT_EQ(ask(head + "\r\n"), 401);
  EXPECT_EQ(ask(head + "Authorization: Bearer good\r\n\r\n"), 403);
  EXPECT_EQ(ask(head + "Authorization: Bearer unknown\r\n\r\n"), 403);
}

TEST(ServerFeed, PushesWhatComesAndBeatsWhenSilent) {
  TestServer server(with_limits([](Limits& limits) { limits.heartbeat = milliseconds(200); }));
  RawClient listener(server.port());
  listener.send(get("/api/v1/feed"));
  EXPECT_NE(listener.read_until("\r\n\r\n").find("text/event-stream"), std::string::npos);
  EXPECT_NE(listener.read_until("hello\n\n"), "");
  RawClient client(server.port());
  EXPECT_EQ(client.call(post("/api/v1/feed", R"({"text":"id: 1\ndata: x\n\n"})")).status, 200);
  EXPECT_NE(listener.read_until("data: x\n\n"), "");
  EXPECT_NE(listener.read_until(": still here\n\n"), "");
  EXPECT_EQ(client.call(post("/api/v1/feed", R"({"text":"end"})")).status, 200);
  EXPECT_NE(listener.read_until("0\r\n\r\n"), "");
  EXPECT_TRUE(listener.closed());
}

TEST(ServerFeed, EndsOnceItsCredentialIsNoLongerGood) {
  Gatekeeper gatekeeper;
  TestServer server(with_limits([](Limits& limits) { limits.feed_check = milliseconds(100); }), &gatekeeper);
  for (const std::string credential : {"good", "unknown"}) {  // judged from memory, and by a look-up
    RawClient listener(server.port());
    listener.send(get("/api/v1/feed", "Authorization: Bearer " + credential + "\r\n"));
    EXPECT_NE(listener.read_until("hello\n\n"), "");
    gatekeeper.away = true;  // says nothing about the credential
    std::this_thread::sleep_for(milliseconds(300));
    gatekeeper.away = false;
    EXPECT_EQ(RawClient(server.port()).call(post("/api/v1/feed", R"({"text":"data: a\n\n"})")).status, 200);
    EXPECT_NE(listener.read_until("data: a\n\n"), "");
    gatekeeper.all_revoked = true;
    EXPECT_NE(listener.read_until("0\r\n\r\n"), "") << credential;
    EXPECT_TRUE(listener.closed());
    gatekeeper.all_revoked = false;
  }
}

TEST(ServerFeed, AListenerThatVanishesIsForgotten) {
  TestServer server(with_limits([](Limits& limits) { limits.heartbeat = milliseconds(100); }));
  {
    RawClient listener(server.port());
    listener.send(get("/api/v1/feed"));
    listener.read_until("hello\n\n");
  }
  RawClient client(server.port());
  int status = 200;
  for (const auto end = Steady::now() + std::chrono::seconds(5); status == 200 && Steady::now() < end;) {
    status = client.call(post("/api/v1/feed", R"({"text":": x\n\n"})")).status;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(status, 404);
}

TEST(ServerStop, FinishesWhatIsUnderWay) {
  TestServer server;
  RawClient idle(server.port());
  EXPECT_EQ(idle.call(get("/api/v1/fast")).status, 200);
  RawClient listener(server.port());
  listener.send(get("/api/v1/feed"));
  listener.read_until("hello\n\n");
  RawClient busy(server.port());
  busy.send(get("/api/v1/echo?text=last&sleep_ms=300"));
  std::this_thread::sleep_for(milliseconds(50));
  auto stopped = std::async(std::launch::async, [&] { return server.server().stop(); });
  const auto answer = busy.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(stopped.get());
  EXPECT_TRUE(server.server().draining());
  EXPECT_TRUE(idle.closed());
  EXPECT_NE(listener.read_until("0\r\n\r\n"), "");
}

TEST(ServerStop, CutsWhatTakesTooLong) {
  TestServer server(with_limits([](Limits& limits) { limits.drain_max = milliseconds(200); }));
  RawClient busy(server.port());
  busy.send(get("/api/v1/echo?sleep_ms=20000"));
  RawClient deaf(server.port());
  deaf.send(get("/api/v1/download?bytes=1000000000"));
  std::this_thread::sleep_for(milliseconds(50));
  const auto start = Steady::now();
  EXPECT_FALSE(server.server().stop());
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(busy.read().status, 0);
}

TEST(ServerStopDeathTest, ACallThatHeedsNothingCannotKeepItFromEnding) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto stop_with_a_deaf_call = [] {
    TestServer server(with_limits([](Limits& limits) {
      limits.drain_max = milliseconds(100);
      limits.hard_end = milliseconds(200);
    }));
    RawClient busy(server.port());
    busy.send(get("/api/v1/echo?text=deaf&sleep_ms=60000"));
    std::this_thread::sleep_for(milliseconds(100));
    server.server().stop();
    std::exit(0);
  };
  EXPECT_EXIT(stop_with_a_deaf_call(), ::testing::ExitedWithCode(kHardEndStatus), "server.hard_end");
}

TEST(ServerStop, TwoServersCannotShareAPort) {
  TestServer server;
  api::Router router;
  TrustEverybody trust{Actor{}};
  ServerOptions options;
  options.port = server.port();
  HttpServer second(router, trust, options);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::unavailable);
  EXPECT_NE(started.error().message.find(std::to_string(server.port())), std::string::npos);
}

TEST(ServerServe, ChangesWhatItServes) {
  TestServer server;
  RawClient client(server.port());
  EXPECT_EQ(client.call(get("/api/v1/fast")).status, 200);
  api::Router other;
  TrustEverybody trust{Actor{}};
  other.add(
      api::route(api::Method::get, "/api/v1/new", "public", api::Effect::reads, "New.",
                 [](const CallContext&, const api::Empty&) -> Result<api::Empty> { return api::Empty{}; }));
  server.server().serve(other, trust);
  EXPECT_EQ(client.call(get("/api/v1/fast")).status, 404);
  EXPECT_EQ(client.call(get("/api/v1/new")).status, 200);
  server.server().stop();
}

}  // namespace
}  // namespace tracseq::server
