// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq::server {

// A server's address, taken apart.
struct HttpUrl {
  bool secure = false;
  std::string host;
  std::string port;
  std::string authority;  // as in Host
  std::string base;       // path before every request's own, without a slash at its end
  std::string url;
};

// "http://host:port/base" or "https://…". `invalid` for anything else, control characters and spaces
// anywhere, names and passwords, queries and fragments.
Result<HttpUrl> parse_http_url(std::string_view url);

}  // namespace tracseq::server
