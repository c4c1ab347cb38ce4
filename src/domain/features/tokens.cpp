// SPDX-License-Identifier: MIT
#include "domain/features/tokens.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/utf8.h"
#include "domain/features/unicode_tables.h"

namespace tracseq::features {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::uint32_t kCapitalSigma = 0x3A3;
constexpr std::uint32_t kFinalSigma = 0x3C2;
constexpr std::uint32_t kSigma = 0x3C3;
constexpr std::uint32_t kCapitalIWithDot =
    0x130;  // the one character whose lower case is two: i and a dot above
constexpr std::uint32_t kDotAbove = 0x307;

bool contains(std::span<const CodeRange> ranges, std::uint32_t code) noexcept {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), code,
                                      [](std::uint32_t c, const CodeRange& r) { return c < r.first; });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

bool is_word(std::uint32_t code) noexcept {
  if (code < 0x80)
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') ||
           code == '_';
  return contains(word_ranges(), code);
}

std::uint32_t lower_of(std::uint32_t code) noexcept {
  const auto runs = lower_runs();
  const auto after = std::upper_bound(runs.begin(), runs.end(), code,
                                      [](std::uint32_t c, const LowerRun& r) { return c < r.first; });
  if (after == runs.begin()) return code;
  const LowerRun& run = *std::prev(after);
  if (code > run.last || (code - run.first) % run.stride != 0) return code;
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(code) + run.delta);
}

// The character at `at`, moving `at` behind it; kReplacement for a broken sequence, of which one byte is
// passed.
std::uint32_t decode(std::string_view text, std::size_t& at) noexcept {
  const Utf8Character character = first_utf8_character(text.substr(at));
  at += character.bytes == 0 ? 1 : character.bytes;
  return character.bytes == 0 ? kReplacement : character.code;
}

void encode(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// Whether the next character that is not passed over is cased.
bool cased_follows(std::string_view text, std::size_t at) noexcept {
  while (at < text.size()) {
    const std::uint32_t code = decode(text, at);
    if (!contains(ignorable_ranges(), code)) return contains(cased_ranges(), code);
  }
  return false;
}

}  // namespace

void lower_text(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size());
  bool cased_before = false;  // the last character that is not passed over is cased
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {  // the usual case
      const bool capital = first >= 'A' && first <= 'Z';
      out.push_back(static_cast<char>(capital ? first + 32 : first));
      ++at;
      if (capital || (first >= 'a' && first <= 'z'))
        cased_before = true;
      else if (!contains(ignorable_ranges(), first))
        cased_before = false;
      continue;
    }
    const std::uint32_t code = decode(text, at);
    if (code == kCapitalSigma) {
      encode(cased_before && !cased_follows(text, at) ? kFinalSigma : kSigma, out);
    } else if (code == kCapitalIWithDot) {
      out.push_back('i');
      encode(kDotAbove, out);
    } else {
      encode(lower_of(code), out);
    }
    if (!contains(ignorable_ranges(), code)) cased_before = contains(cased_ranges(), code);
  }
}

void each_token(std::string_view text, FunctionRef<void(std::string_view)> visit) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    std::size_t end = at;
    std::size_t characters = 0;
    while (at < text.size()) {
      const std::uint32_t code = decode(text, at);
      if (!is_word(code)) break;
      end = at;
      ++characters;
    }
    if (characters >= 2) visit(text.substr(start, end - start));
  }
}

}  // namespace tracseq::features
