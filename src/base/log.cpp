// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <unistd.h>

#include <atomic>

#include "base/clock.h"
#include "base/json.h"

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

void append(std::string& out, const Field& field) {
  out += ',';
  append_json_string(out, field.key);
  out += ':';
  if (const auto* text = std::get_if<std::string_view>(&field.value)) append_json_string(out, *text);
  if (const auto* flag = std::get_if<bool>(&field.value)) out += *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&field.value)) append_json_double(out, *number);
  if (const auto* integer = std::get_if<std::int64_t>(&field.value)) out += std::to_string(*integer);
}

}  // namespace

void write(Level level, std::string_view event, Fields fields) noexcept {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  try {
    std::string line = "{\"time\":";
    append_json_string(line, format_rfc3339(now()));
    append(line, {"level", name(level)});
    append(line, {"event", event});
    if (!request_id.empty()) append(line, {"request_id", request_id});
    for (const Field& field : fields) append(line, field);
    line += "}\n";
    // One write per line keeps lines of several processes whole; a full pipe loses the line, never the
    // caller.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  } catch (...) {  // no memory for a log line is no reason to fail the work it tells of
    constexpr std::string_view kLost = "{\"level\":\"error\",\"event\":\"a log line was lost: no memory\"}\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kLost.data(), kLost.size());
  }
}

void set_level(Level level) noexcept { threshold.store(level, std::memory_order_relaxed); }
Level level() noexcept { return threshold.load(std::memory_order_relaxed); }

Scope::Scope(std::string_view id) : previous_(std::move(request_id)) { request_id = id; }
Scope::~Scope() { request_id = std::move(previous_); }

}  // namespace tracseq::log
