// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace tracseq {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::sys_days;
using SysMicros = std::chrono::sys_time<microseconds>;

constexpr std::int64_t kMinUs =
    std::chrono::duration_cast<microseconds>(
        sys_days{std::chrono::year{1} / std::chrono::January / 1}.time_since_epoch())
        .count();
constexpr std::int64_t kMaxUs =
    std::chrono::duration_cast<microseconds>(
        sys_days{std::chrono::year{10000} / std::chrono::January / 1}.time_since_epoch())
        .count() -
    1;

// A cursor over the text; each step fails by returning nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }
  bool accept(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::optional<int> digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (done() || !std::isdigit(static_cast<unsigned char>(text_[at_]))) return std::nullopt;
      value = value * 10 + (text_[at_++] - '0');
    }
    return value;
  }
  // The fraction in microseconds; more than six digits are cut, not rounded.
  std::optional<int> fraction() {
    int value = 0;
    int count = 0;
    for (; !done() && std::isdigit(static_cast<unsigned char>(text_[at_])); ++at_, ++count)
      if (count < 6) value = value * 10 + (text_[at_] - '0');
    if (count == 0 || count > 9) return std::nullopt;
    for (; count < 6; ++count) value *= 10;
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<sys_days> scan_date(Scanner& in) {
  const auto year = in.digits(4);
  if (!year || !in.accept('-')) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.accept('-')) return std::nullopt;
  const auto day = in.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year < 1) return std::nullopt;
  return sys_days{date};
}

std::optional<microseconds> scan_time(Scanner& in) {
  const auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.accept(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  int micro = 0;
  if (in.accept(':')) {
    const auto value = in.digits(2);
    if (!value || *value > 59) return std::nullopt;
    second = *value;
    if (in.accept('.')) {
      const auto part = in.fraction();
      if (!part) return std::nullopt;
      micro = *part;
    }
  }
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{second} +
         microseconds{micro};
}

// The offset from UTC; nothing at all means UTC.
std::optional<std::chrono::minutes> scan_zone(Scanner& in) {
  if (in.done() || in.accept('Z') || in.accept('z')) return std::chrono::minutes{0};
  const bool minus = in.accept('-');
  if (!minus && !in.accept('+')) return std::nullopt;
  const auto hours = in.digits(2);
  in.accept(':');
  const auto minutes = hours ? in.digits(2) : std::nullopt;
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset{*hours * 60 + *minutes};
  return minus ? -offset : offset;
}

std::optional<Timestamp> scan(std::string_view text) {
  Scanner in{text};
  const auto date = scan_date(in);
  if (!date) return std::nullopt;
  if (in.done()) return Timestamp{std::chrono::duration_cast<microseconds>(date->time_since_epoch()).count()};
  if (!in.accept('T') && !in.accept('t') && !in.accept(' ')) return std::nullopt;
  const auto time = scan_time(in);
  if (!time) return std::nullopt;
  const auto zone = scan_zone(in);
  if (!zone || !in.done()) return std::nullopt;
  const auto us = std::chrono::duration_cast<microseconds>(date->time_since_epoch() + *time - *zone).count();
  if (us < kMinUs || us > kMaxUs) return std::nullopt;
  return Timestamp{us};
}

}  // namespace

Timestamp now() noexcept {
  return {
      std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

std::string format_rfc3339(Timestamp time) {
  const SysMicros at{microseconds{std::clamp(time.us, kMinUs, kMaxUs)}};
  const auto day = std::chrono::floor<days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<Timestamp> parse_rfc3339(std::string_view text) {
  if (const auto time = scan(text)) return *time;
  return fail(Code::invalid, fmt::format("'{}' is not a time; allowed is RFC 3339, e.g. 2026-01-31T08:30:00Z",
                                         text.substr(0, 64)));
}

}  // namespace tracseq
