// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

// The floor of HTTP: Beast and nothing else. One thread; reads a whole request, asks `work` for nothing but
// its time, and answers with the same text. Benchmarks only.
namespace bare {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;

struct Answer {
  std::string text;
  std::function<void(const Request&)> work;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Answer& answer) : socket_(std::move(socket)), answer_(answer) {
    socket_.set_option(tcp::no_delay(true));
  }
  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_,
                     [self = shared_from_this()](boost::beast::error_code error, std::size_t) {
                       if (!error) self->write();
                     });
  }

 private:
  void write() {
    if (answer_.work) answer_.work(request_);
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/json");
    response_.keep_alive(true);
    response_.body() = answer_.text;
    response_.prepare_payload();
    http::async_write(socket_, response_,
                      [self = shared_from_this()](boost::beast::error_code error, std::size_t) {
                        if (!error) self->read();
                      });
  }
  tcp::socket socket_;
  const Answer& answer_;
  boost::beast::flat_buffer buffer_;
  Request request_;
  http::response<http::string_body> response_;
};

inline void accept(tcp::acceptor& acceptor, const Answer& answer) {
  acceptor.async_accept([&](boost::system::error_code error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket), answer)->read();
    accept(acceptor, answer);
  });
}

// Prints its address and serves until it is killed.
inline void serve(const Answer& answer) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  std::printf("listening on http://127.0.0.1:%u\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  accept(acceptor, answer);
  io.run();
}

}  // namespace bare
