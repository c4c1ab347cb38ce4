// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace tracseq::data {

// Where the next page of a list that is newest first begins: behind this time and id.
struct PagePlace {
  std::int64_t time_us = std::numeric_limits<std::int64_t>::max();
  std::string id = "~";  // sorts behind every id

  static Result<PagePlace> from_token(const std::string& token) {
    PagePlace place;
    if (token.empty()) return place;
    const auto dot = token.find('.');
    char* end = nullptr;
    place.time_us = std::strtoll(token.c_str(), &end, 10);
    if (dot == std::string::npos || end != token.c_str() + dot)
      return fail_field("page_token", "page_token: give the next_page_token of the page before");
    place.id = token.substr(dot + 1);
    return place;
  }
  static std::string token(Timestamp time, const std::string& id) {
    return std::to_string(time.us) + "." + id;
  }
};

}  // namespace tracseq::data
