// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

#include "server/limits.h"
#include "server/proxy_core.h"

namespace tracseq::server {
namespace {

namespace http = boost::beast::http;
using gateway::Outcome;
using tcp = asio::ip::tcp;

constexpr std::uint32_t kAnswerHeaderMax = 64U << 10;
constexpr int kContinue100 = 100;
constexpr int kSwitching = 101;

Result<tcp::endpoint> endpoint_of(const gateway::Replica& replica) {
  ErrorCode error;
  const auto address =
      asio::ip::make_address(replica.host == "localhost" ? "127.0.0.1" : replica.host, error);
  if (error)
    return fail(Code::invalid,
                fmt::format("'{}' is no address of a replica; it must be numeric", replica.host));
  return tcp::endpoint(address, replica.port);
}

}  // namespace

struct Upstream final : public Watched {
  Upstream(asio::io_context& io, std::unordered_set<Watched*>& all) : Watched(all), socket(io) {}
  void interrupt() override {
    ErrorCode ignored;
    socket.cancel(ignored);
  }
  // Whether the replica has closed, or sent something nobody asked for.
  bool stale() {
    char byte = 0;
    const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return buffer.size() > 0 || got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  Socket socket;
  boost::beast::flat_buffer buffer;
  std::string host_line;
  Steady::time_point idle_since{};
  bool began = false;  // something of the answer has come
  bool kept = false;   // the answer leaves it open
};

UpstreamPool::UpstreamPool(asio::io_context& io, std::unordered_set<Watched*>& watched,
                           const ProxyLimits& limits)
    : io_(io), watched_(watched), limits_(limits) {}

UpstreamPool::~UpstreamPool() = default;

std::unique_ptr<Upstream> UpstreamPool::take(const gateway::Replica& replica) {
  const auto found = idle_.find(replica.serial);
  if (found == idle_.end()) return nullptr;
  while (!found->second.empty()) {
    std::unique_ptr<Upstream> link = std::move(found->second.back());
    found->second.pop_back();
    if (!link->stale()) return link;
  }
  return nullptr;
}

void UpstreamPool::give_back(const gateway::Replica& replica, std::unique_ptr<Upstream> link) {
  auto& links = idle_[replica.serial];
  if (links.size() >= limits_.idle_upstream_max) return;
  link->idle_since = Steady::now();
  link->arm(Steady::time_point::max());
  links.push_back(std::move(link));
}

void UpstreamPool::sweep(Steady::time_point now) {
  for (auto item = idle_.begin(); item != idle_.end();) {
    std::erase_if(item->second,
                  [&](const auto& link) { return now - link->idle_since > limits_.idle_upstream_timeout; });
    item = item->second.empty() ? idle_.erase(item) : std::next(item);
  }
}

Awaitable<std::unique_ptr<Upstream>> UpstreamPool::connect(const gateway::Replica& replica,
                                                           Steady::time_point deadline,
                                                           std::string& problem) {
  auto link = std::make_unique<Upstream>(io_, watched_);
  const auto endpoint = endpoint_of(replica);
  if (!endpoint) {
    problem = endpoint.error().message;
    co_return nullptr;
  }
  link->arm(std::min(deadline, Steady::now() + limits_.connect_timeout));
  auto [error] = co_await link->socket.async_connect(*endpoint, kProxyAwait);
  if (error) {
    problem = fmt::format("the replica {} cannot be reached: {}", replica.replica_id,
                          link->expired ? std::string("no answer in time") : error.message());
    co_return nullptr;
  }
  ErrorCode ignored;
  link->socket.set_option(tcp::no_delay(true), ignored);
  link->host_line = fmt::format("Host: {}:{}\r\n", replica.host, replica.port);
  co_return link;
}

Awaitable<Outcome> UpstreamPool::converse(Upstream& link, const Outgoing& out, Message& answer,
                                          std::string& problem) {
  link.began = link.kept = false;
  const std::array<asio::const_buffer, 4> buffers{asio::buffer(out.line), asio::buffer(link.host_line),
                                                  asio::buffer(out.fields), asio::buffer(out.body)};
  auto [failed, sent] = co_await asio::async_write(link.socket, buffers, kProxyAwait);
  std::optional<MessageParser<false>> parser;
  const auto fresh = [&] {
    answer.clear();
    parser.emplace(answer);
    parser->eager(true);
    parser->header_limit(kAnswerHeaderMax);
    parser->body_limit(limits_.body_bytes_max);
    parser->skip(out.head_only);
  };
  fresh();
  ErrorCode error = failed;
  while (!error) {
    if (link.buffer.size() > 0) {
      link.buffer.consume(parser->put(link.buffer.data(), error));
      if (error == http::error::need_more) error = {};
      if (parser->is_done() && !error) {
        if (answer.status != kContinue100) break;
        fresh();
        continue;
      }
      if (error) break;
    }
    if (link.expired) {
      error = asio::error::timed_out;
      break;
    }
    const auto space = link.buffer.prepare(answer.body.size() > kReadBytes ? kChunkBytes : kReadBytes);
    auto [broken, count] = co_await link.socket.async_read_some(space, kProxyAwait);
    link.buffer.commit(count);
    link.began |= count > 0;
    if (broken == asio::error::eof && parser->got_some()) {
      parser->put_eof(error);
      if (!error && parser->is_done()) break;
      if (!error) error = asio::error::eof;
    } else {
      error = broken;
    }
  }
  if (!error && answer.status != kSwitching) {
    link.kept = parser->keep_alive() && link.buffer.size() == 0;
    co_return Outcome::answered;
  }
  if (link.expired) {
    problem = "the replica did not answer in time";
    co_return Outcome::timed_out;
  }
  problem =
      fmt::format("the replica's answer broke off: {}", error ? error.message() : "it switches protocols");
  co_return Outcome::broken_off;
}

Awaitable<Outcome> UpstreamPool::exchange(const gateway::Replica& replica, const Outgoing& out,
                                          Steady::time_point deadline, Message& answer,
                                          std::string& problem) {
  for (;;) {
    std::unique_ptr<Upstream> link = take(replica);
    const bool reused = link != nullptr;
    if (!reused) {
      link = co_await connect(replica, deadline, problem);
      if (!link) co_return Outcome::no_connection;
    }
    link->arm(deadline);
    const Outcome outcome = co_await converse(*link, out, answer, problem);
    if (outcome == Outcome::answered) {
      if (link->kept) give_back(replica, std::move(link));
      co_return outcome;
    }
    if (outcome == Outcome::timed_out || !reused || link->began || !out.repeatable) co_return outcome;
    idle_.erase(replica.serial);  // whoever closed this one closed them all
  }
}

}  // namespace tracseq::server
