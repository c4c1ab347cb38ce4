// SPDX-License-Identifier: MIT
// The table a gateway is sent and keeps on disk, and what callers name in headers.
// Built with: domain/deployment/traffic.cpp domain/deployment/gateway/counter.cpp
// Built with: domain/deployment/gateway/health.cpp domain/deployment/gateway/live_route.cpp
// Built with: domain/deployment/gateway/live_table.cpp domain/deployment/gateway/retry_budget.cpp
// Built with: domain/deployment/gateway/split.cpp domain/deployment/gateway/table_text.cpp
#include <cstdint>
#include <string_view>

#include "domain/deployment/gateway/live_table.h"
#include "domain/deployment/gateway/table_text.h"

using namespace tracseq::deployment;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto table = gateway::read_table(text);
  if (!table) return 0;
  gateway::LiveTable live;
  live.apply(*table);
  for (const auto& slot : live.slots()) {
    const auto route = slot->current();
    const auto key = gateway::target_of_key(route->shares, text.substr(0, 16));
    const auto named = gateway::target_named(route->shares, text.substr(0, 16));
    const auto at = gateway::target_at(route->shares, 0.5);
    for (const auto& one : {key, named, at})
      if (one && *one >= route->targets.size()) __builtin_trap();
  }
  return 0;
}
