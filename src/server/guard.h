// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tracseq::server {

// Against DNS rebinding and cross-site requests. Immutable after construction; thread-safe.
class Guard {
 public:
  // `loopback`: the server is bound to a loopback address, so only names of this machine, and `host`, what it
  // was told to listen on, are its own. Bound elsewhere a server cannot know its names: then Host is checked
  // only if `allowed` names some.
  Guard(bool loopback, std::string_view host, std::vector<std::string> allowed);

  // Whether a Host header names this server; 421 otherwise.
  [[nodiscard]] bool host_known(std::string_view host) const;
  // Whether a browser's page may send an unsafe request from `origin`: only from the server's own (same host
  // and port) or an allowed one. An empty origin comes from no browser. "null" never may.
  [[nodiscard]] bool origin_allowed(std::string_view origin, std::string_view host) const;

 private:
  bool loopback_;
  std::string host_;                  // lower case, an IPv6 address in brackets
  std::vector<std::string> allowed_;  // lower case
};

}  // namespace tracseq::server
