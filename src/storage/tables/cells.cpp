// SPDX-License-Identifier: MIT
#include "storage/tables/cells.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <string>

namespace tracseq::tables {
namespace {

bool same_but_case(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Without blanks and a plus sign, which std::from_chars does not take; "+-1" is no number.
std::optional<std::string_view> digits_of(std::string_view text) noexcept {
  text = trimmed(text);
  if (!text.starts_with('+')) return text;
  text.remove_prefix(1);
  if (text.starts_with('-')) return std::nullopt;
  return text;
}

}  // namespace

std::optional<bool> boolean_cell(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 5> kTrue{"true", "t", "yes", "y", "1"};
  constexpr std::array<std::string_view, 5> kFalse{"false", "f", "no", "n", "0"};
  const auto among = [&](const auto& words) {
    return std::any_of(words.begin(), words.end(), [&](auto word) { return same_but_case(text, word); });
  };
  if (among(kTrue)) return true;
  if (among(kFalse)) return false;
  return std::nullopt;
}

std::optional<double> number_cell(std::string_view text) {
  const auto digits = digits_of(text);
  if (!digits || digits->empty()) return std::nullopt;
  double number = 0;
  const auto read = std::from_chars(digits->data(), digits->data() + digits->size(), number);
  if (read.ptr != digits->data() + digits->size()) return std::nullopt;
  if (read.ec == std::errc()) return number;
  if (read.ec != std::errc::result_out_of_range) return std::nullopt;
  // Which of the two ends it lies beyond. A program around this may have set a locale with a decimal comma.
  static const locale_t kPlain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  return ::strtod_l(std::string(*digits).c_str(), nullptr, kPlain);
}

std::optional<std::int64_t> integer_of(double number) noexcept {
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  if (!(number >= -kEnd && number < kEnd) || number != std::trunc(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> integer_cell(std::string_view text) {
  const auto digits = digits_of(text);
  if (!digits) return std::nullopt;
  std::int64_t exact = 0;
  const auto read = std::from_chars(digits->data(), digits->data() + digits->size(), exact);
  const std::string_view rest(read.ptr, static_cast<std::size_t>(digits->data() + digits->size() - read.ptr));
  const bool whole = rest.empty() || (rest.front() == '.' && rest.find_first_not_of('0', 1) == rest.npos);
  if (read.ec == std::errc() && whole) return exact;
  const auto number = number_cell(text);
  return number ? integer_of(*number) : std::nullopt;
}

std::optional<Timestamp> timestamp_cell(std::string_view text) {
  constexpr std::size_t kMinuteBytes = 16;  // 2026-01-31T12:00
  if (text.find_first_of("tz") != std::string_view::npos) return std::nullopt;
  if (text.size() > kMinuteBytes && text[kMinuteBytes] != ':') return std::nullopt;
  const auto time = parse_rfc3339(text);
  return time ? std::optional(*time) : std::nullopt;
}

bool nan_cell(std::string_view text) noexcept { return text.size() == 3 && same_but_case(text, "nan"); }

}  // namespace tracseq::tables
