// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/client.h"
#include "base/mutex.h"

namespace tracseq::server {

struct HttpClientOptions {
  std::string url;      // "http://host:port" or "https://…"; a path goes before every request's own
  std::string token;    // sent as bearer token; empty: none
  std::string ca_file;  // PEM of whom to trust for https; empty: the system's
  std::chrono::milliseconds connect_timeout{5'000};
};

inline constexpr std::size_t kIdleConnectionsMax = 16;
inline constexpr std::chrono::seconds kIdleConnectionMax{30};            // less than a server's patience
inline constexpr std::chrono::milliseconds kClientChunkTimeout{30'000};  // between two pieces of a stream
inline constexpr std::size_t kWholeAnswerMax = 64UL << 20;  // of JSON and other text; others are streamed

// The route table on a server, over HTTP/1.1 with kept-alive connections. JSON and text come as a body,
// everything else as a stream, whose connection returns to the others when it was read to its end. Redirects
// are not followed. Lifecycle: streams may outlive the client. Thread-safe: each call has a connection to
// itself. Errors: `unavailable` if the server cannot be reached or breaks off, `deadline` past the time-out
// (a stream's pieces have their own). A call is sent again, once, only where a kept connection turned out
// dead before any answer came and repeating does no harm (GET, PUT, DELETE, or an Idempotency-Key).
class HttpClient final : public api::Client {
 public:
  // `invalid` for a URL or CA file that cannot be used. Does not connect yet.
  static Result<std::unique_ptr<HttpClient>> open(HttpClientOptions options);
  ~HttpClient() override;

  Result<api::Response> send(api::Request request, std::chrono::milliseconds timeout) override;

  struct Pool;  // private to http_client.cpp

 private:
  explicit HttpClient(std::shared_ptr<Pool> pool);
  std::shared_ptr<Pool> pool_;
};

}  // namespace tracseq::server
