// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq::monitoring {

// Where a list sorted by time and id, newest first, goes on: behind this row. Without a token: from the end
// of time.
struct PagePlace {
  std::int64_t time_us = 0;
  std::string id;
};
std::string page_token(std::int64_t time_us, std::string_view id);
// `invalid` for a text that no list gave.
Result<PagePlace> page_place(const std::string& token);
// The id of a place as a number, for rows with integer ids.
Result<std::int64_t> place_number(const PagePlace& place);

}  // namespace tracseq::monitoring
