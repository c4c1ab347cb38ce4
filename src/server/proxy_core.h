// SPDX-License-Identifier: MIT
// Private to the proxy: what its listeners, its sessions and its connections to replicas share.
#pragma once

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "domain/deployment/gateway/journey.h"
#include "server/core.h"
#include "server/guard.h"
#include "server/proxy.h"
#include "server/proxy_message.h"

namespace tracseq::server {

namespace gateway = deployment::gateway;
inline constexpr auto kProxyAwait = asio::as_tuple(kAwait);

// Something that waits on a socket until a time. Lives on its worker's thread.
class Watched {
 public:
  explicit Watched(std::unordered_set<Watched*>& all) : all_(all) { all_.insert(this); }
  virtual ~Watched() { all_.erase(this); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  // Makes whatever waits on the socket fail.
  virtual void interrupt() = 0;
  void arm(Steady::time_point until) {
    expires = until;
    expired = false;
  }
  Steady::time_point expires = Steady::time_point::max();
  bool expired = false;
  bool idle = false;  // a caller's connection without a request: stopping may end it at once

 private:
  std::unordered_set<Watched*>& all_;
};

// What is sent to a replica; the texts outlive the exchange.
struct Outgoing {
  std::string_view line;    // with its line end
  std::string_view fields;  // all but Host, with the empty line
  std::string_view body;
  bool head_only = false;  // the answer has no body, whatever its header says
  bool repeatable = false;
};

// A connection to a replica.
struct Upstream;

// The kept connections of one worker to all replicas.
class UpstreamPool {
 public:
  UpstreamPool(asio::io_context& io, std::unordered_set<Watched*>& watched, const ProxyLimits& limits);
  ~UpstreamPool();

  // Sends and reads the answer whole. A kept connection that turns out dead before any answer came is
  // replaced by a new one, where sending twice does no harm. `problem` says in words what went wrong.
  Awaitable<gateway::Outcome> exchange(const gateway::Replica& replica, const Outgoing& out,
                                       Steady::time_point deadline, Message& answer, std::string& problem);
  // Closes what has been idle for too long.
  void sweep(Steady::time_point now);

 private:
  Awaitable<std::unique_ptr<Upstream>> connect(const gateway::Replica& replica, Steady::time_point deadline,
                                               std::string& problem);
  Awaitable<gateway::Outcome> converse(Upstream& link, const Outgoing& out, Message& answer,
                                       std::string& problem);
  std::unique_ptr<Upstream> take(const gateway::Replica& replica);
  void give_back(const gateway::Replica& replica, std::unique_ptr<Upstream> link);

  asio::io_context& io_;
  std::unordered_set<Watched*>& watched_;
  const ProxyLimits& limits_;
  // By the replica's serial; the connection used last is used first.
  std::unordered_map<std::uint64_t, std::vector<std::unique_ptr<Upstream>>> idle_;
};

struct ProxyCounters {
  explicit ProxyCounters(metrics::Registry& registry);
  metrics::Counter& requests;
  metrics::Counter& retries;
  metrics::Counter& unanswered;
  metrics::Gauge& connections;
};

// One I/O thread with all that runs on it.
struct ProxyWorker {
  explicit ProxyWorker(const ProxyLimits& limits);
  std::unordered_set<Watched*> watched;  // outlives the loop, whose end destroys what is still on it
  asio::io_context io{1};
  UpstreamPool upstreams;
  gateway::Random random;
  asio::executor_work_guard<Executor> work;
  std::thread thread;
};

struct ProxyCore {
  ProxyCore(gateway::LiveTable& routes, ProxyOptions given, metrics::Registry& registry);
  gateway::LiveTable& table;
  const ProxyOptions options;
  const Guard guard;
  metrics::Registry& metrics;
  ProxyCounters counters;
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> large_bodies{0};
  std::vector<std::unique_ptr<ProxyWorker>> workers;
};

// A route's listener as its connections see it.
struct ProxyRoute {
  std::shared_ptr<gateway::RouteSlot> slot;
  std::atomic<bool> closed{false};  // the route is gone: connections end with the request they are at
};

// Runs a caller's connection to its end on the worker's thread. proxy_session.cpp.
void run_proxy_session(std::shared_ptr<ProxyCore> core, ProxyWorker& worker,
                       std::shared_ptr<ProxyRoute> route, Socket socket);

// Asks every replica of the table how it is, on one worker's thread, until the proxy drains. proxy_check.cpp.
Awaitable<> check_replicas(std::shared_ptr<ProxyCore> core, ProxyWorker& worker);

}  // namespace tracseq::server
