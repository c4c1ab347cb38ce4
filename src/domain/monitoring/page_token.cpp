// SPDX-License-Identifier: MIT
#include "domain/monitoring/page_token.h"

#include <fmt/core.h>

#include <charconv>
#include <limits>

namespace tracseq::monitoring {
namespace {

tl::unexpected<Error> bad_token() {
  return fail_field("page_token", "page_token is not one that this list gave");
}

bool read_number(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string page_token(std::int64_t time_us, std::string_view id) {
  return fmt::format("{}:{}", time_us, id);
}

Result<PagePlace> page_place(const std::string& token) {
  PagePlace place{std::numeric_limits<std::int64_t>::max(), {}};
  if (token.empty()) return place;
  const auto colon = token.find(':');
  if (colon == std::string::npos || !read_number(std::string_view(token).substr(0, colon), place.time_us))
    return bad_token();
  place.id = token.substr(colon + 1);
  if (place.id.empty()) return bad_token();
  return place;
}

Result<std::int64_t> place_number(const PagePlace& place) {
  if (place.id.empty()) return std::numeric_limits<std::int64_t>::max();
  std::int64_t number = 0;
  if (!read_number(place.id, number)) return bad_token();
  return number;
}

}  // namespace tracseq::monitoring
