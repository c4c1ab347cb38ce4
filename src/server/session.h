// SPDX-License-Identifier: MIT
// Private to the server: one connection, over a plain or a TLS stream. Included by session.cpp alone.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/log.h"
#include "server/core.h"
#include "server/upload.h"

namespace tracseq::server {

namespace http = boost::beast::http;
inline constexpr auto kAwaitTuple = asio::as_tuple(kAwait);

// Serves the requests of one connection, one after the other, in order. All members belong to the I/O thread.
template <class Stream>
class Session final : public Connection {
 public:
  template <class... A>
  Session(std::shared_ptr<Core> core, Socket socket, A&... context);
  ~Session() override;
  void interrupt() override {
    ErrorCode ignored;
    boost::beast::get_lowest_layer(stream_).cancel(ignored);
    wake_.cancel();
  }
  void cut() override {
    ErrorCode ignored;
    boost::beast::get_lowest_layer(stream_).close(ignored);
    wake_.cancel();
  }
  Awaitable<> run();

 private:
  using HeaderParser = http::request_parser<http::empty_body>;
  enum class Next { again, close };  // another request on this connection, or none

  Awaitable<ErrorCode> handshake();
  Awaitable<ErrorCode> fill(std::size_t bytes = kReadBytes);
  Awaitable<std::optional<Head>> read_header(HeaderParser& parser);
  Awaitable<Next> serve(HeaderParser& parser, Head head);
  Awaitable<std::optional<api::Response>> authorise(Exchange& exchange);
  Awaitable<std::optional<api::Response>> read_body(HeaderParser& parser, Exchange& exchange);
  Awaitable<api::Response> call(Exchange& exchange);
  Awaitable<bool> upload_turn();
  Awaitable<Next> serve_upload(HeaderParser& parser, Exchange& exchange);
  Awaitable<> pump(http::request_parser<http::buffer_body>& parser, Upload& upload, const bool& answered);
  Awaitable<Next> respond(const Exchange& exchange, api::Response response, Next wish);
  Awaitable<bool> send_whole(const api::Response& response, std::string head);
  Awaitable<bool> send_stream(api::Response& response, const AnswerHead& answer, std::string head);
  Awaitable<bool> send_feed(const Exchange& exchange, api::Response& response, const AnswerHead& answer,
                            std::string head);
  Awaitable<bool> still_allowed(const Exchange& exchange);
  template <class Buffers>
  Awaitable<bool> send(const Buffers& buffers);
  Awaitable<> refuse_header(ErrorCode error, bool timed_out);
  Awaitable<> linger();
  Awaitable<> wait(std::chrono::milliseconds time);
  Awaitable<bool> on_pool(std::function<void()> job, api::RunsOn where = api::RunsOn::worker);
  Awaitable<> say_goodbye();
  void arm(Phase now, std::chrono::milliseconds time) {
    phase = now;
    expires = Steady::now() + time;
    expired = false;
  }
  // Asks the coroutine that sits in `wait` to look again.
  std::function<void()> waker() {
    return [this, core = core_, life = alive_] {
      asio::post(core->io, [this, life] {
        if (*life) wake_.cancel();
      });
    };
  }
  std::shared_ptr<Core> core_;
  Stream stream_;
  Timer wake_;
  boost::beast::flat_buffer buffer_;
  std::string client_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // read and written on the I/O thread only
};

}  // namespace tracseq::server
