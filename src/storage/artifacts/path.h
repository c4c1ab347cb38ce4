// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq::artifacts {

inline constexpr std::size_t kSegmentBytesMax = 250;
inline constexpr std::size_t kPathBytesMax = 1000;

// Whether a text may be an artifact's path: segments joined by "/", in UTF-8. Refused are empty segments (so
// also a leading, trailing or doubled "/"), segments that are "." or begin with "..", backslashes, control
// characters, NUL, a percent sign before two hex digits (a name that is still encoded), a first segment that
// ends in ":" (drive letters, URL schemes) and anything longer than the two limits. Content never lies under
// these names in layout `blob`; they are checked because clients write them to their own disks and layout
// `tree` to ours. `invalid` names the field, the path and what is wrong.
Result<void> check_artifact_path(std::string_view field, std::string_view path);

// The same for a prefix to list: empty means all, one trailing "/" is allowed.
Result<void> check_artifact_prefix(std::string_view field, std::string_view prefix);

// The last segment.
std::string_view file_name(std::string_view path) noexcept;

// A content type that a browser only shows and never runs, from the name's extension;
// `application/octet-stream` where there is none. HTML, SVG, XML and scripts are text/plain.
std::string safe_content_type(std::string_view path);

}  // namespace tracseq::artifacts
