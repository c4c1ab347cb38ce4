// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "api/http.h"

namespace tracseq::api {

// The headers a caller can announce a body's digest in: RFC 9530's two and their predecessor of RFC 3230. A
// streamed body has no content coding here, so that all three mean the same bytes.
inline constexpr std::array<std::string_view, 3> kDigestHeaders = {"content-digest", "repr-digest", "digest"};

// The SHA-256 these headers announce, in hex; empty if none is there. `invalid` names one that cannot be
// read, that has no SHA-256 (no other algorithm is checked, and none is passed over) or that says another
// than the one before.
Result<std::string> announced_digest(const Request& request);

}  // namespace tracseq::api
