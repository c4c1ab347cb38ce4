// SPDX-License-Identifier: MIT
// Private to the server: what its listener and its sessions share. One of the few files that see the HTTP
// library.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <unordered_set>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "server/exchange.h"

namespace tracseq::server {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Executor>;
template <class T = void>
using Awaitable = asio::awaitable<T, Executor>;
using ErrorCode = boost::system::error_code;
inline constexpr asio::use_awaitable_t<Executor> kAwait;

// What a session is doing, for time-outs and for stopping.
enum class Phase { idle, reading_header, busy };

// One connection, as the server's housekeeping sees it. Lives on the I/O thread.
class Connection {
 public:
  virtual ~Connection() = default;
  // Makes whatever the session waits for on the socket fail.
  virtual void interrupt() = 0;
  // The same, and whatever it tries on the socket from now on.
  virtual void cut() = 0;
  Phase phase = Phase::idle;
  Steady::time_point expires = Steady::time_point::max();
  bool expired = false;
};

struct Counters {
  explicit Counters(metrics::Registry& registry);
  metrics::Gauge& connections;
  metrics::Counter& accepted;
  metrics::Counter& refused;
  metrics::Gauge& workers_waiting;
};

// Constant after `start`, but for what belongs to the I/O thread.
struct Core {
  Core(const ServerOptions& options, const Guard& guard, const Page& page, metrics::Registry& registry)
      : services{nullptr, options, guard, page},
        counters(registry),
        pool("worker", {options.limits.workers, options.limits.queue_max}),
        probes("probes", {options.limits.probe_workers, options.limits.probe_queue_max}) {}
  Services services;
  Counters counters;
  asio::io_context io{1};
  ThreadPool pool;
  ThreadPool probes;
  std::atomic<bool> draining{false};
  // Shared with every call: set when calls under way are cut off.
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
  std::unordered_set<Connection*> connections;  // I/O thread only
  std::atomic<std::size_t> open{0};             // their number, for other threads
  std::size_t uploads = 0;                      // under way; I/O thread only
  [[nodiscard]] std::size_t uploads_max() const {
    const std::size_t half = std::max<std::size_t>(1, limits().workers / 2);
    return limits().uploads_max > 0 ? limits().uploads_max : half;
  }
  [[nodiscard]] const Limits& limits() const { return services.options.limits; }
};

// Runs a connection to its end on the core's I/O thread. session.cpp.
void run_plain_session(std::shared_ptr<Core> core, Socket socket);
void run_tls_session(std::shared_ptr<Core> core, Socket socket, asio::ssl::context& context);

}  // namespace tracseq::server
