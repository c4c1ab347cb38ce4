// SPDX-License-Identifier: MIT
#include "base/mask.h"

#include <algorithm>

namespace tracseq {

std::string mask_password(std::string_view url) {
  std::string out(url);
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const auto start = scheme + 3;
  const auto host_end = std::min(out.find_first_of("/?", start), out.size());
  if (const auto at = out.rfind('@', host_end); at != std::string::npos && at >= start && at < host_end)
    if (const auto colon = out.find(':', start); colon < at) out.replace(colon + 1, at - colon - 1, "***");
  for (const std::string_view key : {"password=", "sslpassword="})
    for (auto found = out.find(key); found != std::string::npos; found = out.find(key, found + key.size())) {
      const char before = found > 0 ? out[found - 1] : '?';
      if (before != '?' && before != '&') continue;
      const auto value = found + key.size();
      const auto end = std::min(out.find('&', value), out.size());
      out.replace(value, end - value, "***");
    }
  return out;
}

}  // namespace tracseq
