// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace tracseq::log {

enum class Level { debug, info, warning, error };

// One named value of a log line.
struct Field {
  std::string_view key;
  std::variant<std::int64_t, double, bool, std::string_view> value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, int v) : key(k), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view k, std::int64_t v) : key(k), value(v) {}
  Field(std::string_view k, std::size_t v) : key(k), value(static_cast<std::int64_t>(v)) {}
};
using Fields = std::initializer_list<Field>;

inline constexpr std::size_t kLineBytesMax = 4'096;  // what a pipe takes whole; longer texts are cut

// Writes one JSON line to standard error: time, level, event, the request id of the thread's Scope, the
// fields. Lines are written whole; text is escaped, so input cannot forge a line. A reader that does not read
// costs lines, never the caller's time: they are counted, and the next line that gets through is preceded by
// a "log.lost" with their number. Thread-safe, never throws.
void write(Level level, std::string_view event, Fields fields = {}) noexcept;

inline void debug(std::string_view event, Fields fields = {}) noexcept { write(Level::debug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) noexcept { write(Level::info, event, fields); }
inline void warning(std::string_view event, Fields fields = {}) noexcept {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) noexcept { write(Level::error, event, fields); }

// Lines below this level are dropped; `info` at start. Thread-safe.
void set_level(Level level) noexcept;
Level level() noexcept;

// Lines lost since the start. Thread-safe.
std::uint64_t lost() noexcept;

// Puts a request id on every line this thread writes while the scope lives. Scopes nest.
class Scope {
 public:
  explicit Scope(std::string_view request_id);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  std::string previous_;
};

}  // namespace tracseq::log
