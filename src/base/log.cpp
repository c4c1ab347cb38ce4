// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/mutex.h"

namespace tracseq::log {
namespace {

std::atomic<Level> threshold{Level::info};
thread_local std::string request_id;

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      break;
  }
  return "error";
}

constexpr std::size_t kAllOfIt = std::string_view::npos;
constexpr std::array kTextBytes{kAllOfIt, std::size_t{512}, std::size_t{64}, std::size_t{0}};

// At most `bytes` of it, characters whole.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

void append(std::string& out, const Field& field, std::size_t text_bytes = kAllOfIt) {
  out += ',';
  append_json_string(out, field.key);
  out += ':';
  if (const auto* text = std::get_if<std::string_view>(&field.value))
    append_json_string(out, cut(*text, text_bytes));
  if (const auto* flag = std::get_if<bool>(&field.value)) out += *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&field.value)) append_json_double(out, *number);
  if (const auto* integer = std::get_if<std::int64_t>(&field.value)) out += std::to_string(*integer);
}

std::string line_of(Level level, std::string_view event, Fields fields) {
  std::string line;
  for (const std::size_t text_bytes : kTextBytes) {
    line = "{\"time\":";
    append_json_string(line, format_rfc3339(now()));
    append(line, {"level", name(level)});
    append(line, {"event", event});
    if (!request_id.empty()) append(line, {"request_id", request_id}, text_bytes);
    for (const Field& field : fields) append(line, field, text_bytes);
    line += "}\n";
    if (line.size() <= kLineBytesMax) break;
  }
  return line;
}

Mutex writing;  // no other thread may take the room between asking for it and using it
std::atomic<std::uint64_t> lost_lines{0};
std::uint64_t lost_told GUARDED_BY(writing) = 0;

// A pipe that can be written to at all takes kLineBytesMax without waiting (PIPE_BUF).
static_assert(kLineBytesMax <= PIPE_BUF);
bool has_room() {
  pollfd target{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&target, 1, 0) == 1 && (target.revents & POLLOUT) != 0;
}

// One write per line keeps lines of several processes whole.
bool put(std::string_view line) {
  return has_room() && ::write(STDERR_FILENO, line.data(), line.size()) == std::ssize(line);
}

void put_or_count(std::string_view line) {
  const Lock lock(writing);
  if (const std::uint64_t lost = lost_lines.load() - lost_told; lost > 0) {
    if (put(line_of(Level::warning, "log.lost", {{"lines", static_cast<std::int64_t>(lost)}})))
      lost_told += lost;
  }
  if (!put(line)) lost_lines.fetch_add(1);
}

}  // namespace

void write(Level level, std::string_view event, Fields fields) noexcept {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  try {
    put_or_count(line_of(level, event, fields));
  } catch (...) {  // no memory for a log line is no reason to fail the work it tells of
    lost_lines.fetch_add(1);
  }
}

std::uint64_t lost() noexcept { return lost_lines.load(); }

void set_level(Level level) noexcept { threshold.store(level, std::memory_order_relaxed); }
Level level() noexcept { return threshold.load(std::memory_order_relaxed); }

Scope::Scope(std::string_view id) : previous_(std::move(request_id)) { request_id = id; }
Scope::~Scope() { request_id = std::move(previous_); }

}  // namespace tracseq::log
