// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/artifacts/store.h"

namespace tracseq::api {

struct RequestedRange {
  bool satisfiable = true;                    // false: 416
  std::optional<artifacts::ByteRange> bytes;  // nothing: the whole content
};

// One range of bytes as RFC 9110 has it, of a content of that size. Several ranges, other units and what is
// no range are passed over, which the RFC allows: the whole content is the answer.
RequestedRange requested_range(std::string_view header, std::uint64_t size);

}  // namespace tracseq::api
