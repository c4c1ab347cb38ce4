// SPDX-License-Identifier: MIT
#include "server/http_client.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "server/testing.h"
#include "server/testing_certificate.h"

namespace tracseq::server {
namespace {

using api::Method;
using std::chrono::milliseconds;
using testing::TestServer;

std::unique_ptr<HttpClient> client_of(const std::string& url, std::string ca_file = {}) {
  HttpClientOptions options;
  options.url = url;
  options.ca_file = std::move(ca_file);
  auto client = HttpClient::open(options);
  EXPECT_TRUE(client) << client.error().message;
  return std::move(*client);
}

std::uint64_t accepted(TestServer& server) {
  return server.metrics().counter("tracseq_connections_accepted_total", "").value();
}

// `total` bytes of the pattern the test route counts.
class Pattern final : public ByteSource {
 public:
  explicit Pattern(std::int64_t total) : total_(total) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const auto count = std::min<std::int64_t>(static_cast<std::int64_t>(buffer.size()), total_ - at_);
    for (std::int64_t i = 0; i < count; ++i)
      buffer[static_cast<std::size_t>(i)] = static_cast<std::byte>((at_ + i) % 251);
    at_ += count;
    return static_cast<std::size_t>(count);
  }

 private:
  std::int64_t total_;
  std::int64_t at_ = 0;
};

TEST(HttpClient, CallsRoutesOverOneConnection) {
  TestServer server;
  const auto client = client_of(server.server().url());
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(client->call(Method::get, "/api/v1/echo?text=a%26b").value(),
              R"({"text":"a&b","actor":"os:tester"})");
  EXPECT_EQ(client->call(Method::post, "/api/v1/echo", R"({"text":"c"})").value(),
            R"({"text":"c","actor":"os:tester"})");
  EXPECT_EQ(accepted(server), 1U);
}

TEST(HttpClient, GivesBackTheServersErrors) {
  TestServer server;
  const auto client = client_of(server.server().url());
  const auto missing = client->call(Method::get, "/api/v1/nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  const auto wrong = client->call(Method::get, "/api/v1/echo?repeat=x");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::invalid);
  EXPECT_EQ(wrong.error().field, "repeat");
}

TEST(HttpClient, StreamsBothWays) {
  TestServer server;
  const auto client = client_of(server.server().url());
  constexpr std::int64_t kBytes = 20'000'001;
  for (const bool announced : {true, false}) {
    Pattern pattern(kBytes);
    auto request = api::make_request(Method::put, "/api/v1/upload?text=x").value();
    request.stream = &pattern;
    if (announced) request.content_length = kBytes;
    const auto counted = client->send(std::move(request), milliseconds(20'000));
    ASSERT_TRUE(counted) << counted.error().message;
    EXPECT_EQ(counted->body, "20000001 right");
    const std::string known = announced ? "&known_length=true" : "";
    auto answer = client->send(
        api::make_request(Method::get, "/api/v1/download?bytes=" + std::to_string(kBytes) + known).value(),
        milliseconds(20'000));
    ASSERT_TRUE(answer && answer->stream);
    EXPECT_EQ(answer->stream_length.has_value(), announced);
    std::vector<std::byte> buffer(100'000);
    std::int64_t total = 0;
    bool right = true;
    for (;;) {
      const auto count = answer->stream->read(buffer);
      ASSERT_TRUE(count) << count.error().message;
      if (*count == 0) break;
      for (std::size_t i = 0; i < *count; ++i)
        right = right && buffer[i] == static_cast<std::byte>((total + static_cast<std::int64_t>(i)) % 251);
      total += static_cast<std::int64_t>(*count);
    }
    EXPECT_EQ(total, kBytes);
    EXPECT_TRUE(right);
  }
  EXPECT_EQ(accepted(server), 1U);  // streams read to their end give their connection back
}

TEST(HttpClient, TellsWhenAStreamBreaks) {
  TestServer server;
  const auto client = client_of(server.server().url());
  for (const char* known : {"", "&known_length=true"}) {
    auto answer =
        client->send(api::make_request(
                         Method::get, std::string("/api/v1/download?bytes=1000000&fail_after=100000") + known)
                         .value(),
                     milliseconds(5'000));
    ASSERT_TRUE(answer);
    std::vector<std::byte> buffer(50'000);
    Result<std::size_t> count = 1U;
    while (count && *count > 0) count = answer->stream->read(buffer);
    ASSERT_FALSE(count) << known;
    EXPECT_EQ(count.error().code, Code::unavailable);
  }
}

TEST(HttpClient, HearsARefusalInTheMiddleOfAnUpload) {
  TestServer server;
  const auto client = client_of(server.server().url());
  Pattern pattern(50'000'000);
  auto request = api::make_request(Method::put, "/api/v1/upload?text=refuse").value();
  request.stream = &pattern;
  const auto answer = client->send(std::move(request), milliseconds(10'000));
  if (answer) {
    EXPECT_EQ(answer->status, 409);
  } else {
    EXPECT_EQ(answer.error().code, Code::unavailable);  // the reset overtook the answer
  }
}

TEST(HttpClient, KeepsItsDeadline) {
  TestServer server;
  const auto client = client_of(server.server().url());
  const auto start = Steady::now();
  const auto late = client->call(Method::get, "/api/v1/echo?sleep_ms=5000", {}, milliseconds(200));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::deadline);
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(3));
  EXPECT_TRUE(client->call(Method::get, "/api/v1/echo"));
}

TEST(HttpClient, SurvivesARestartOfTheServer) {
  auto server = std::make_unique<TestServer>();
  const std::uint16_t port = server->port();
  const auto client = client_of(server->server().url());
  EXPECT_TRUE(client->call(Method::get, "/api/v1/echo"));
  server.reset();
  const auto away = client->call(Method::get, "/api/v1/echo");
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::unavailable);
  EXPECT_NE(away.error().message.find(std::to_string(port)), std::string::npos);
}

TEST(HttpClient, RefusesAddressesThatAreNone) {
  for (const char* url : {"", "localhost:8080", "ftp://x", "http://", "http://:80", "http://user@host",
                          "http://host:x", "http://[::1"}) {
    HttpClientOptions options;
    options.url = url;
    EXPECT_FALSE(HttpClient::open(options)) << url;
  }
}

TEST(HttpClient, SpeaksTlsToWhomItTrusts) {
  const testing::Certificate certificate;
  const testing::Certificate stranger;
  ServerOptions options;
  options.tls_certificate_file = certificate.certificate_file();
  options.tls_key_file = certificate.key_file();
  TestServer server(options);
  const std::string url = "https://localhost:" + std::to_string(server.port());
  const auto client = client_of(url, certificate.certificate_file());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client->call(Method::get, "/api/v1/echo?text=abc&repeat=100000");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_GT(answer->size(), 300'000U);
  }
  EXPECT_EQ(accepted(server), 1U);
  Pattern pattern(3'000'000);
  auto request = api::make_request(Method::put, "/api/v1/upload").value();
  request.stream = &pattern;
  EXPECT_EQ(client->send(std::move(request), milliseconds(10'000)).value().body, "3000000 right");

  EXPECT_FALSE(client_of(url, stranger.certificate_file())->call(Method::get, "/api/v1/echo"));
  const std::string by_address = "https://127.0.0.1:" + std::to_string(server.port());
  EXPECT_FALSE(client_of(by_address, certificate.certificate_file())
                   ->call(Method::get, "/api/v1/echo"));  // another name
  EXPECT_FALSE(
      client_of("http://localhost:" + std::to_string(server.port()))->call(Method::get, "/api/v1/echo"));
  EXPECT_TRUE(client->call(Method::get, "/api/v1/echo"));
}

TEST(HttpClient, AServerNeedsACertificateWithItsKey) {
  const testing::Certificate one;
  const testing::Certificate other;
  api::Router router;
  TrustEverybody trust{Actor{}};
  const auto start = [&](const std::string& certificate, const std::string& key) {
    ServerOptions options;
    options.port = 0;
    options.tls_certificate_file = certificate;
    options.tls_key_file = key;
    return HttpServer(router, trust, options).start();
  };
  EXPECT_TRUE(start(one.certificate_file(), one.key_file()));
  EXPECT_EQ(start(one.certificate_file(), other.key_file()).error().code, Code::invalid);
  EXPECT_EQ(start("/nowhere.pem", one.key_file()).error().code, Code::invalid);
  EXPECT_EQ(start(one.certificate_file(), "").error().code, Code::invalid);
}

}  // namespace
}  // namespace tracseq::server
