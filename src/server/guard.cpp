// SPDX-License-Identifier: MIT
#include "server/guard.h"

#include <algorithm>
#include <cctype>

namespace tracseq::server {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// "localhost:8080" → "localhost", "[::1]:8080" → "[::1]".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']') + 1, host.size()));
  return host.substr(0, std::min(host.rfind(':'), host.size()));
}

bool is_own_name(std::string_view name) {
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

}  // namespace

Guard::Guard(bool loopback, std::string_view host, std::vector<std::string> allowed)
    : loopback_(loopback), host_(lower(host)) {
  if (host_.find(':') != std::string::npos && !host_.starts_with('[')) host_ = "[" + host_ + "]";
  for (const std::string& name : allowed) allowed_.push_back(lower(name));
}

bool Guard::host_known(std::string_view host) const {
  const std::string name = lower(host);
  const auto listed = [&](std::string_view text) {
    return std::find(allowed_.begin(), allowed_.end(), text) != allowed_.end();
  };
  if (listed(name) || listed(without_port(name))) return true;
  if (!loopback_ && allowed_.empty()) return true;
  return is_own_name(without_port(name)) || without_port(name) == host_;
}

bool Guard::origin_allowed(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return true;
  const std::string text = lower(origin);
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return false;
  const std::string authority = text.substr(scheme + 3);
  if (authority == lower(host)) return true;
  return std::any_of(allowed_.begin(), allowed_.end(),
                     [&](const std::string& name) { return name == authority || name == text; });
}

}  // namespace tracseq::server
