// SPDX-License-Identifier: MIT
// The routes behind the server's tests.
#include "base/mutex.h"
#include "server/testing.h"

namespace tracseq::server::testing {

struct EchoIn {
  std::string text;
  std::int64_t repeat = 1;
  std::int64_t sleep_ms = 0;
};
TRACSEQ_DESCRIBE(EchoIn, (text, repeat, sleep_ms))
TRACSEQ_DEFINE_TYPE(EchoIn)

struct EchoOut {
  std::string text;
  std::string actor;
};
TRACSEQ_DESCRIBE(EchoOut, (text, actor))
TRACSEQ_DEFINE_TYPE(EchoOut)

struct StreamIn {
  std::int64_t bytes = 0;
  bool known_length = false;
  std::int64_t fail_after = -1;
};
TRACSEQ_DESCRIBE(StreamIn, (bytes, known_length, fail_after))
TRACSEQ_DEFINE_TYPE(StreamIn)

namespace {

// `total` bytes of a pattern, made as they are read.
class Pattern final : public ByteSource {
 public:
  Pattern(std::int64_t total, std::int64_t fail_after) : total_(total), fail_after_(fail_after) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (fail_after_ >= 0 && at_ >= fail_after_) return fail(Code::unavailable, "the source broke");
    const auto count = std::min<std::int64_t>(static_cast<std::int64_t>(buffer.size()), total_ - at_);
    for (std::int64_t i = 0; i < count; ++i)
      buffer[static_cast<std::size_t>(i)] = static_cast<std::byte>((at_ + i) % 251);
    at_ += count;
    return static_cast<std::size_t>(count);
  }

 private:
  std::int64_t total_;
  std::int64_t fail_after_;
  std::int64_t at_ = 0;
};

// A feed the test fills through POST /api/v1/feed.
class TestFeed final : public api::Feed {
 public:
  void on_ready(std::function<void()> wake) override {
    const Lock lock(mutex_);
    wake_ = std::move(wake);
  }
  std::optional<std::string> take() override {
    const Lock lock(mutex_);
    if (ended_) return std::nullopt;
    return std::exchange(text_, {});
  }
  void push(const std::string& text) {
    std::function<void()> wake;
    {
      const Lock lock(mutex_);
      text_ += text;
      ended_ = text == "end";
      wake = wake_;
    }
    if (wake) wake();
  }

 private:
  Mutex mutex_;
  std::string text_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  std::function<void()> wake_ GUARDED_BY(mutex_);
};

Result<EchoOut> echo(const CallContext& ctx, const EchoIn& in) {
  const auto end = Steady::now() + std::chrono::milliseconds(in.sleep_ms);
  while (Steady::now() < end) {
    if (in.text != "deaf") TRACSEQ_CHECK(ctx.check());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EchoOut out;
  for (std::int64_t i = 0; i < in.repeat; ++i) out.text += in.text;
  out.actor = ctx.actor.id;
  return out;
}

Result<api::Response> count_bytes(const CallContext&, const EchoIn& in, api::Request& request) {
  std::vector<std::byte> buffer(10'000);
  std::int64_t total = 0;
  bool right = true;
  for (;;) {
    TRACSEQ_TRY(const std::size_t count, request.stream->read(buffer));
    if (count == 0) break;
    for (std::size_t i = 0; i < count; ++i)
      right = right && buffer[i] == static_cast<std::byte>((total + static_cast<std::int64_t>(i)) % 251);
    total += static_cast<std::int64_t>(count);
    if (in.text == "refuse") return fail(Code::conflict, "refused after the first piece");
    if (in.sleep_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(in.sleep_ms));
  }
  return api::Response::json(std::to_string(total) + (right ? " right" : " wrong"));
}

}  // namespace

std::vector<api::Route> test_routes() {
  using enum api::Method;
  using enum api::Effect;
  api::RouteOptions inline_io;
  inline_io.runs = api::RunsOn::immediate;
  std::vector<api::Route> routes;
  routes.push_back(api::route(get, "/api/v1/echo", "echo:read", reads, "Echo.", echo));
  routes.push_back(api::route(post, "/api/v1/echo", "echo:write", changes, "Echo.", echo));
  routes.push_back(
      api::route(get, "/api/v1/fast", "public", reads, "Echo on the I/O thread.", echo, inline_io));
  routes.push_back(api::route(post, "/v2/echo", "public", reads, "Echo.", echo));
  routes.push_back(api::stream_route(put, "/api/v1/upload", "echo:write", changes, "Count.",
                                     "application/json", count_bytes, {.body_bytes_max = 1ULL << 30}));
  routes.push_back(
      api::stream_route(get, "/api/v1/download", "public", reads, "A pattern.", "application/octet-stream",
                        [](const CallContext&, const StreamIn& in, api::Request&) -> Result<api::Response> {
                          api::Response response;
                          response.content_type = "application/octet-stream";
                          response.stream = std::make_unique<Pattern>(in.bytes, in.fail_after);
                          if (in.known_length) response.stream_length = static_cast<std::uint64_t>(in.bytes);
                          return response;
                        }));
  auto feed = std::make_shared<std::weak_ptr<TestFeed>>();
  routes.push_back(api::stream_route(
      get, "/api/v1/feed", "echo:read", reads, "A feed.", "text/event-stream",
      [feed](const CallContext&, const api::Empty&, api::Request&) -> Result<api::Response> {
        api::Response response;
        response.content_type = "text/event-stream";
        auto made = std::make_shared<TestFeed>();
        made->push(": hello\n\n");
        *feed = made;
        response.feed = std::move(made);
        return response;
      }));
  routes.push_back(api::route(post, "/api/v1/feed", "public", appends, "Fills the feed.",
                              [feed](const CallContext&, const EchoIn& in) -> Result<api::Empty> {
                                if (auto listener = feed->lock())
                                  listener->push(in.text);
                                else
                                  return fail(Code::not_found, "nobody listens");
                                return api::Empty{};
                              }));
  return routes;
}

TestServer::TestServer(ServerOptions options, Authenticator* authenticator)
    : router_(metrics_), trust_([] {
        Actor actor;
        actor.id = "os:tester";
        actor.permissions.insert("*");
        return actor;
      }()) {
  router_.add(test_routes());
  options.port = 0;
  server_ = std::make_unique<HttpServer>(router_, authenticator != nullptr ? *authenticator : trust_, options,
                                         metrics_);
  const auto started = server_->start();
  EXPECT_TRUE(started) << started.error().message;
}

}  // namespace tracseq::server::testing
