// SPDX-License-Identifier: MIT
#include "server/proxy.h"

#include <fmt/core.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <map>
#include <random>

#include "base/log.h"
#include "server/limits.h"
#include "server/proxy_core.h"

namespace tracseq::server {
namespace {

using tcp = asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

constexpr std::chrono::milliseconds kSweepEvery{50};
constexpr std::chrono::milliseconds kAcceptPause{100};  // after running out of descriptors
constexpr std::chrono::milliseconds kDrainPoll{5};
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    "Connection: close\r\nContent-Length: 81\r\n\r\n"
    R"({"error":{"code":"unavailable","message":"too many connections","request_id":""}})";

bool is_loopback(const std::string& host) {
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

// A route's port while it is open. Worker 0's thread.
struct Listener {
  Listener(asio::io_context& io, std::shared_ptr<gateway::RouteSlot> slot)
      : acceptor(io), route(std::make_shared<ProxyRoute>()) {
    route->slot = std::move(slot);
  }
  Acceptor acceptor;
  std::shared_ptr<ProxyRoute> route;
};

// One timer for all connections: cheaper than one each, and exact enough.
Awaitable<> sweep(ProxyWorker& worker) {
  Timer timer(worker.io);
  for (;;) {
    timer.expires_after(kSweepEvery);
    co_await timer.async_wait(kProxyAwait);
    const auto now = Steady::now();
    for (Watched* one : worker.watched) {
      if (one->expires > now) continue;
      one->expires = Steady::time_point::max();
      one->expired = true;
      one->interrupt();
    }
    worker.upstreams.sweep(now);
  }
}

Awaitable<> accept(std::shared_ptr<ProxyCore> core, std::shared_ptr<Listener> listener) {
  std::size_t next = 0;
  while (listener->acceptor.is_open()) {
    ProxyWorker& worker = *core->workers[next++ % core->workers.size()];
    auto [error, socket] = co_await listener->acceptor.async_accept(worker.io, kProxyAwait);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) break;
    if (error) {
      log::warning("gateway.accept", {{"detail", error.message()}});
      Timer pause(core->workers.front()->io, kAcceptPause);
      co_await pause.async_wait(kProxyAwait);
      continue;
    }
    ErrorCode ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (core->connections.fetch_add(1) >= core->options.limits.connections_max) {
      core->connections.fetch_sub(1);
      ::send(socket.native_handle(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      continue;
    }
    asio::post(worker.io, [core, &worker, route = listener->route, socket = std::move(socket)]() mutable {
      run_proxy_session(std::move(core), worker, std::move(route), std::move(socket));
    });
  }
}

}  // namespace

ProxyCounters::ProxyCounters(metrics::Registry& registry)
    : requests(registry.counter("tracseq_gateway_requests_total", "Requests passed on to replicas")),
      retries(registry.counter("tracseq_gateway_retries_total", "Requests sent again to another replica")),
      unanswered(registry.counter("tracseq_gateway_unanswered_total", "Requests no replica answered")),
      connections(registry.gauge("tracseq_gateway_connections", "Open connections of callers")) {}

ProxyWorker::ProxyWorker(const ProxyLimits& limits)
    : upstreams(io, watched, limits),
      random((static_cast<std::uint64_t>(std::random_device{}()) << 32U) | std::random_device{}()),
      work(io.get_executor()) {}

ProxyCore::ProxyCore(gateway::LiveTable& routes, ProxyOptions given, metrics::Registry& registry)
    : table(routes),
      options(std::move(given)),
      guard(is_loopback(options.host), options.host, options.allowed_hosts),
      metrics(registry),
      counters(registry) {
  for (unsigned i = 0; i < std::max(1U, options.threads); ++i)
    workers.push_back(std::make_unique<ProxyWorker>(options.limits));
}

struct Proxy::Impl {
  Impl(gateway::LiveTable& table, ProxyOptions options, metrics::Registry& registry)
      : core(std::make_shared<ProxyCore>(table, std::move(options), registry)) {
    registry.before_exposition([weak = std::weak_ptr<ProxyCore>(core)] {
      if (const auto alive = weak.lock())
        alive->counters.connections.set(static_cast<double>(alive->connections.load()));
    });
  }

  Result<std::shared_ptr<Listener>> open(const std::shared_ptr<gateway::RouteSlot>& slot, std::int64_t port);
  bool settle(const std::shared_ptr<gateway::RouteSlot>& slot);
  void close(Listener& listener);
  bool listen();
  bool wait_until_closed(Steady::time_point end) const {
    while (core->connections.load() > 0 && Steady::now() < end) std::this_thread::sleep_for(kDrainPoll);
    return core->connections.load() == 0;
  }
  // Runs on the first worker's thread and waits for it.
  template <class F>
  void on_first(F function) {
    std::promise<void> done;
    asio::post(core->workers.front()->io, [&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::shared_ptr<ProxyCore> core;
  std::map<std::string, std::shared_ptr<Listener>> listeners;  // by service; the first worker's thread
  bool started = false;
};

Result<std::shared_ptr<Listener>> Proxy::Impl::open(const std::shared_ptr<gateway::RouteSlot>& slot,
                                                    std::int64_t port) {
  auto listener = std::make_shared<Listener>(core->workers.front()->io, slot);
  ErrorCode error;
  const auto address = asio::ip::make_address(core->options.host, error);
  const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(port));
  Acceptor& acceptor = listener->acceptor;
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kListenBacklog, error);
  if (!error) return listener;
  const char* held = error == asio::error::address_in_use ? " (another process or route holds the port)" : "";
  return fail(Code::unavailable,
              fmt::format("cannot listen on {}:{}: {}{}", core->options.host, port, error.message(), held));
}

void Proxy::Impl::close(Listener& listener) {
  ErrorCode ignored;
  listener.route->closed = true;
  listener.acceptor.close(ignored);
}

// True if the slot was told something new.
bool Proxy::Impl::settle(const std::shared_ptr<gateway::RouteSlot>& slot) {
  const std::int64_t wanted = slot->wanted_port();
  std::shared_ptr<Listener>& place = listeners[slot->service_name()];
  if (place && (place->route->slot != slot || (wanted != 0 && wanted != slot->port()))) {
    close(*place);
    place.reset();
  }
  if (place) return false;
  auto opened = open(slot, wanted);
  if (!opened) {
    const bool news = slot->set_port(0, opened.error().message);
    if (news)
      log::error("gateway.no_port", {{"service", slot->service_name()}, {"reason", opened.error().message}});
    return news;
  }
  place = std::move(*opened);
  ErrorCode ignored;
  const std::int64_t port = place->acceptor.local_endpoint(ignored).port();
  slot->set_port(port, {});
  asio::co_spawn(core->workers.front()->io.get_executor(), accept(core, place), asio::detached);
  log::info("gateway.listening", {{"service", slot->service_name()}, {"port", port}});
  return true;
}

bool Proxy::Impl::listen() {
  bool news = false;
  const auto slots = core->table.slots();
  std::erase_if(listeners, [&](auto& item) {
    const bool there = std::any_of(slots.begin(), slots.end(),
                                   [&](const auto& slot) { return slot->service_name() == item.first; });
    if (!there && item.second) close(*item.second);
    return !there;
  });
  for (const auto& slot : slots) news |= settle(slot);
  return news;
}

Proxy::Proxy(gateway::LiveTable& table, ProxyOptions options, metrics::Registry& metrics)
    : impl_(std::make_unique<Impl>(table, std::move(options), metrics)) {}

Proxy::~Proxy() { stop(); }

void Proxy::start() {
  impl_->started = true;
  ProxyWorker& first = *impl_->core->workers.front();
  asio::co_spawn(first.io.get_executor(), check_replicas(impl_->core, first), asio::detached);
  for (const auto& worker : impl_->core->workers) {
    asio::co_spawn(worker->io.get_executor(), sweep(*worker), asio::detached);
    worker->thread = std::thread([core = impl_->core, &io = worker->io] { io.run(); });
  }
}

bool Proxy::listen() {
  bool news = false;
  impl_->on_first([&] { news = impl_->listen(); });
  return news;
}

bool Proxy::stop() {
  if (!impl_->started) return true;
  impl_->started = false;
  ProxyCore& core = *impl_->core;
  core.draining = true;
  impl_->on_first([&] {
    for (const auto& [name, listener] : impl_->listeners)
      if (listener) impl_->close(*listener);
  });
  const auto each = [&](auto function) {
    for (const auto& worker : core.workers)
      asio::post(worker->io, [&worker = *worker, function] {
        for (Watched* one : worker.watched) function(*one);
      });
  };
  each([](Watched& one) {
    if (one.idle) one.interrupt();
  });
  const bool finished = impl_->wait_until_closed(Steady::now() + core.options.limits.drain_max);
  while (!finished && core.connections.load() > 0) {  // those between two waits are met the next time
    each([](Watched& one) {
      one.expired = true;
      one.interrupt();
    });
    std::this_thread::sleep_for(kDrainPoll);
  }
  for (const auto& worker : core.workers) worker->io.stop();
  for (const auto& worker : core.workers) worker->thread.join();
  impl_->listeners.clear();
  log::info("gateway.stop", {{"cut", !finished}});
  return finished;
}

}  // namespace tracseq::server
