// SPDX-License-Identifier: MIT
#include "server/http_url.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracseq::server {

Result<HttpUrl> parse_http_url(std::string_view url) {
  HttpUrl target;
  target.url = url;
  const auto refuse = [&] {
    return fail_field(
        "url", fmt::format("'{}' is no server address; it must be http://host:port or https://host:port",
                           url.substr(0, 200)));
  };
  // Any of these would end the line of a header.
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return refuse();
  target.secure = url.starts_with("https://");
  if (!target.secure && !url.starts_with("http://")) return refuse();
  std::string_view rest = url.substr(target.secure ? 8 : 7);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  target.base = rest.substr(slash);
  while (target.base.ends_with('/')) target.base.pop_back();
  target.authority = rest.substr(0, slash);
  const std::string_view authority = target.authority;
  if (authority.empty() || authority.find_first_of("@?#") != std::string_view::npos) return refuse();
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return refuse();
  const std::size_t colon = authority.find(':', bracket);
  target.host =
      bracket > 0 ? authority.substr(1, bracket - 1) : authority.substr(0, std::min(colon, authority.size()));
  target.port = colon == std::string_view::npos ? (target.secure ? "443" : "80")
                                                : std::string(authority.substr(colon + 1));
  if (target.host.empty() || target.port.empty() ||
      target.port.find_first_not_of("0123456789") != std::string::npos)
    return refuse();
  return target;
}

}  // namespace tracseq::server
