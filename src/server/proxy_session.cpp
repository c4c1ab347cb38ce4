// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>

#include "api/http.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "server/header_text.h"
#include "server/limits.h"
#include "server/proxy_core.h"
#include "server/wire.h"

namespace tracseq::server {
namespace {

namespace http = boost::beast::http;
using gateway::Outcome;

constexpr std::size_t kJoinedBodyMax = 64UL << 10;  // smaller bodies go out in one piece with their header
constexpr std::size_t kRequestIdMax = 64;
constexpr std::size_t kNamesMax = 500;  // bytes of x-tracseq-target and x-tracseq-sticky-key
constexpr std::chrono::milliseconds kGoodbyeTimeout{1'000};
constexpr int kStatusUnavailable = 503;

// A request that is answered here.
struct Local {
  Error error;
  int status = 0;  // 0: the error's own
};

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

// Predictions and questions: sent twice they do no harm.
bool is_repeatable(const Message& request, std::string_view path) {
  return request.method == "GET" || request.method == "HEAD" ||
         (request.method == "POST" && (path.ends_with("/infer") || path.ends_with("/predict")));
}

// One connection of a caller. All members belong to its worker's thread.
class ProxySession final : public Watched {
 public:
  ProxySession(std::shared_ptr<ProxyCore> core, ProxyWorker& worker, std::shared_ptr<ProxyRoute> route,
               Socket socket)
      : Watched(worker.watched),
        core_(std::move(core)),
        worker_(worker),
        route_(std::move(route)),
        socket_(std::move(socket)) {
    ErrorCode ignored;
    const auto peer = socket_.remote_endpoint(ignored);
    if (!ignored) client_ = peer.address().to_string();
  }
  ~ProxySession() override {
    release_large_body();
    core_->connections.fetch_sub(1);
  }
  ProxySession(const ProxySession&) = delete;
  ProxySession& operator=(const ProxySession&) = delete;
  void interrupt() override {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }
  Awaitable<> run();

 private:
  enum class Read { whole, refused, ended };
  using Parser = MessageParser<true>;

  Awaitable<Read> read_request();
  Awaitable<Read> read_body(Parser& parser);
  Awaitable<Read> refuse_unread();
  [[nodiscard]] std::optional<Local> judge() const;
  [[nodiscard]] static Local misread(const ErrorCode& error, bool in_body, const ProxyLimits& limits);
  Awaitable<bool> serve();
  Awaitable<bool> forward(std::string_view path);
  Awaitable<bool> answer_here(std::string_view path);
  Awaitable<bool> answer_health(bool plain);
  Awaitable<bool> respond_error();
  Awaitable<bool> respond(api::Response response);
  Awaitable<bool> send_answer(const gateway::Journey& journey);
  template <class Buffers>
  Awaitable<bool> send(const Buffers& buffers);
  Awaitable<ErrorCode> fill(std::size_t bytes);
  Awaitable<> linger();
  [[nodiscard]] Steady::time_point deadline() const;
  [[nodiscard]] bool closing() const {
    return !keep_alive_ || core_->draining.load(std::memory_order_relaxed) || route_->closed.load();
  }
  bool hold_large_body();
  void release_large_body();
  [[nodiscard]] const ProxyLimits& limits() const { return core_->options.limits; }

  std::shared_ptr<ProxyCore> core_;
  ProxyWorker& worker_;
  std::shared_ptr<ProxyRoute> route_;
  Socket socket_;
  std::string client_;
  boost::beast::flat_buffer buffer_;
  Message request_;
  Message answer_;
  std::string request_id_;
  std::string line_;
  std::string fields_;
  std::string head_;
  std::string problem_;
  Local refusal_;  // what the next error says
  bool keep_alive_ = false;
  bool large_ = false;  // counted in the core's large_bodies
};

Awaitable<> ProxySession::run() {
  for (;;) {
    const Read read = co_await read_request();
    if (read == Read::ended) break;
    if (read == Read::refused) {
      co_await linger();
      break;
    }
    if (!co_await serve()) break;
    release_large_body();
  }
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
}

Awaitable<ErrorCode> ProxySession::fill(std::size_t bytes) {
  if (expired) co_return asio::error::timed_out;  // it was while nothing waited that could be interrupted
  auto [error, count] = co_await socket_.async_read_some(buffer_.prepare(bytes), kProxyAwait);
  buffer_.commit(count);
  co_return error;
}

Local ProxySession::misread(const ErrorCode& error, bool in_body, const ProxyLimits& limits) {
  if (error == http::error::body_limit)
    return {{Code::too_large, fmt::format("the body has more than {} bytes", limits.body_bytes_max), {}, {}}};
  if (error == http::error::header_limit)
    return {
        {Code::too_large,
         fmt::format("the header has more than {} bytes or {} fields", limits.header_bytes_max, kHeadersMax),
         {},
         {}},
        431};
  return {{Code::invalid,
           fmt::format("the request{} is not valid HTTP/1.1: {}", in_body ? "'s body" : "", error.message()),
           {},
           {}}};
}

Awaitable<ProxySession::Read> ProxySession::refuse_unread() {
  keep_alive_ = false;
  const bool sent = co_await respond_error();
  co_return sent ? Read::refused : Read::ended;
}

Awaitable<ProxySession::Read> ProxySession::read_request() {
  request_.clear();
  request_id_.clear();
  keep_alive_ = false;
  Parser parser(request_);
  parser.header_limit(static_cast<std::uint32_t>(limits().header_bytes_max));
  parser.body_limit(limits().body_bytes_max);
  idle = buffer_.size() == 0;
  if (idle && (core_->draining.load(std::memory_order_relaxed) || route_->closed.load()))
    co_return Read::ended;
  arm(Steady::now() + (idle ? limits().idle_timeout : limits().header_timeout));
  while (!parser.is_header_done()) {
    if (buffer_.size() > 0) {
      if (idle) arm(Steady::now() + limits().header_timeout);
      idle = false;
      ErrorCode error;
      buffer_.consume(parser.put(buffer_.data(), error));
      if (parser.is_header_done() && !error) break;
      if (error && error != http::error::need_more) {
        refusal_ = misread(error, false, limits());
        co_return co_await refuse_unread();
      }
    }
    if (co_await fill(kReadBytes)) {
      if (expired && !idle) {
        refusal_ = {{Code::deadline, "the request's header did not come in time", {}, {}}, 408};
        co_return co_await refuse_unread();
      }
      co_return Read::ended;
    }
  }
  const std::string_view given = request_.value_of("x-request-id");
  if (is_request_id(given))
    request_id_ = given;
  else
    request_id_ = new_id();
  keep_alive_ = parser.keep_alive();
  if (auto refused = judge()) {
    refusal_ = std::move(*refused);
    co_return co_await refuse_unread();
  }
  co_return co_await read_body(parser);
}

Awaitable<ProxySession::Read> ProxySession::read_body(Parser& parser) {
  if (parser.is_done()) co_return Read::whole;
  parser.eager(true);
  arm(Steady::now() + limits().body_timeout);
  if (buffer_.size() == 0 && same_text(request_.value_of(Message::Id::expect), "100-continue") &&
      !co_await send(asio::buffer(server::kContinue)))
    co_return Read::ended;
  arm(Steady::now() + limits().body_timeout);
  for (;;) {
    if (buffer_.size() > 0 || parser.is_done()) {
      ErrorCode error;
      buffer_.consume(parser.put(buffer_.data(), error));
      if (error && error != http::error::need_more) {
        refusal_ = misread(error, true, limits());
        co_return co_await refuse_unread();
      }
      if (parser.is_done()) co_return Read::whole;
      if (request_.body.size() > kLargeBody && !hold_large_body()) {
        refusal_ = {
            {Code::resource_exhausted, "too many large requests are under way; try again shortly", {}, {}},
            kStatusUnavailable};
        co_return co_await refuse_unread();
      }
    }
    if (co_await fill(kChunkBytes)) {
      if (!expired) co_return Read::ended;
      refusal_ = {{Code::deadline, "the request's body did not come in time", {}, {}}, 408};
      co_return co_await refuse_unread();
    }
  }
}

bool ProxySession::hold_large_body() {
  if (large_) return true;
  if (core_->large_bodies.fetch_add(1) >= limits().large_bodies_max) {
    core_->large_bodies.fetch_sub(1);
    return false;
  }
  large_ = true;
  return true;
}

void ProxySession::release_large_body() {
  if (large_) core_->large_bodies.fetch_sub(1);
  large_ = false;
}

// What can be told from the header.
std::optional<Local> ProxySession::judge() const {
  if (auto framing = check_framing(request_); !framing) return Local{std::move(framing).error()};
  const std::string_view host = request_.value_of(Message::Id::host);
  if (!core_->guard.host_known(host))
    return Local{{Code::forbidden,
                  fmt::format("this gateway does not answer to the name '{}'", host.substr(0, 100)),
                  {},
                  {}},
                 421};
  const bool changes = request_.method != "GET" && request_.method != "HEAD" && request_.method != "OPTIONS";
  const std::string_view origin = request_.value_of(Message::Id::origin);
  if (changes && (!core_->guard.origin_allowed(origin, host) ||
                  (origin.empty() && request_.value_of("sec-fetch-site") == "cross-site")))
    return Local{{Code::forbidden, "a page of another site may not ask for predictions here", {}, {}}};
  const std::string_view expect = request_.value_of(Message::Id::expect);
  if (!expect.empty() && !same_text(expect, "100-continue"))
    return Local{{Code::invalid, "of Expect only 100-continue is understood", {}, {}}, 417};
  for (const std::string_view name : {"x-tracseq-target", "x-tracseq-sticky-key"})
    if (request_.value_of(name).size() > kNamesMax)
      return Local{
          {Code::invalid, fmt::format("the header {} has more than {} bytes", name, kNamesMax), {}, {}}};
  return std::nullopt;
}

Awaitable<bool> ProxySession::serve() {
  const std::string_view target = origin_form(request_.target);
  const std::string_view path = target.substr(0, target.find('?'));
  const bool reads = request_.method == "GET" || request_.method == "HEAD";
  if (reads && (path == "/livez" || path == "/readyz" || path == "/metrics" ||
                path == route_->slot->current()->health_path))
    co_return co_await answer_here(path);
  if (core_->options.refuse_caller)
    if (auto refused = core_->options.refuse_caller(request_.value_of(Message::Id::authorization))) {
      refusal_ = {std::move(*refused)};
      co_return co_await respond_error();
    }
  co_return co_await forward(path);
}

Awaitable<bool> ProxySession::answer_here(std::string_view path) {
  if (path != "/livez" && path != "/metrics") co_return co_await answer_health(path == "/readyz");
  api::Response response;
  response.content_type = "text/plain";
  response.body = "ok\n";
  if (path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4";
    response.body = core_->metrics.text();
  }
  co_return co_await respond(std::move(response));
}

Awaitable<bool> ProxySession::answer_health(bool plain) {
  const auto route = route_->slot->current();
  const std::string why = gateway::why_unavailable(*route, Steady::now());
  api::Response response;
  response.status = why.empty() ? 200 : kStatusUnavailable;
  if (plain) {
    response.content_type = "text/plain";
    response.body = (why.empty() ? "ok" : why) + "\n";
  } else {
    Json document = Json::object();
    document.set("status", why.empty() ? "ok" : "unavailable");
    document.set("reason", why);
    document.set("service", route->service_name);
    document.set("generation", route->generation);
    response.body = dump_json(document);
  }
  co_return co_await respond(std::move(response));
}

Steady::time_point ProxySession::deadline() const {
  std::chrono::milliseconds time = limits().request_timeout;
  const std::string_view wanted = request_.value_of("x-timeout-ms");
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), ms);
  if (error == std::errc{} && end == wanted.data() + wanted.size() && ms > 0)
    time = std::min(time, std::chrono::milliseconds(ms));
  return Steady::now() + time;
}

Awaitable<bool> ProxySession::forward(std::string_view path) {
  idle = false;
  arm(Steady::time_point::max());
  core_->counters.requests.add();
  const bool repeatable = is_repeatable(request_, path);
  gateway::Journey journey(
      *route_->slot,
      {request_.value_of("x-tracseq-target"), request_.value_of("x-tracseq-sticky-key"), repeatable},
      worker_.random);
  auto begun = journey.begin();
  if (!begun) {
    core_->counters.unanswered.add();
    const bool unknown = begun.error().code == Code::invalid;
    refusal_ = {std::move(begun).error(), unknown ? 0 : kStatusUnavailable};
    co_return co_await respond_error();
  }
  const auto until = deadline();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now());
  write_request(request_, {client_, request_id_, std::max<std::int64_t>(left.count(), 1)}, line_, fields_);
  const Outgoing out{line_, fields_, request_.body, request_.method == "HEAD", repeatable};
  Outcome outcome = Outcome::no_connection;
  for (gateway::Replica* replica = *begun; replica != nullptr;) {
    outcome = co_await worker_.upstreams.exchange(*replica, out, until, answer_, problem_);
    replica = journey.note(outcome, answer_.status);
    if (replica != nullptr) core_->counters.retries.add();
  }
  if (outcome == Outcome::answered) co_return co_await send_answer(journey);
  core_->counters.unanswered.add();
  log::warning(
      "gateway.unanswered",
      {{"request_id", request_id_}, {"service", route_->slot->service_name()}, {"reason", problem_}});
  const bool late = outcome == Outcome::timed_out;
  refusal_ = {{late ? Code::deadline : Code::unavailable, problem_, {}, {}}, late ? 504 : 502};
  co_return co_await respond_error();
}

Awaitable<bool> ProxySession::send_answer(const gateway::Journey& journey) {
  const bool head_only = request_.method == "HEAD";
  const bool last = closing();
  write_answer(answer_, journey.answer_fields(), head_only, !last, request_.version == 11, head_);
  bool sent = false;
  if (head_only) {
    sent = co_await send(asio::buffer(head_));
  } else if (answer_.body.size() <= kJoinedBodyMax) {
    head_ += answer_.body;
    sent = co_await send(asio::buffer(head_));
  } else {
    const std::array<asio::const_buffer, 2> both{asio::buffer(head_), asio::buffer(answer_.body)};
    sent = co_await send(both);
  }
  co_return sent && !last;
}

// In the shape the path's callers know.
Awaitable<bool> ProxySession::respond_error() {
  api::Response response = api::error_response(refusal_.error, request_id_, refusal_.status);
  if (origin_form(request_.target).starts_with("/v2")) {  // Open Inference Protocol
    response.body = R"({"error":)";
    append_json_string(response.body, refusal_.error.message);
    response.body += '}';
  }
  co_return co_await respond(std::move(response));
}

Awaitable<bool> ProxySession::respond(api::Response response) {
  const bool last = closing();
  AnswerHead answer;
  answer.length = response.body.size();
  answer.keep_alive = !last;
  answer.http_1_1 = request_.version == 11;
  head_ = write_head(response, answer, request_id_);
  if (request_.method != "HEAD") head_ += response.body;
  co_return co_await send(asio::buffer(head_)) && !last;
}

template <class Buffers>
Awaitable<bool> ProxySession::send(const Buffers& buffers) {
  arm(Steady::now() + limits().write_timeout);
  auto [error, count] = co_await asio::async_write(socket_, buffers, kProxyAwait);
  co_return !error;
}

// Reads away what a caller still sends, a while, so that closing does not destroy the answer on its way.
Awaitable<> ProxySession::linger() {
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  arm(Steady::now() + kGoodbyeTimeout);
  std::size_t read = 0;
  while (read < kDiscardBytesMax) {
    buffer_.consume(buffer_.size());
    if (co_await fill(kChunkBytes)) break;
    read += buffer_.size();
  }
}

}  // namespace

void run_proxy_session(std::shared_ptr<ProxyCore> core, ProxyWorker& worker,
                       std::shared_ptr<ProxyRoute> route, Socket socket) {
  auto session = std::make_shared<ProxySession>(std::move(core), worker, std::move(route), std::move(socket));
  auto& runner = *session;
  asio::co_spawn(worker.io.get_executor(), runner.run(),
                 [session = std::move(session)](std::exception_ptr bug) {
                   if (!bug) return;
                   try {
                     std::rethrow_exception(bug);
                   } catch (const std::exception& error) {
                     log::error("gateway.exception", {{"detail", error.what()}});
                   }
                 });
}

}  // namespace tracseq::server
