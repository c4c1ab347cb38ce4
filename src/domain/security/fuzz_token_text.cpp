// SPDX-License-Identifier: MIT
// There is one text for each token: what is read as one is written the same.
// Built with: domain/security/token_text.cpp
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "domain/security/tokens.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto token = tracseq::security::parse_token(text))
    TRACSEQ_ENSURE(tracseq::security::format_token(*token) == text);
  return 0;
}
