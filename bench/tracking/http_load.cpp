// SPDX-License-Identifier: MIT
// A load generator that is not the bottleneck: blocking sockets, one thread a client, bodies made beforehand.
//
//   http_load PORT CLIENTS SECONDS get PATH
//   http_load PORT CLIENTS SECONDS metric RUN_ID      one point a request
//   http_load PORT CLIENTS SECONDS batch RUN_ID       500 points a request
//
// Prints {"requests", "points", "seconds", "p50_us", "p95_us", "p99_us", "errors", "cpu_seconds" of its own}.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kBatch = 500;
constexpr std::size_t kAnswerMax = 1 << 16;

struct Work {
  int port = 0;
  std::string mode;
  std::string target;
  Clock::time_point until;
};

struct Tally {
  std::vector<std::int64_t> nanoseconds;
  std::int64_t points = 0;
  std::int64_t errors = 0;
};

int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fmt::print(stderr, "cannot connect to port {}\n", port);
    std::exit(1);
  }
  return fd;
}

// One client's request, laid out once; only the digits of its steps change from one request to the next, so
// that every point is a distinct one. Keys differ per client so that series do.
class Request {
 public:
  Request(const Work& work, int client) {
    if (work.mode == "get") {
      text_ = "GET " + work.target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
      return;
    }
    const int count = work.mode == "batch" ? kBatch : 1;
    std::string body = "{\"points\":[";
    for (int i = 0; i < count; ++i) {
      fmt::format_to(std::back_inserter(body), "{}{{\"key\":\"m{}\",\"step\":", i == 0 ? "" : ",", client);
      steps_.push_back(body.size());
      fmt::format_to(std::back_inserter(body), "{},\"value\":{:.6f}}}", kFirstStep, 0.5 + 1e-6 * i);
    }
    body += "]}";
    text_ = fmt::format(
        "POST /api/v1/runs/{}/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n",
        work.target, body.size());
    for (std::size_t& step : steps_) step += text_.size();
    text_ += body;
  }

  const std::string& next() {
    for (const std::size_t place : steps_) {
      std::int64_t step = step_++;
      for (std::size_t digit = kStepDigits; digit-- > 0; step /= 10)
        text_[place + digit] = static_cast<char>('0' + step % 10);
    }
    return text_;
  }

 private:
  static constexpr std::int64_t kFirstStep = 1'000'000'000;
  static constexpr std::size_t kStepDigits = 10;
  std::string text_;
  std::vector<std::size_t> steps_;  // where their digits begin
  std::int64_t step_ = kFirstStep;
};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Reads one answer with a Content-Length; whether it was 2xx.
bool read_answer(int fd, std::string& buffer) {
  buffer.clear();
  char piece[kAnswerMax];
  std::size_t header_end = std::string::npos;
  std::size_t needed = 0;
  while (header_end == std::string::npos || buffer.size() < needed) {
    const ssize_t got = read(fd, piece, sizeof piece);
    if (got <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(got));
    if (header_end != std::string::npos) continue;
    header_end = buffer.find("\r\n\r\n");
    if (header_end == std::string::npos) continue;
    const auto length = buffer.find("ontent-Length: ");
    needed =
        header_end + 4 + (length < header_end ? std::strtoul(buffer.c_str() + length + 15, nullptr, 10) : 0);
  }
  return buffer.compare(9, 1, "2") == 0;
}

void client(const Work& work, int number, Tally& tally) {
  const int fd = connect_to(work.port);
  std::string answer;
  Request requests(work, number);
  while (Clock::now() < work.until) {
    const std::string& request = requests.next();
    const auto began = Clock::now();
    std::size_t sent = 0;
    while (sent < request.size()) {
      const ssize_t count = write(fd, request.data() + sent, request.size() - sent);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    if (!read_answer(fd, answer)) {
      ++tally.errors;
      break;
    }
    tally.nanoseconds.push_back(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count());
    tally.points += work.mode == "batch" ? kBatch : 1;
  }
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: http_load PORT CLIENTS SECONDS get|metric|batch PATH|RUN_ID\n");
    return 2;
  }
  const int clients = std::atoi(argv[2]);
  const auto began = Clock::now();
  const Work work{std::atoi(argv[1]), argv[4], argv[5],
                  began + std::chrono::milliseconds(static_cast<int>(std::atof(argv[3]) * 1000))};
  std::vector<Tally> tallies(static_cast<std::size_t>(clients));
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back(client, std::cref(work), i, std::ref(tallies[static_cast<std::size_t>(i)]));
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  Tally all;
  for (const Tally& tally : tallies) {
    all.nanoseconds.insert(all.nanoseconds.end(), tally.nanoseconds.begin(), tally.nanoseconds.end());
    all.points += tally.points;
    all.errors += tally.errors;
  }
  std::sort(all.nanoseconds.begin(), all.nanoseconds.end());
  const auto quantile = [&](double q) {
    return all.nanoseconds.empty() ? 0.0
                                   : static_cast<double>(all.nanoseconds[static_cast<std::size_t>(
                                         q * static_cast<double>(all.nanoseconds.size() - 1))]) /
                                         1e3;
  };
  fmt::print(
      "{{\"requests\": {}, \"points\": {}, \"seconds\": {:.3f}, \"p50_us\": {:.1f}, \"p95_us\": {:.1f}, "
      "\"p99_us\": {:.1f}, \"errors\": {}, \"cpu_seconds\": {:.3f}}}\n",
      all.nanoseconds.size(), all.points, seconds, quantile(0.5), quantile(0.95), quantile(0.99), all.errors,
      cpu_seconds());
  return all.errors == 0 ? 0 : 1;
}
