// SPDX-License-Identifier: MIT
#include "api/byte_range.h"

#include <algorithm>
#include <charconv>

namespace tracseq::api {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

RequestedRange requested_range(std::string_view header, std::uint64_t size) {
  if (!header.starts_with("bytes=")) return {};
  header.remove_prefix(6);
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return {};
  const std::string_view first_text = header.substr(0, dash);
  const std::string_view last_text = header.substr(dash + 1);
  if (first_text.empty()) {
    const auto suffix = number(last_text);
    if (!suffix) return {};
    if (*suffix == 0 || size == 0) return {false, {}};
    const std::uint64_t length = std::min(*suffix, size);
    return {true, artifacts::ByteRange{size - length, length}};
  }
  const auto first = number(first_text);
  const auto last = last_text.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : number(last_text);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {false, {}};
  return {true, artifacts::ByteRange{*first, std::min(*last, size - 1) - *first + 1}};
}

}  // namespace tracseq::api
