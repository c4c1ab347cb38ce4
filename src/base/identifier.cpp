// SPDX-License-Identifier: MIT
#include "base/identifier.h"

#include <fmt/core.h>

#include <cctype>

#include "base/utf8.h"

namespace tracseq {
namespace {

constexpr std::size_t kShownBytesMax = 120;

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
    const Utf8Character character = first_utf8_character(text.substr(i));
    if (character.bytes == 0) return "is not UTF-8";
    // C1 controls are control characters too.
    if (character.code >= 0x80 && character.code < 0xA0) return "holds a control character";
    i += character.bytes;
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
