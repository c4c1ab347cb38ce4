// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq::server {

// The bytes in gzip's format.
std::string gzip(std::string_view bytes);
// What a gzip body holds. `too_large` beyond `bytes_max`, found while unpacking, so that a bomb costs no more
// than that; `invalid` for a damaged or truncated one and for anything after its end.
Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);
// The same for the Content-Encoding "deflate", which is zlib's format.
Result<std::string> inflate_zlib(std::string_view bytes, std::size_t bytes_max);

}  // namespace tracseq::server
