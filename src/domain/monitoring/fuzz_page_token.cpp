// SPDX-License-Identifier: MIT
// A page token that is let in is one that this list could have given.
// Built with: domain/monitoring/page_token.cpp
#include <cstdint>
#include <string>

#include "domain/monitoring/page_token.h"

using namespace tracseq::monitoring;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto place = page_place(text);
  if (!place || text.empty()) return 0;
  const auto again = page_place(page_token(place->time_us, place->id));
  TRACSEQ_ENSURE(again && again->time_us == place->time_us && again->id == place->id);
  if (const auto number = place_number(*place)) {
    const auto same = place_number({place->time_us, std::to_string(*number)});
    TRACSEQ_ENSURE(same && *same == *number);
  }
  return 0;
}
