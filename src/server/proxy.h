// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "domain/deployment/gateway/live_table.h"

namespace tracseq::server {

// What bounds a proxy. Every wait has an end.
struct ProxyLimits {
  std::size_t header_bytes_max = 16UL << 10;  // of a request: 431
  std::size_t body_bytes_max = 16UL << 20;  // of a request (413) and of an answer (502); both are held whole
  std::size_t large_bodies_max = 32;        // held at once, of more than kLargeBody; 503 beyond
  std::size_t connections_max = 4'096;      // of callers; further ones are answered 503 and closed
  std::size_t idle_upstream_max = 64;       // kept connections to a replica, per thread
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds idle_timeout{75'000};           // a caller's kept connection without a request
  std::chrono::milliseconds idle_upstream_timeout{30'000};  // less than a replica's patience
  std::chrono::milliseconds connect_timeout{1'000};
  std::chrono::milliseconds request_timeout{60'000};  // all attempts together; a caller may ask for less
  std::chrono::milliseconds write_timeout{30'000};    // of an answer
  std::chrono::milliseconds check_every{250};         // of every replica's health
  std::chrono::milliseconds check_timeout{1'000};
  std::chrono::milliseconds drain_max{30'000};
};
inline constexpr std::size_t kLargeBody = 1UL << 20;

struct ProxyOptions {
  std::string host = "127.0.0.1";          // a numeric address
  std::vector<std::string> allowed_hosts;  // further values of Host
  unsigned threads = 2;
  // What is wrong with a caller's Authorization; empty: everybody may. Called on the I/O threads.
  std::function<std::optional<Error>(std::string_view authorization)> refuse_caller;
  ProxyLimits limits;
};

// Carries HTTP/1.1 requests to the replicas of a table's routes, one port a route. The choice of the replica,
// the retries and the counting are the table's (domain/deployment/gateway). Requests and answers are held
// whole, so that a replica that dies within its answer is no failure of the caller's. Answers itself: the
// route's health check path, /livez, /readyz and /metrics. Lifecycle: the table outlives it; `start` once,
// then `listen` whenever the table has changed, `stop` once (or the destructor). `listen` and `stop` are
// called by one thread at a time.
class Proxy {
 public:
  Proxy(deployment::gateway::LiveTable& table, ProxyOptions options,
        metrics::Registry& metrics = metrics::process());
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  void start();
  // Takes ports for routes that have none yet, gives back those of routes that are gone, and tells every
  // slot its port or why it has none. A port that is held by somebody is tried again with every call. True
  // if any slot was told something new.
  bool listen();
  // Stops in order: close the listeners, end idle connections, wait for requests under way up to drain_max,
  // cut the rest. True if nothing had to be cut.
  bool stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracseq::server
