// SPDX-License-Identifier: MIT
#include "server/session.h"

#include <fmt/core.h>

#include <array>
#include <boost/asio/co_spawn.hpp>

#include "base/id.h"

namespace tracseq::server {
namespace {

constexpr std::chrono::milliseconds kHandshakeTimeout{10'000};
constexpr std::chrono::milliseconds kGoodbyeTimeout{1'000};
constexpr std::chrono::milliseconds kPoolRetry{10};
constexpr std::chrono::milliseconds kUploadTurnRetry{50};
constexpr std::size_t kJoinedBodyMax = 64UL << 10;  // smaller bodies go out in one piece with their header
constexpr std::string_view kHeartbeat = ": still here\n\n";

template <class Message>
Head to_head(const Message& message, std::optional<std::uint64_t> length, bool chunked, bool keep_alive) {
  Head head;
  head.verb = std::string(message.method_string());
  head.target = std::string(message.target());
  head.http_1_1 = message.version() >= 11;
  head.keep_alive = keep_alive;
  head.chunked = chunked;
  head.content_length = length;
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    head.fields.emplace_back(std::move(name), std::string(field.value()));
  }
  return head;
}

// Whether a client sends as fast as it must. Only the time spent waiting for it counts, in windows: bytes
// that came quickly do not pay for a trickle afterwards.
class Pace {
 public:
  explicit Pace(const Limits& limits) : window_(limits.chunk_timeout), rate_min_(limits.upload_rate_min) {}
  [[nodiscard]] bool holds(Steady::duration waited, std::size_t bytes) {
    waited_ += waited;
    bytes_ += bytes;
    if (waited_ < window_) return true;
    const double seconds = std::chrono::duration<double>(waited_).count();
    const bool enough = static_cast<double>(bytes_) >= seconds * static_cast<double>(rate_min_);
    waited_ = {};
    bytes_ = 0;
    return enough;
  }

 private:
  const Steady::duration window_;
  const std::size_t rate_min_;
  Steady::duration waited_{};
  std::size_t bytes_ = 0;
};

template <class Stream>
struct IsTls : std::false_type {};
template <class Next>
struct IsTls<asio::ssl::stream<Next>> : std::true_type {};

}  // namespace

template <class Stream>
template <class... A>
Session<Stream>::Session(std::shared_ptr<Core> core, Socket socket, A&... context)
    : core_(std::move(core)), stream_(std::move(socket), context...), wake_(core_->io) {
  ErrorCode ignored;
  const auto peer = boost::beast::get_lowest_layer(stream_).remote_endpoint(ignored);
  if (!ignored) client_ = peer.address().to_string();
  core_->connections.insert(this);
  core_->open = core_->connections.size();
}

template <class Stream>
Session<Stream>::~Session() {
  *alive_ = false;
  core_->connections.erase(this);
  core_->open = core_->connections.size();
}

template <class Stream>
Awaitable<> Session<Stream>::run() {
  if (co_await handshake()) co_return;
  for (Next next = Next::again; next == Next::again;) {
    HeaderParser parser;
    parser.header_limit(static_cast<std::uint32_t>(core_->limits().header_bytes_max));
    parser.body_limit(boost::none);  // the route's own limit is set once it is known
    std::optional<Head> head = co_await read_header(parser);
    if (!head) break;
    next = co_await serve(parser, std::move(*head));
  }
  co_await say_goodbye();
}

template <class Stream>
Awaitable<ErrorCode> Session<Stream>::handshake() {
  if constexpr (IsTls<Stream>::value) {
    arm(Phase::reading_header, kHandshakeTimeout);
    auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwaitTuple);
    co_return error;
  }
  co_return ErrorCode{};
}

template <class Stream>
Awaitable<ErrorCode> Session<Stream>::fill(std::size_t bytes) {
  if (expired) co_return asio::error::timed_out;  // it was while nothing waited that could be interrupted
  auto space = buffer_.prepare(bytes);
  auto [error, count] = co_await stream_.async_read_some(space, kAwaitTuple);
  buffer_.commit(count);
  co_return error;
}

template <class Stream>
Awaitable<std::optional<Head>> Session<Stream>::read_header(HeaderParser& parser) {
  if (buffer_.size() == 0) {
    if (core_->draining.load(std::memory_order_relaxed)) co_return std::nullopt;
    if (buffer_.capacity() > kReadBytes) buffer_.shrink_to_fit();
    arm(Phase::idle, core_->limits().idle_timeout);
  } else {
    arm(Phase::reading_header, core_->limits().header_timeout);
  }
  while (!parser.is_header_done()) {
    if (buffer_.size() > 0) {
      if (phase == Phase::idle) arm(Phase::reading_header, core_->limits().header_timeout);
      ErrorCode error;
      buffer_.consume(parser.put(buffer_.data(), error));
      if (parser.is_header_done()) break;
      if (error && error != http::error::need_more) {
        co_await refuse_header(error, false);
        co_return std::nullopt;
      }
    }
    if (co_await fill()) {
      if (expired && phase == Phase::reading_header) co_await refuse_header({}, true);
      co_return std::nullopt;
    }
  }
  phase = Phase::busy;
  expires = Steady::time_point::max();
  expired = false;
  const auto length = parser.content_length();
  co_return to_head(parser.get(), length ? std::optional<std::uint64_t>(*length) : std::nullopt,
                    parser.chunked(), parser.keep_alive());
}

template <class Stream>
Awaitable<> Session<Stream>::refuse_header(ErrorCode error, bool timed_out) {
  const std::string id = new_id();
  Error reason{Code::invalid, "the request is not valid HTTP/1.1: " + error.message(), {}, {}};
  int status = 400;
  if (timed_out) {
    reason = {Code::deadline, "the request's header did not come in time", {}, {}};
    status = 408;
  } else if (error == http::error::header_limit) {
    reason = {Code::too_large,
              fmt::format("the header has more than {} bytes", core_->limits().header_bytes_max),
              {},
              {}};
    status = 431;
  }
  log::info("request.refused",
            {{"request_id", id}, {"status", status}, {"message", reason.message}, {"client", client_}});
  const api::Response response = api::error_response(reason, id, status);
  const AnswerHead answer{
      .framing = Framing::length, .length = response.body.size(), .keep_alive = false, .http_1_1 = true};
  if (co_await send_whole(response, write_head(response, answer, id))) co_await linger();
}

template <class Stream>
auto Session<Stream>::serve(HeaderParser& parser, Head head) -> Awaitable<Next> {
  Exchange exchange(core_->services, std::move(head), client_);
  exchange.context().cancelled = core_->cancelled;
  const bool has_body = exchange.head().has_body();
  const Next early =
      has_body ? Next::close : Next::again;  // an unread body would be taken for the next request
  if (auto answer = exchange.admit()) co_return co_await respond(exchange, std::move(*answer), early);
  const bool known = exchange.authenticate_from_memory();
  if (has_body) {
    std::optional<api::Response> refused;
    if (known)
      refused = exchange.authorise(false);
    else
      refused = co_await authorise(exchange);
    if (refused) co_return co_await respond(exchange, std::move(*refused), Next::close);
    if (exchange.wants_continue() && buffer_.size() == 0 && !co_await send(asio::buffer(kContinue)))
      co_return Next::close;
    if (exchange.route()->body == api::BodyKind::stream) co_return co_await serve_upload(parser, exchange);
    refused = co_await read_body(parser, exchange);
    if (refused) co_return co_await respond(exchange, std::move(*refused), Next::close);
  }
  api::Response response = co_await call(exchange);
  co_return co_await respond(exchange, std::move(response), Next::again);
}

template <class Stream>
Awaitable<std::optional<api::Response>> Session<Stream>::authorise(Exchange& exchange) {
  std::optional<api::Response> refused;
  const bool ran = co_await on_pool([&] { refused = exchange.authorise(true); });
  if (!ran)
    refused = exchange.refuse(Code::resource_exhausted, "too many calls are waiting; try again shortly");
  co_return refused;
}

template <class Stream>
Awaitable<std::optional<api::Response>> Session<Stream>::read_body(HeaderParser& parser, Exchange& exchange) {
  http::request_parser<http::string_body> body(std::move(parser));
  body.eager(true);
  body.body_limit(exchange.route()->body_bytes_max);
  arm(Phase::busy, core_->limits().body_timeout);
  while (!body.is_done()) {
    if (buffer_.size() > 0) {
      ErrorCode error;
      buffer_.consume(body.put(buffer_.data(), error));
      if (error == http::error::body_limit)
        co_return exchange.refuse(Code::too_large, fmt::format("the body has more than {} bytes",
                                                               exchange.route()->body_bytes_max));
      if (error && error != http::error::need_more)
        co_return exchange.refuse(Code::invalid,
                                  "the request's body is not valid HTTP/1.1: " + error.message());
      if (body.is_done()) break;
    }
    if (co_await fill(kChunkBytes)) {
      if (expired) co_return exchange.refuse(Code::deadline, "the request's body did not come in time", 408);
      co_return exchange.refuse(Code::cancelled, "the connection broke within the request's body");
    }
  }
  expires = Steady::time_point::max();
  exchange.request().body = std::move(body.get().body());
  co_return std::nullopt;
}

template <class Stream>
Awaitable<api::Response> Session<Stream>::call(Exchange& exchange) {
  if (exchange.runs_inline()) co_return exchange.run();
  api::Response response;
  const bool ran = co_await on_pool([&] { response = exchange.run(); }, exchange.route()->runs);
  if (!ran)
    response = exchange.refuse(Code::resource_exhausted, "too many calls are waiting; try again shortly");
  co_return response;
}

// Waits until one more upload may hold a worker, its body unread; false if it took too long.
template <class Stream>
Awaitable<bool> Session<Stream>::upload_turn() {
  const auto give_up = Steady::now() + core_->limits().chunk_timeout;
  while (core_->uploads >= core_->uploads_max()) {
    if (Steady::now() > give_up || core_->cancelled->load(std::memory_order_relaxed)) co_return false;
    co_await wait(kUploadTurnRetry);
  }
  co_return true;
}

template <class Stream>
auto Session<Stream>::serve_upload(HeaderParser& parser, Exchange& exchange) -> Awaitable<Next> {
  if (!co_await upload_turn())
    co_return co_await respond(
        exchange,
        exchange.refuse(Code::resource_exhausted, "too many uploads are under way; try again shortly"),
        Next::close);
  ++core_->uploads;
  const std::shared_ptr<void> turn(nullptr, [core = core_](void*) { --core->uploads; });
  http::request_parser<http::buffer_body> body(std::move(parser));
  body.eager(true);
  body.body_limit(exchange.route()->body_bytes_max);
  exchange.context().deadline =
      Steady::time_point::max();  // a big file takes its time; each piece has its own limit
  Upload upload(kUploadChunksMax, waker());
  exchange.request().stream = &upload;
  api::Response response;
  bool answered = false;
  auto accepted = core_->pool.submit([&, core = core_] {
    response = exchange.run();
    // The coroutine waits for `answered`, so this frame is there until then.
    asio::post(core->io, [&answered, this] {
      answered = true;
      interrupt();
    });
  });
  if (!accepted)
    co_return co_await respond(exchange, exchange.refuse(accepted.error().code, accepted.error().message),
                               Next::close);
  co_await pump(body, upload, answered);
  expires = Steady::time_point::max();
  while (!answered) co_await wait(core_->limits().request_timeout);
  exchange.request().stream = nullptr;
  co_return co_await respond(exchange, std::move(response), body.is_done() ? Next::again : Next::close);
}

// Carries the body from the socket to the handler until either has its end.
template <class Stream>
Awaitable<> Session<Stream>::pump(http::request_parser<http::buffer_body>& parser, Upload& upload,
                                  const bool& answered) {
  Pace pace(core_->limits());
  bool starving = buffer_.size() == 0;
  while (!parser.is_done() && !answered) {
    if (!upload.has_room()) {
      co_await wait(core_->limits().request_timeout);
      continue;
    }
    if (starving) {
      arm(Phase::busy, core_->limits().chunk_timeout);
      const auto asked = Steady::now();
      const ErrorCode error = co_await fill(kChunkBytes);
      expires = Steady::time_point::max();  // the handler's pace is not the client's fault
      if (answered) break;
      if (!error && !pace.holds(Steady::now() - asked, buffer_.size())) {
        upload.abort({Code::deadline, "the body comes too slowly", {}, {}});
        co_return;
      }
      if (error) {
        if (expired)
          upload.abort({Code::deadline, "the body stopped coming", {}, {}});
        else
          upload.abort({Code::cancelled, "the connection broke within the body", {}, {}});
        co_return;
      }
    }
    std::string piece(std::min(std::max<std::size_t>(buffer_.size(), 1), kChunkBytes), '\0');
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    ErrorCode error;
    buffer_.consume(parser.put(buffer_.data(), error));
    piece.resize(piece.size() - body.size);
    upload.push(std::move(piece));
    starving = error == http::error::need_more || buffer_.size() == 0;
    if (error == http::error::body_limit) {
      upload.abort({Code::too_large, "the body is larger than this route takes", {}, {}});
      co_return;
    }
    if (error && error != http::error::need_more && error != http::error::need_buffer) {
      upload.abort({Code::invalid, "the request's body is not valid HTTP/1.1: " + error.message(), {}, {}});
      co_return;
    }
  }
  if (parser.is_done())
    upload.finish();
  else
    upload.abort({Code::cancelled, "the call was answered before its body came", {}, {}});
}

template <class Stream>
auto Session<Stream>::respond(const Exchange& exchange, api::Response response, Next wish)
    -> Awaitable<Next> {
  const Head& head = exchange.head();
  AnswerHead answer;
  answer.http_1_1 = head.http_1_1;
  answer.length = response.body.size();
  if (response.stream && response.stream_length)
    answer.length = *response.stream_length;
  else if (response.stream || response.feed)
    answer.framing = head.http_1_1 ? Framing::chunked : Framing::until_close;
  const bool closing = wish == Next::close || !head.keep_alive || answer.framing == Framing::until_close ||
                       core_->draining.load(std::memory_order_relaxed);
  answer.keep_alive = !closing;
  std::string text = write_head(response, answer, exchange.request_id());
  const bool bodiless = exchange.head_only() || response.status == 204 || response.status == 304;
  bool sent = false;
  if (bodiless)
    sent = co_await send(asio::buffer(text));
  else if (response.feed)
    sent = co_await send_feed(exchange, response, answer, std::move(text));
  else if (response.stream)
    sent = co_await send_stream(response, answer, std::move(text));
  else
    sent = co_await send_whole(response, std::move(text));
  if (sent && wish == Next::close) co_await linger();
  co_return sent && !closing ? Next::again : Next::close;
}

template <class Stream>
template <class Buffers>
Awaitable<bool> Session<Stream>::send(const Buffers& buffers) {
  arm(Phase::busy, core_->limits().chunk_timeout);
  auto [error, count] = co_await asio::async_write(stream_, buffers, kAwaitTuple);
  expires = Steady::time_point::max();
  co_return !error;
}

template <class Stream>
Awaitable<bool> Session<Stream>::send_whole(const api::Response& response, std::string head) {
  if (response.body.size() <= kJoinedBodyMax) {
    head += response.body;
    co_return co_await send(asio::buffer(head));
  }
  // In pieces, so that each has the slow reader's time and not the whole.
  bool sent = co_await send(asio::buffer(head));
  for (std::size_t at = 0; sent && at < response.body.size(); at += kJoinedBodyMax)
    sent = co_await send(
        asio::buffer(response.body.data() + at, std::min(kJoinedBodyMax, response.body.size() - at)));
  co_return sent;
}

template <class Stream>
Awaitable<bool> Session<Stream>::send_stream(api::Response& response, const AnswerHead& answer,
                                             std::string head) {
  std::string piece(kChunkBytes, '\0');
  std::uint64_t rest = answer.length;
  auto give_up = Steady::time_point::max();  // while the pool takes no more
  for (;;) {
    Result<std::size_t> got = 0U;
    const auto space = std::as_writable_bytes(std::span(piece.data(), piece.size()));
    if (!co_await on_pool([&] { got = response.stream->read(space); })) {
      give_up = std::min(give_up, Steady::now() + core_->limits().chunk_timeout);
      if (Steady::now() > give_up) co_return false;
      co_await wait(kPoolRetry);
      continue;
    }
    give_up = Steady::time_point::max();
    // The header has promised success: all that is left to say "this is not whole" is to break the
    // connection.
    const bool lies = got && answer.framing == Framing::length && (*got > rest || (*got == 0 && rest > 0));
    if (!got || lies) {
      log::error("response.broken", {{"detail", got ? std::string("length differs from what was announced")
                                                    : got.error().message}});
      co_return false;
    }
    std::array<asio::const_buffer, 4> buffers{asio::buffer(head), {}, asio::buffer(piece.data(), *got), {}};
    std::string size;
    if (answer.framing == Framing::length) rest -= *got;
    if (answer.framing == Framing::chunked && *got > 0) {
      size = chunk_head(*got);
      buffers[1] = asio::buffer(size);
      buffers[3] = asio::buffer(kChunkEnd);
    } else if (answer.framing == Framing::chunked) {
      buffers[3] = asio::buffer(kLastChunk);
    }
    if (!co_await send(buffers)) co_return false;
    head.clear();
    if (*got == 0) co_return true;
  }
}

template <class Stream>
Awaitable<bool> Session<Stream>::still_allowed(const Exchange& exchange) {
  if (const auto known = exchange.still_allowed_from_memory()) co_return *known;
  bool allowed = true;  // stays so where no worker is free to ask: the next time tells
  co_await on_pool([&] { allowed = exchange.still_allowed(); });
  co_return allowed;
}

template <class Stream>
Awaitable<bool> Session<Stream>::send_feed(const Exchange& exchange, api::Response& response,
                                           const AnswerHead& answer, std::string head) {
  response.feed->on_ready(waker());
  auto last = Steady::now();
  auto judged = last;
  if (!co_await send(asio::buffer(head))) co_return false;
  for (;;) {
    const auto due = core_->limits().feed_check;
    if (Steady::now() - judged >= due) {
      phase = Phase::busy;
      if (!co_await still_allowed(exchange)) break;
      judged = Steady::now();
    }
    std::optional<std::string> text = response.feed->take();
    if (!text || core_->draining.load(std::memory_order_relaxed)) break;
    const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - last);
    if (text->empty() && silent < core_->limits().heartbeat) {
      phase = Phase::idle;  // stopping may end this at once
      co_await wait(std::min(core_->limits().heartbeat - silent, due));
      continue;
    }
    if (text->empty()) *text = kHeartbeat;
    if (answer.framing == Framing::chunked) *text = chunk_head(text->size()) + *text + std::string(kChunkEnd);
    if (!co_await send(asio::buffer(*text))) co_return false;
    last = Steady::now();
  }
  if (answer.framing == Framing::chunked) co_await send(asio::buffer(kLastChunk));
  co_return false;  // a feed's connection ends with it
}

// Reads away what a client still sends, a while, so that closing does not destroy the answer on its way.
template <class Stream>
Awaitable<> Session<Stream>::linger() {
  ErrorCode ignored;
  if constexpr (!IsTls<Stream>::value) stream_.shutdown(Socket::shutdown_send, ignored);
  arm(Phase::busy, kGoodbyeTimeout);
  std::size_t read = 0;
  while (read < kDiscardBytesMax) {
    buffer_.consume(buffer_.size());
    if (co_await fill(kChunkBytes)) break;
    read += buffer_.size();
  }
}

template <class Stream>
Awaitable<> Session<Stream>::say_goodbye() {
  ErrorCode ignored;
  if constexpr (IsTls<Stream>::value) {
    arm(Phase::busy, kGoodbyeTimeout);
    co_await stream_.async_shutdown(kAwaitTuple);
  }
  boost::beast::get_lowest_layer(stream_).shutdown(Socket::shutdown_both, ignored);
  co_return;
}

template <class Stream>
Awaitable<> Session<Stream>::wait(std::chrono::milliseconds time) {
  wake_.expires_after(time);
  co_await wake_.async_wait(kAwaitTuple);
}

template <class Stream>
Awaitable<bool> Session<Stream>::on_pool(std::function<void()> job, api::RunsOn where) {
  auto start = [this, where](auto handler, std::function<void()> work) {
    ThreadPool& pool = where == api::RunsOn::probe ? core_->probes : core_->pool;
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    auto accepted = pool.submit([core = core_, work = std::move(work), resume]() mutable {
      work();
      asio::post(core->io, [resume = std::move(resume)] { std::move (*resume)(true); });
    });
    if (!accepted) asio::post(core_->io, [resume] { std::move (*resume)(false); });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(bool)>(start, kAwait,
                                                                                             std::move(job));
}

namespace {

// The session lives as long as its coroutine. What a coroutine throws is a bug: it ends one connection and is
// logged.
template <class S>
void spawn(const std::shared_ptr<Core>& core, std::shared_ptr<S> session) {
  auto& runner = *session;
  asio::co_spawn(core->io.get_executor(), runner.run(),
                 [session = std::move(session)](std::exception_ptr bug) {
                   if (!bug) return;
                   try {
                     std::rethrow_exception(bug);
                   } catch (const std::exception& error) {
                     log::error("session.exception", {{"detail", error.what()}});
                   }
                 });
}

}  // namespace

void run_plain_session(std::shared_ptr<Core> core, Socket socket) {
  spawn(core, std::make_shared<Session<Socket>>(core, std::move(socket)));
}

void run_tls_session(std::shared_ptr<Core> core, Socket socket, asio::ssl::context& context) {
  spawn(core, std::make_shared<Session<asio::ssl::stream<Socket>>>(core, std::move(socket), context));
}

}  // namespace tracseq::server
