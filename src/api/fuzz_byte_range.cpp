// SPDX-License-Identifier: MIT
// A range that is answered lies within the content. The first two bytes are the content's size.
// Built with: api/byte_range.cpp
#include <cstdint>
#include <string_view>

#include "api/byte_range.h"
#include "base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  if (size < 2) return 0;
  const std::uint64_t content = data[0] * 256U + data[1];
  const std::string_view header(reinterpret_cast<const char*>(data) + 2, size - 2);
  for (const std::uint64_t bytes : {content, UINT64_MAX}) {
    const auto range = api::requested_range(header, bytes);
    TRACSEQ_ENSURE(range.satisfiable || !range.bytes);
    if (!range.bytes) continue;
    TRACSEQ_ENSURE(range.bytes->length > 0 && range.bytes->length <= bytes);
    TRACSEQ_ENSURE(range.bytes->offset <= bytes - range.bytes->length);
  }
  return 0;
}
