// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "domain/deployment/gateway/live_route.h"
#include "domain/deployment/traffic.h"

namespace tracseq::deployment::gateway {

// The routes of a gateway. Thread-safe.
class LiveTable {
 public:
  explicit LiveTable(HealthLimits limits = {}) : limits_(limits) {}

  // Brings the routes in line with the table: changed ones go over to their new generation at once, each in
  // one step; those that are not in it are let go of.
  void apply(const TrafficTable& table);
  // In order of name.
  [[nodiscard]] std::vector<std::shared_ptr<RouteSlot>> slots() const;
  // The state of every route; counts are given once.
  [[nodiscard]] std::vector<RouteState> take_states();
  // Of the routes in the table, the ports taken: what a gateway needs to be found again after a restart.
  void note_ports(TrafficTable& table) const;

 private:
  struct Entry {
    std::shared_ptr<RouteSlot> slot;
    std::string as_applied;  // JSON of the route: what has not changed is left alone
  };
  const HealthLimits limits_;
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::deployment::gateway
