// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/live_table.h"

#include <set>

namespace tracseq::deployment::gateway {

void LiveTable::apply(const TrafficTable& table) {
  std::set<std::string_view> names;
  const Lock lock(mutex_);
  for (const TrafficRoute& route : table.routes) {
    names.insert(route.service_name);
    Entry& entry = entries_[route.service_name];
    if (!entry.slot) entry.slot = std::make_shared<RouteSlot>(route.service_name, limits_);
    std::string text = to_json(route);
    if (entry.as_applied == text) continue;
    entry.slot->put(route);
    entry.as_applied = std::move(text);
  }
  std::erase_if(entries_, [&](const auto& item) { return !names.contains(item.first); });
}

std::vector<std::shared_ptr<RouteSlot>> LiveTable::slots() const {
  const Lock lock(mutex_);
  std::vector<std::shared_ptr<RouteSlot>> slots;
  for (const auto& [name, entry] : entries_) slots.push_back(entry.slot);
  return slots;
}

std::vector<RouteState> LiveTable::take_states() {
  std::vector<RouteState> states;
  for (const auto& slot : slots()) states.push_back(slot->take_state());
  return states;
}

void LiveTable::note_ports(TrafficTable& table) const {
  const Lock lock(mutex_);
  for (TrafficRoute& route : table.routes)
    if (const auto found = entries_.find(route.service_name); found != entries_.end() && route.port == 0)
      route.port = found->second.slot->port();
}

}  // namespace tracseq::deployment::gateway
