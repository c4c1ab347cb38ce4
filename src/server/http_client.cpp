// SPDX-License-Identifier: MIT
#include "server/http_client.h"

#include <fmt/core.h>
#include <poll.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "base/json.h"
#include "server/http_url.h"
#include "server/limits.h"
#include "server/look_up.h"
#include "server/wire.h"

namespace tracseq::server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Parser = http::response_parser<http::buffer_body>;

constexpr std::uint32_t kAnswerHeaderMax = 64U << 10;
constexpr std::chrono::hours kLongest{24};

// One connection with an event loop of its own, which runs only while a call waits: every step has a
// deadline.
class Link {
 public:
  explicit Link(asio::ssl::context* tls) : socket_(io_), tls_context_(tls) {}

  ErrorCode connect(const HttpUrl& target, Steady::time_point deadline) {
    Endpoints found;
    ErrorCode error = look_up(target.host, target.port, deadline, found);
    if (error) return error;
    error = wait(deadline, [&](auto done) {
      asio::async_connect(socket_, found, [done](ErrorCode e, const auto&) { done(e); });
    });
    if (error) return error;
    socket_.set_option(tcp::no_delay(true), error);
    if (tls_context_ == nullptr) return {};
    tls_.emplace(socket_, *tls_context_);
    SSL_set_tlsext_host_name(tls_->native_handle(), target.host.c_str());
    tls_->set_verify_callback(asio::ssl::host_name_verification(target.host), error);
    return wait(deadline, [&](auto done) { tls_->async_handshake(asio::ssl::stream_base::client, done); });
  }

  template <class Buffers>
  ErrorCode write(const Buffers& buffers, Steady::time_point deadline) {
    return wait(deadline, [&](auto done) {
      const auto handler = [done](ErrorCode e, std::size_t) { done(e); };
      if (tls_)
        asio::async_write(*tls_, buffers, handler);
      else
        asio::async_write(socket_, buffers, handler);
    });
  }

  // Reads more into `buffer()`.
  ErrorCode fill(Steady::time_point deadline) {
    const auto space = buffer_.prepare(kChunkBytes);
    std::size_t count = 0;
    const ErrorCode error = wait(deadline, [&](auto done) {
      const auto handler = [done, &count](ErrorCode e, std::size_t n) {
        count = n;
        done(e);
      };
      if (tls_)
        tls_->async_read_some(space, handler);
      else
        socket_.async_read_some(space, handler);
    });
    buffer_.commit(count);
    return error;
  }

  // Whether the server has closed, or sent something nobody asked for.
  bool stale() {
    pollfd waiting{socket_.native_handle(), POLLIN, 0};
    return buffer_.size() > 0 || !socket_.is_open() || ::poll(&waiting, 1, 0) != 0;
  }
  boost::beast::flat_buffer& buffer() { return buffer_; }
  Steady::time_point idle_since{};

 private:
  template <class Start>
  ErrorCode wait(Steady::time_point deadline, Start start) {
    bool finished = false;
    ErrorCode result;
    start([&](ErrorCode error) {
      finished = true;
      result = error;
    });
    io_.restart();
    io_.run_until(std::min(deadline, Steady::now() + kLongest));
    if (finished) return result;
    ErrorCode ignored;
    socket_.close(ignored);
    io_.run();
    return asio::error::timed_out;
  }

  asio::io_context io_{1};
  Socket socket_;
  asio::ssl::context* tls_context_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  boost::beast::flat_buffer buffer_;
};

// "GET /path?query HTTP/1.1" and the fields. Names and values come from this program; line ends in them are
// refused.
Result<std::string> request_head(const HttpUrl& target, const std::string& token, const api::Request& request,
                                 std::chrono::milliseconds timeout) {
  std::string head(api::method_name(request.method));
  head += ' ' + target.base + api::percent_encode(request.path, "/:@!$&'()*+,;=");
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    head += separator + api::percent_encode(name) + '=' + api::percent_encode(value);
    separator = '&';
  }
  head +=
      " HTTP/1.1\r\nHost: " + target.authority + "\r\nAccept-Encoding: identity\r\nUser-Agent: tracseq\r\n";
  head += fmt::format("X-Timeout-Ms: {}\r\n", timeout.count());
  if (!token.empty()) head += "Authorization: Bearer " + token + "\r\n";
  for (const auto& [name, value] : request.headers) {
    if (value.find_first_of("\r\n") != std::string::npos || name.find_first_of("\r\n: ") != std::string::npos)
      return fail(Code::invalid, fmt::format("the header {} holds a line end", name));
    if (name != "host" && name != "content-length" && name != "transfer-encoding" && name != "connection")
      head += name + ": " + value + "\r\n";
  }
  if (request.stream != nullptr && !request.content_length)
    head += "Transfer-Encoding: chunked\r\n";
  else if (request.stream != nullptr)
    head += fmt::format("Content-Length: {}\r\n", *request.content_length);
  else if (!request.body.empty() || request.method != api::Method::get)
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  if (token.find_first_of("\r\n") != std::string::npos)
    return fail(Code::invalid, "the token holds a line end");
  return head + "\r\n";
}

bool comes_whole(std::string_view content_type) {
  return content_type.starts_with("application/json") ||
         (content_type.starts_with("text/") && !content_type.starts_with("text/event-stream"));
}

}  // namespace

struct HttpClient::Pool {
  Pool(HttpClientOptions o, HttpUrl t)
      : options(std::move(o)), target(std::move(t)), tls(asio::ssl::context::tls_client) {}

  std::unique_ptr<Link> take() {
    const Lock lock(mutex);
    while (!idle.empty()) {
      std::unique_ptr<Link> link = std::move(idle.back());
      idle.pop_back();
      if (Steady::now() - link->idle_since < kIdleConnectionMax && !link->stale()) return link;
    }
    return nullptr;
  }
  void give_back(std::unique_ptr<Link> link) {
    link->idle_since = Steady::now();
    const Lock lock(mutex);
    if (idle.size() < kIdleConnectionsMax) idle.push_back(std::move(link));
  }
  [[nodiscard]] Error broken(const ErrorCode& error) const {
    if (error == asio::error::timed_out)
      return {Code::deadline, fmt::format("{} did not answer in time", target.url), {}, {}};
    return {Code::unavailable, fmt::format("cannot reach {}: {}", target.url, error.message()), {}, {}};
  }

  const HttpClientOptions options;
  const HttpUrl target;
  asio::ssl::context tls;
  Mutex mutex;
  std::vector<std::unique_ptr<Link>> idle GUARDED_BY(mutex);
};

namespace {

// An answer as it comes: header first, then the body on demand.
class Answer final : public ByteSource {
 public:
  Answer(std::shared_ptr<HttpClient::Pool> pool, std::unique_ptr<Link> link)
      : pool_(std::move(pool)), link_(std::move(link)) {
    parser_.emplace();
    parser_->header_limit(kAnswerHeaderMax);
    parser_->body_limit(boost::none);
  }

  // Reads the header, passing over "100 Continue".
  ErrorCode read_header(Steady::time_point deadline) {
    for (;;) {
      if (link_->buffer().size() > 0) {
        ErrorCode error;
        link_->buffer().consume(parser_->put(link_->buffer().data(), error));
        if (error && error != http::error::need_more) return error;
      }
      if (parser_->is_header_done()) {
        if (parser_->get().result_int() != 100) return {};
        parser_.emplace();
        parser_->header_limit(kAnswerHeaderMax);
        parser_->body_limit(boost::none);
        continue;
      }
      if (const ErrorCode error = link_->fill(deadline)) return error;
      began_ = true;
    }
  }
  [[nodiscard]] bool began() const { return began_; }
  Parser& parser() { return *parser_; }

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    return read_until(buffer, Steady::now() + kClientChunkTimeout);
  }

  Result<std::size_t> read_until(std::span<std::byte> buffer, Steady::time_point deadline) {
    parser_->eager(true);
    bool starving = false;
    while (link_ && !parser_->is_done() && !buffer.empty()) {
      if (starving || link_->buffer().size() == 0) {
        const ErrorCode error = link_->fill(deadline);
        if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
          ErrorCode ending;
          parser_->put_eof(ending);
          if (!ending) break;
        }
        if (error) return fail(pool_->broken(error));
      }
      auto& body = parser_->get().body();
      body.data = buffer.data();
      body.size = buffer.size();
      ErrorCode error;
      link_->buffer().consume(parser_->put(link_->buffer().data(), error));
      const std::size_t count = buffer.size() - body.size;
      starving = error == http::error::need_more;
      if (error && error != http::error::need_more && error != http::error::need_buffer)
        return fail(Code::unavailable, fmt::format("{} sent an answer that is not HTTP: {}",
                                                   pool_->target.url, error.message()));
      if (count > 0) return count;
    }
    release();
    return 0U;
  }

  // The connection serves the next call once this answer is read.
  void release() {
    if (link_ && parser_->is_done() && parser_->keep_alive()) pool_->give_back(std::move(link_));
    link_.reset();
  }
  Link& link() { return *link_; }

 private:
  std::shared_ptr<HttpClient::Pool> pool_;
  std::unique_ptr<Link> link_;
  std::optional<Parser> parser_;
  bool began_ = false;
};

// Sends a stream; what the server answers before its end is read by the caller. An error of the source is
// returned.
Result<ErrorCode> send_stream(Link& link, api::Request& request) {
  std::vector<std::byte> piece(kChunkBytes);
  const bool chunked = !request.content_length;
  std::uint64_t rest = request.content_length.value_or(0);
  while (chunked || rest > 0) {
    TRACSEQ_TRY(const std::size_t count, request.stream->read(piece));
    if (!chunked && (count == 0 || count > rest))
      return fail(Code::invalid, "the stream's length differs from what was announced");
    rest -= chunked ? 0 : count;
    const std::string size = chunked && count > 0 ? chunk_head(count) : std::string();
    const std::string_view after = !chunked ? std::string_view() : count > 0 ? kChunkEnd : kLastChunk;
    const std::array<asio::const_buffer, 3> buffers{asio::buffer(size), asio::buffer(piece.data(), count),
                                                    asio::buffer(after)};
    if (const ErrorCode error = link.write(buffers, Steady::now() + kClientChunkTimeout)) return error;
    if (count == 0) break;
  }
  return ErrorCode{};
}

bool may_repeat(const api::Request& request) {
  if (request.stream != nullptr) return false;
  return (request.method != api::Method::post && request.method != api::Method::patch) ||
         !request.header("idempotency-key").empty();
}

Result<api::Response> to_response(std::unique_ptr<Answer> answer, Steady::time_point deadline) {
  api::Response response;
  const auto& message = answer->parser().get();
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    if (field.name() == http::field::content_type)
      response.content_type = std::string(field.value());
    else
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  const auto length = answer->parser().content_length();
  if (!comes_whole(response.content_type) && response.status < 300 && !answer->parser().is_done()) {
    if (length) response.stream_length = *length;
    response.stream = std::move(answer);
    return response;
  }
  std::vector<std::byte> piece(kChunkBytes);
  for (;;) {
    TRACSEQ_TRY(const std::size_t count, answer->read_until(piece, deadline));
    if (count == 0) return response;
    response.body.append(reinterpret_cast<const char*>(piece.data()), count);
    if (response.body.size() > kWholeAnswerMax)
      return fail(Code::too_large, fmt::format("the answer has more than {} bytes", kWholeAnswerMax));
  }
}

}  // namespace

HttpClient::HttpClient(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::open(HttpClientOptions options) {
  TRACSEQ_TRY(HttpUrl target, parse_http_url(options.url));
  auto pool = std::make_shared<Pool>(std::move(options), std::move(target));
  if (pool->target.secure) {
    ErrorCode error;
    pool->tls.set_verify_mode(asio::ssl::verify_peer, error);
    if (pool->options.ca_file.empty())
      pool->tls.set_default_verify_paths(error);
    else
      pool->tls.load_verify_file(pool->options.ca_file, error);
    if (error)
      return fail_field("ca_file", fmt::format("cannot use the certificates in '{}': {}",
                                               pool->options.ca_file, error.message()));
    SSL_CTX_set_min_proto_version(pool->tls.native_handle(), TLS1_2_VERSION);
  }
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(pool)));
}

Result<api::Response> HttpClient::send(api::Request request, std::chrono::milliseconds timeout) {
  const auto deadline = Steady::now() + std::min<std::chrono::milliseconds>(timeout, kLongest);
  TRACSEQ_TRY(const std::string head, request_head(pool_->target, pool_->options.token, request, timeout));
  for (bool first = true;; first = false) {
    std::unique_ptr<Link> link = first ? pool_->take() : nullptr;
    const bool kept = link != nullptr;
    if (!link) {
      link = std::make_unique<Link>(pool_->target.secure ? &pool_->tls : nullptr);
      const auto connect_by = std::min(deadline, Steady::now() + pool_->options.connect_timeout);
      if (const ErrorCode error = link->connect(pool_->target, connect_by)) return fail(pool_->broken(error));
    }
    auto answer = std::make_unique<Answer>(pool_, std::move(link));
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(request.body)};
    ErrorCode error = answer->link().write(buffers, deadline);
    auto until = deadline;
    if (!error && request.stream != nullptr) {
      TRACSEQ_TRY(error, send_stream(answer->link(), request));
      until = std::max(deadline, Steady::now() + kClientChunkTimeout);  // a long upload has used the time up
    }
    // A server that refuses an upload answers and closes before it was read: the answer explains the broken
    // write.
    const ErrorCode read = answer->read_header(until);
    if (!read) return to_response(std::move(answer), deadline);
    const bool dead = kept && !answer->began() && read != asio::error::timed_out;
    if (dead && may_repeat(request)) continue;
    return fail(pool_->broken(error ? error : read));
  }
}

}  // namespace tracseq::server
