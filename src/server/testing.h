// SPDX-License-Identifier: MIT
// For tests: a small route table behind a real server on a free port, and a client that sends bytes as they
// are.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <string>
#include <thread>

#include "api/router.h"
#include "server/server.h"

namespace tracseq::server::testing {

// A connection that sends exactly what it is told and reads one answer at a time. Waits at most 10 s.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server closed: what it answered tells
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  struct Answer {
    int status = 0;                              // 0: the connection ended without one
    std::map<std::string, std::string> headers;  // lower case
    std::string body;
  };
  Answer read(bool head_only = false) {
    Answer answer;
    const std::size_t end = wait_for("\r\n\r\n");
    if (end == std::string::npos) return answer;
    parse_head(buffer_.substr(0, end), answer);
    buffer_.erase(0, end + 4);
    if (head_only || answer.status == 204 || answer.status == 304 || answer.status == 100) return answer;
    if (answer.headers.contains("transfer-encoding")) {
      while (read_chunk(answer.body)) {
      }
    } else if (answer.headers.contains("content-length")) {
      const std::size_t length = std::stoul(answer.headers["content-length"]);
      while (buffer_.size() < length && fill()) {
      }
      answer.body = buffer_.substr(0, length);
      buffer_.erase(0, length);
    } else {
      while (fill()) {
      }
      answer.body = std::exchange(buffer_, {});
    }
    return answer;
  }
  Answer call(std::string_view text) {
    send(text);
    return read();
  }
  // Text until `mark` appears; the rest stays.
  std::string read_until(std::string_view mark) {
    const std::size_t end = wait_for(mark);
    if (end == std::string::npos) return {};
    std::string text = buffer_.substr(0, end + mark.size());
    buffer_.erase(0, end + mark.size());
    return text;
  }
  // Whether the server has closed (nothing more comes).
  bool closed() {
    while (fill()) {
    }
    return ended_;
  }
  void shut_down_sending() const { ::shutdown(socket_, SHUT_WR); }
  [[nodiscard]] int descriptor() const { return socket_; }

 private:
  bool fill() {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) <= 0) return false;
    char bytes[65'536];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    ended_ = count <= 0;
    if (ended_) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  std::size_t wait_for(std::string_view mark) {
    std::size_t at = buffer_.find(mark);
    while (at == std::string::npos && fill()) at = buffer_.find(mark);
    return at;
  }
  bool read_chunk(std::string& body) {
    const std::size_t end = wait_for("\r\n");
    if (end == std::string::npos) return false;
    const std::size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
    while (buffer_.size() < end + 2 + size + 2 && fill()) {
    }
    body += buffer_.substr(end + 2, size);
    buffer_.erase(0, end + 2 + size + 2);
    return size > 0;
  }
  static void parse_head(const std::string& head, Answer& answer) {
    answer.status = std::stoi(head.substr(9, 3));
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos) {
      const std::size_t next = head.find("\r\n", at + 2);
      const std::string line = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
      const std::size_t colon = line.find(':');
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = line.substr(colon + 2);
      at = next;
    }
  }

  int socket_;
  std::string buffer_;
  bool ended_ = false;
};

// "GET /path" with a Host and further lines.
inline std::string get(std::string_view path, std::string_view lines = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(lines) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body,
                        std::string_view lines = "Content-Type: application/json\r\n") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(lines) + "\r\n" + std::string(body);
}

// The route table of the tests.
std::vector<api::Route> test_routes();

// A server over test_routes() on a free port, everybody trusted unless told otherwise.
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {}, Authenticator* authenticator = nullptr);
  ~TestServer() = default;
  HttpServer& server() { return *server_; }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  metrics::Registry& metrics() { return metrics_; }
  api::Router& router() { return router_; }

 private:
  metrics::Registry metrics_;
  api::Router router_;
  TrustEverybody trust_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace tracseq::server::testing
