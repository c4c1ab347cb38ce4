// SPDX-License-Identifier: MIT
// Private to the server: names of hosts to addresses, within a time.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace tracseq::server {

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
using SystemLookUp = std::function<boost::system::error_code(const std::string& host, const std::string& port,
                                                             Endpoints& found)>;

inline constexpr int kLookUpsMax = 32;  // under way in this process, given up ones included

// The addresses of a host; an address is its own and asks nobody. `timed_out` at the deadline. The system's
// look-up knows no deadline, so it runs on a thread of its own, which is left behind when the time is over;
// `no_buffer_space` when too many of those are left. Thread-safe. `system` is another look-up for tests.
boost::system::error_code look_up(const std::string& host, const std::string& port,
                                  Steady::time_point deadline, Endpoints& found,
                                  const SystemLookUp& system = {});

}  // namespace tracseq::server
