// SPDX-License-Identifier: MIT
// Whatever parse_json accepts is written and read back as the same document, compact and canonical. What it
// refuses has a fault that can be told, what it accepts has none.
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_fault.h"
#include "base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = tracseq::parse_rfc3339(text)) {
    const auto again = tracseq::parse_rfc3339(tracseq::format_rfc3339(*time));
    TRACSEQ_ENSURE(again && again->us == time->us);
  }
  const auto parsed = tracseq::parse_json(text);
  const auto fault = tracseq::find_json_fault(text);
  if (!parsed) {
    const std::string& why = parsed.error().message;
    TRACSEQ_ENSURE(tracseq::is_utf8(why));
    TRACSEQ_ENSURE(fault || text.empty() || why.find("same key twice") != std::string::npos);
    return 0;
  }
  TRACSEQ_ENSURE(!fault);
  const std::string written = tracseq::dump_json(*parsed);
  TRACSEQ_ENSURE(tracseq::is_utf8(written));
  const auto again = tracseq::parse_json(written);
  TRACSEQ_ENSURE(again.has_value());
  // Compared as text: a NaN is not equal to itself.
  TRACSEQ_ENSURE(tracseq::dump_json(*again) == written);
  TRACSEQ_ENSURE(tracseq::canonical_json(*again) == tracseq::canonical_json(*parsed));
  return 0;
}
