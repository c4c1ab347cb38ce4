// SPDX-License-Identifier: MIT
#include "base/identifier.h"

#include <fmt/core.h>

#include <cctype>

namespace tracseq {
namespace {

constexpr std::size_t kShownBytesMax = 120;

// The length of the UTF-8 sequence at the front, 0 if it is none (overlong forms and surrogates included).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0) == 0x80; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool beyond = lead == 0xF4 && at(1) >= 0x90;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::string shown_name(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, kShownBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      text += c;
    else
      text += fmt::format("\\x{:02x}", byte);
  }
  return name.size() > kShownBytesMax ? text + "..." : text;
}

const char* bad_name_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return "holds a control character";
    if (text[i] == '\\') return "holds a backslash";
    const bool encoded = text[i] == '%' && i + 2 < text.size() &&
                         std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                         std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    if (encoded) return "is still percent-encoded";
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return "is not UTF-8";
    // C1 controls (U+0080 to U+009F) are control characters too.
    if (length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return "holds a control character";
    i += length;
  }
  return nullptr;
}

Result<void> check_identifier(std::string_view field, std::string_view text, std::size_t bytes_max) {
  const std::string name(field);
  if (text.empty()) return fail_field(name, fmt::format("{} is empty; it must be a name", field));
  const auto refuse = [&](std::string_view why) {
    return fail_field(name, fmt::format("{} '{}' {}", field, shown_name(text), why));
  };
  if (const char* why = bad_name_characters(text)) return refuse(why);
  if (text.find('/') != std::string_view::npos) return refuse("holds a '/'");
  if (text == ".") return refuse("is '.', which is no name in a path");
  if (text.starts_with("..")) return refuse("begins with '..'");
  if (text.size() > bytes_max) return refuse(fmt::format("is longer than {} bytes", bytes_max));
  return {};
}

}  // namespace tracseq
