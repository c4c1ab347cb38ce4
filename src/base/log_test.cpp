// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace tracseq::log {
namespace {

// Standard error is a pipe while it lives.
class Captured {
 public:
  Captured() : saved_(::dup(STDERR_FILENO)) {
    EXPECT_EQ(::pipe2(pipe_.data(), O_CLOEXEC), 0);
    ::dup2(pipe_[1], STDERR_FILENO);
  }
  ~Captured() {
    ::dup2(saved_, STDERR_FILENO);
    for (const int file : {saved_, pipe_[0], pipe_[1]}) ::close(file);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  // What has been written so far.
  std::string text() {
    std::string all;
    pollfd source{pipe_[0], POLLIN, 0};
    while (::poll(&source, 1, 0) == 1) {
      std::array<char, 8'192> bytes{};
      const auto count = ::read(pipe_[0], bytes.data(), bytes.size());
      if (count <= 0) break;
      all.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
  std::vector<Json> lines() {
    std::vector<Json> out;
    const std::string all = text();
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at);
      const auto line = parse_json(all.substr(at, end - at));
      EXPECT_TRUE(line) << all.substr(at, end - at);
      if (line) out.push_back(*line);
      if (end == std::string::npos) break;
      at = end + 1;
    }
    return out;
  }

 private:
  int saved_;
  std::array<int, 2> pipe_{};
};

std::string text_of(const Json& line, const char* key) {
  const Json* value = line.find(key);
  return value != nullptr ? value->string_or("not a text") : "absent";
}

TEST(Log, ALineIsOneJsonObjectWithTypedFields) {
  Captured captured;
  warning("disk.low", {{"path", "/data"}, {"free", std::int64_t{7}}, {"share", 0.5}, {"full", false}});
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(parse_rfc3339(text_of(lines[0], "time")));
  EXPECT_EQ(text_of(lines[0], "level"), "warning");
  EXPECT_EQ(text_of(lines[0], "event"), "disk.low");
  EXPECT_EQ(text_of(lines[0], "path"), "/data");
  EXPECT_EQ(*lines[0].find("free"), Json(7));
  EXPECT_EQ(*lines[0].find("share"), Json(0.5));
  EXPECT_EQ(*lines[0].find("full"), Json(false));
  EXPECT_EQ(lines[0].find("request_id"), nullptr);
}

TEST(Log, LinesBelowTheLevelAreDropped) {
  Captured captured;
  debug("quiet");
  set_level(Level::debug);
  debug("loud");
  set_level(Level::info);
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(text_of(lines[0], "event"), "loud");
}

TEST(Log, AScopePutsItsRequestOnTheLinesOfItsThread) {
  Captured captured;
  {
    const Scope outer("r1");
    info("a");
    {
      const Scope inner("r2");
      info("b");
    }
    info("c");
    std::thread([] { info("d"); }).join();
  }
  info("e");
  std::string seen;
  for (const Json& line : captured.lines())
    seen += text_of(line, "event") + "=" + text_of(line, "request_id") + " ";
  EXPECT_EQ(seen, "a=r1 b=r2 c=r1 d=absent e=absent ");
}

TEST(Log, TextCannotForgeALine) {
  Captured captured;
  const std::string evil = "x\"}\n{\"level\":\"error\"}\r\t\\\x01";
  info("evil", {{"text", evil}});
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(text_of(lines[0], "text"), evil);
}

TEST(Log, ALongTextIsCutBetweenCharacters) {
  Captured captured;
  std::string text = "x";
  while (text.size() < 20'000) text += "é";
  info("long", {{"text", text}, {"kept", "short"}});
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(text_of(lines[0], "kept"), "short");
  const std::string cut = text_of(lines[0], "text");
  EXPECT_GT(cut.size(), 100U);
  EXPECT_LE(cut.size(), kLineBytesMax);
  EXPECT_TRUE(is_utf8(cut));
  EXPECT_TRUE(text.starts_with(cut));
}

// A reader that has gone to sleep: the writers go on, and what was lost is told once it reads again.
TEST(Log, AFullPipeCostsLinesAndNotTheCaller) {
  Captured captured;
  const std::uint64_t before = lost();
  const std::string text(1'000, 'x');
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t)
    writers.emplace_back([&] {
      for (int i = 0; i < 100; ++i) info("fill", {{"text", text}});
    });
  for (std::thread& writer : writers) writer.join();
  const std::uint64_t gone = lost() - before;
  EXPECT_GT(gone, 100U);
  const std::size_t kept = captured.lines().size();
  EXPECT_EQ(kept + gone, 400U);
  info("after");
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(text_of(lines[0], "event"), "log.lost");
  EXPECT_EQ(*lines[0].find("lines"), Json(static_cast<std::int64_t>(gone)));
  EXPECT_EQ(text_of(lines[1], "event"), "after");
  info("once");
  EXPECT_EQ(captured.lines().size(), 1U);
}

}  // namespace
}  // namespace tracseq::log
