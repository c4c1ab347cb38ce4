// SPDX-License-Identifier: MIT
// What a caller writes into Host, Origin and Accept-Encoding, and what a user gives as a server's address:
// nothing foreign is taken for our own, nothing in an address ends a header's line.
// Built with: server/guard.cpp server/http_url.cpp server/header_text.cpp
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/guard.h"
#include "server/header_text.h"
#include "server/http_url.h"

namespace {

// Whether `host` is `name`, or `name` with something that can only be a port behind it.
bool names(const std::string& host, std::string_view name) {
  return host.starts_with(name) &&
         (host.size() == name.size() || host[name.size()] == ':' || name.ends_with(']'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tracseq;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });

  const server::Guard guard(true, "localhost", {"lab.example"});
  if (guard.host_known(text))
    TRACSEQ_ENSURE(names(lower, "localhost") || names(lower, "127.0.0.1") || names(lower, "[::1]") ||
                   names(lower, "lab.example"));
  if (guard.origin_allowed(text, "127.0.0.1:8080") && !text.empty())
    TRACSEQ_ENSURE(lower.ends_with("://127.0.0.1:8080") || lower.ends_with("://lab.example"));

  TRACSEQ_ENSURE(!server::takes_gzip(text) || lower.find("gzip") != std::string::npos ||
                 lower.find('*') != std::string::npos);

  for (const std::string& address : {text, "http://" + text}) {
    const auto url = server::parse_http_url(address);
    if (!url) continue;
    TRACSEQ_ENSURE(!url->host.empty() && !url->port.empty() && url->authority.find('@') == std::string::npos);
    for (const char c : url->authority + url->base)
      TRACSEQ_ENSURE(static_cast<unsigned char>(c) > ' ' && c != '\x7f');
    TRACSEQ_ENSURE(url->base.empty() || url->base.starts_with('/'));
  }
  return 0;
}
