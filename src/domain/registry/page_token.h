// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tracseq::registry {

// Where a list of models or versions, newest first, goes on: behind this row.
struct PagePlace {
  std::int64_t created_us = 0;  // 0: from the beginning
  std::int64_t number = 0;      // of the version; 0 in a list of models
  std::string model_id;
};
std::string page_token(const PagePlace& place);
// The beginning for an empty token; `invalid` for a text that no list gave.
Result<PagePlace> page_place(const std::string& token);

}  // namespace tracseq::registry
