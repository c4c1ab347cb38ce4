// SPDX-License-Identifier: MIT
#include "domain/registry/page_token.h"

#include <fmt/core.h>

#include <charconv>

namespace tracseq::registry {

// "<created_us>.<number>.<model_id>"
std::string page_token(const PagePlace& place) {
  return fmt::format("{}.{}.{}", place.created_us, place.number, place.model_id);
}

Result<PagePlace> page_place(const std::string& token) {
  PagePlace place;
  if (token.empty()) return place;
  const char* const end = token.data() + token.size();
  const auto first = std::from_chars(token.data(), end, place.created_us);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.' || place.created_us <= 0)
    return fail_field("page_token", "page_token is none that was given out");
  const auto second = std::from_chars(first.ptr + 1, end, place.number);
  if (second.ec != std::errc{} || second.ptr == end || *second.ptr != '.')
    return fail_field("page_token", "page_token is none that was given out");
  place.model_id.assign(second.ptr + 1, end);
  return place;
}

}  // namespace tracseq::registry
