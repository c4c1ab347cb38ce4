// SPDX-License-Identifier: MIT
#include "server/server.h"

#include <fmt/core.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "base/log.h"
#include "server/core.h"
#include "server/hard_end.h"

namespace tracseq::server {
namespace {

constexpr auto kTuple = asio::as_tuple(kAwait);
constexpr std::chrono::milliseconds kSweepEvery{100};
constexpr std::chrono::milliseconds kAcceptPause{100};  // after running out of descriptors
constexpr std::chrono::milliseconds kDrainPoll{5};
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: "
    "close\r\n"
    "Content-Length: 81\r\n\r\n"
    R"({"error":{"code":"unavailable","message":"too many connections","request_id":""}})";

using tcp = asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

std::string bare(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

Result<tcp::endpoint> resolve(asio::io_context& io, const std::string& host, std::uint16_t port) {
  ErrorCode error;
  const auto address = asio::ip::make_address(bare(host), error);
  if (!error) return tcp::endpoint(address, port);
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty())
    return fail(Code::unavailable, fmt::format("cannot listen on '{}': {}", host, error.message()));
  return found.begin()->endpoint();
}

// A host that cannot be found counts as reachable by others; `start` then says what is wrong with it.
bool on_loopback(const std::string& host) {
  const auto place = find_place(host);
  return place && place->loopback;
}

Result<void> load_tls(asio::ssl::context& context, const ServerOptions& options) {
  ErrorCode error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                      asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1);
  if (context.use_certificate_chain_file(options.tls_certificate_file, error); error)
    return fail(Code::invalid, fmt::format("cannot use the certificate '{}': {}",
                                           options.tls_certificate_file, error.message()));
  if (context.use_private_key_file(options.tls_key_file, asio::ssl::context::pem, error); error)
    return fail(Code::invalid,
                fmt::format("cannot use the key '{}': {}", options.tls_key_file, error.message()));
  if (SSL_CTX_check_private_key(context.native_handle()) != 1)
    return fail(Code::invalid, fmt::format("the key '{}' does not belong to the certificate '{}'",
                                           options.tls_key_file, options.tls_certificate_file));
  return {};
}

}  // namespace

Result<Place> find_place(const std::string& host) {
  asio::io_context io;
  TRACSEQ_TRY(const tcp::endpoint endpoint, resolve(io, host, 0));
  return Place{endpoint.address().to_string(), endpoint.address().is_loopback()};
}

Counters::Counters(metrics::Registry& registry)
    : connections(registry.gauge("tracseq_connections", "Open connections")),
      accepted(registry.counter("tracseq_connections_accepted_total", "Connections accepted")),
      refused(registry.counter("tracseq_connections_refused_total",
                               "Connections refused because too many were open")),
      workers_waiting(registry.gauge("tracseq_worker_queue", "Calls waiting for a worker")) {}

struct HttpServer::Impl {
  Impl(const api::Router& router, Authenticator& authenticator, ServerOptions given,
       metrics::Registry& registry)
      : options(std::move(given)),
        guard(on_loopback(options.host), options.host, options.allowed_hosts),
        page(options.ui_dir),
        core(std::make_shared<Core>(options, guard, page, registry)),
        acceptor(core->io),
        sweeper(core->io),
        tls(asio::ssl::context::tls_server) {
    serve(router, authenticator);
    registry.before_exposition([weak = std::weak_ptr<Core>(core)] {
      const auto core = weak.lock();
      if (!core) return;
      core->counters.connections.set(static_cast<double>(core->open.load()));
      core->counters.workers_waiting.set(static_cast<double>(core->pool.queued()));
    });
  }

  void serve(const api::Router& router, Authenticator& authenticator) {
    const Lock lock(mutex);
    services.push_back(std::make_unique<Service>(Service{router, authenticator}));
    core->services.service.store(services.back().get(), std::memory_order_release);
  }
  Result<void> bind();
  Result<void> listen();
  [[nodiscard]] tl::unexpected<Error> refused(const ErrorCode& error) const;
  Awaitable<> accept();
  void take(Socket socket);
  Awaitable<> sweep();
  bool wait_until_closed(Steady::time_point end) const;

  const ServerOptions options;
  const Guard guard;
  const Page page;
  Mutex mutex;
  std::vector<std::unique_ptr<Service>> services
      GUARDED_BY(mutex);  // all that were ever served: requests may be in them
  std::shared_ptr<Core> core;
  Acceptor acceptor;
  Timer sweeper;
  asio::ssl::context tls;
  bool finished = false;  // I/O thread: the sweeper may go
  bool secure = false;
  std::uint16_t port = 0;
  std::optional<asio::executor_work_guard<Executor>> work;
  std::thread thread;
};

tl::unexpected<Error> HttpServer::Impl::refused(const ErrorCode& error) const {
  return fail(Code::unavailable,
              fmt::format("cannot listen on {}:{}: {}", options.host, options.port, error.message()));
}

Result<void> HttpServer::Impl::bind() {
  secure = !options.tls_certificate_file.empty() || !options.tls_key_file.empty();
  if (secure) TRACSEQ_CHECK(load_tls(tls, options));
  TRACSEQ_TRY(const tcp::endpoint endpoint, resolve(core->io, options.host, options.port));
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (error) return refused(error);
  port = acceptor.local_endpoint(error).port();
  return {};
}

Result<void> HttpServer::Impl::listen() {
  if (port == 0) TRACSEQ_CHECK(bind());
  ErrorCode error;
  acceptor.listen(kListenBacklog, error);
  if (error) return refused(error);
  return {};
}

Awaitable<> HttpServer::Impl::accept() {
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(kTuple);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) break;
    if (error) {
      // Out of descriptors or memory: connections that end will free some.
      log::warning("server.accept", {{"detail", error.message()}});
      Timer pause(core->io, kAcceptPause);
      co_await pause.async_wait(kTuple);
      continue;
    }
    take(std::move(socket));
  }
}

void HttpServer::Impl::take(Socket socket) {
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (core->connections.size() >= core->limits().connections_max) {
    core->counters.refused.add();
    if (!secure) ::send(socket.native_handle(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  core->counters.accepted.add();
  if (secure)
    run_tls_session(core, std::move(socket), tls);
  else
    run_plain_session(core, std::move(socket));
}

// One timer for all connections: cheaper than one each, and exact enough for limits of seconds.
Awaitable<> HttpServer::Impl::sweep() {
  while (!finished) {
    sweeper.expires_after(kSweepEvery);
    auto [error] = co_await sweeper.async_wait(kTuple);
    if (error) co_return;
    const auto now = Steady::now();
    for (Connection* connection : core->connections) {
      if (connection->expires > now) continue;
      connection->expires = Steady::time_point::max();
      connection->expired = true;
      connection->interrupt();
    }
  }
}

bool HttpServer::Impl::wait_until_closed(Steady::time_point end) const {
  while (core->open.load() > 0 && Steady::now() < end) std::this_thread::sleep_for(kDrainPoll);
  return core->open.load() == 0;
}

HttpServer::HttpServer(const api::Router& router, Authenticator& authenticator, ServerOptions options,
                       metrics::Registry& metrics)
    : impl_(std::make_unique<Impl>(router, authenticator, std::move(options), metrics)) {}

HttpServer::~HttpServer() { stop(); }

Result<void> HttpServer::bind() { return impl_->bind(); }

Result<void> HttpServer::start() {
  TRACSEQ_CHECK(impl_->listen());
  impl_->work.emplace(impl_->core->io.get_executor());
  asio::co_spawn(impl_->core->io.get_executor(), impl_->accept(), asio::detached);
  asio::co_spawn(impl_->core->io.get_executor(), impl_->sweep(), asio::detached);
  impl_->thread = std::thread([core = impl_->core] { core->io.run(); });
  log::info("server.start", {{"url", url()}, {"tls", impl_->secure}});
  return {};
}

std::uint16_t HttpServer::port() const noexcept { return impl_->port; }

std::string HttpServer::url() const {
  std::string host = bare(impl_->options.host);
  if (host == "0.0.0.0" || host == "::") host = "127.0.0.1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("{}://{}:{}", impl_->secure ? "https" : "http", host, impl_->port);
}

void HttpServer::serve(const api::Router& router, Authenticator& authenticator) {
  impl_->serve(router, authenticator);
}

bool HttpServer::draining() const noexcept { return impl_->core->draining.load(); }

bool HttpServer::stop() {
  Core& core = *impl_->core;
  if (!impl_->thread.joinable()) return true;
  core.draining = true;
  std::this_thread::sleep_for(core.limits().drain_announce);
  asio::post(core.io, [this, &core] {
    ErrorCode ignored;
    impl_->acceptor.close(ignored);
    for (Connection* connection : core.connections)
      if (connection->phase == Phase::idle) connection->interrupt();
  });
  const bool finished = impl_->wait_until_closed(Steady::now() + core.limits().drain_max);
  if (!finished) {
    *core.cancelled = true;
    asio::post(core.io, [&core] {
      for (Connection* connection : core.connections) connection->cut();
    });
  }
  const HardEnd hard_end(core.limits().hard_end);
  core.pool.stop();
  core.probes.stop();
  impl_->wait_until_closed(Steady::time_point::max());
  // Cancelling alone is not enough: the timer may just have fired.
  asio::post(core.io, [this] {
    impl_->finished = true;
    impl_->sweeper.cancel();
  });
  impl_->work.reset();
  impl_->thread.join();
  log::info("server.stop", {{"cut", !finished}});
  return finished;
}

}  // namespace tracseq::server
