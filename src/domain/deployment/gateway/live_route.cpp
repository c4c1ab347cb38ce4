// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/live_route.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracseq::deployment::gateway {
namespace {

constexpr std::chrono::minutes kRetiredKept{2};  // longer than any request takes

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Replica::Replica(ReplicaAddress where, HealthLimits limits)
    : replica_id(std::move(where.replica_id)),
      host(std::move(where.host)),
      port(static_cast<std::uint16_t>(where.port)),
      serial(next_serial()),
      health(limits) {}

std::string why_unavailable(const LiveRoute& route, Steady::time_point now) {
  std::size_t replicas = 0;
  std::size_t draining = 0;
  std::size_t ejected = 0;
  for (const LiveTarget& target : route.targets)
    for (const Seat& seat : target.seats) {
      ++replicas;
      if (seat.draining)
        ++draining;
      else if (seat.replica->health.usable() && !seat.replica->health.ejected(now))
        return {};
      else if (seat.replica->health.usable())
        ++ejected;
    }
  if (replicas == 0) return fmt::format("'{}' has no replica", route.service_name);
  return fmt::format("none of the {} replicas of '{}' is healthy ({} are ending, {} are left out)", replicas,
                     route.service_name, draining, ejected);
}

RouteSlot::RouteSlot(std::string service_name, HealthLimits limits)
    : service_name_(std::move(service_name)), limits_(limits), budget_(Steady::now()) {
  auto empty = std::make_shared<LiveRoute>();
  empty->service_name = service_name_;
  empty->health_path = kHealthPathDefault;
  current_ = std::move(empty);
}

std::shared_ptr<Replica> RouteSlot::replica_of(const LiveRoute& before, const ReplicaAddress& where) const {
  for (const LiveTarget& target : before.targets)
    for (const Seat& seat : target.seats)
      if (seat.replica->replica_id == where.replica_id && seat.replica->host == where.host &&
          seat.replica->port == where.port)
        return seat.replica;
  return std::make_shared<Replica>(where, limits_);
}

void RouteSlot::put(const TrafficRoute& route) {
  const auto before = current();
  auto next = std::make_shared<LiveRoute>();
  next->service_name = service_name_;
  next->health_path = route.health_check_path.empty() ? kHealthPathDefault : route.health_check_path;
  next->generation = route.generation;
  for (const TrafficTarget& target : route.targets) {
    next->shares.push_back({target.deployment_id, target.model_version, target.role, target.weight,
                            seed_of(target.deployment_id)});
    LiveTarget& live = next->targets.emplace_back();
    for (const ReplicaAddress& where : target.replicas)
      live.seats.push_back({replica_of(*before, where), where.draining});
    live.answer_fields = fmt::format("x-tracseq-version: {}\r\nx-tracseq-deployment: {}\r\n",
                                     target.model_version, target.deployment_id);
    const auto same = std::find_if(before->shares.begin(), before->shares.end(), [&](const Share& share) {
      return share.deployment_id == target.deployment_id;
    });
    live.counter = same == before->shares.end()
                       ? std::make_shared<TargetCounter>()
                       : before->targets[static_cast<std::size_t>(same - before->shares.begin())].counter;
  }
  wanted_port_ = route.port;
  const Lock lock(mutex_);
  retire(*before, *next);
  current_ = std::move(next);
  changes_.fetch_add(1);
}

// A target that left is counted on until what it was asked has been answered; one that comes back while it
// waits goes on with a counter of its own, both are reported.
void RouteSlot::retire(const LiveRoute& before, const LiveRoute& next) {
  for (std::size_t i = 0; i < before.targets.size(); ++i) {
    const auto& counter = before.targets[i].counter;
    const bool kept = std::any_of(next.targets.begin(), next.targets.end(),
                                  [&](const LiveTarget& target) { return target.counter == counter; });
    if (!kept) retired_.push_back({before.shares[i].deployment_id, counter, Steady::now() + kRetiredKept});
  }
}

std::shared_ptr<const LiveRoute> RouteSlot::current() const {
  const Lock lock(mutex_);
  return current_;
}

bool RouteSlot::set_port(std::int64_t port, std::string error) {
  const Lock lock(mutex_);
  const bool news = port_ != port || error_ != error;
  port_ = port;
  error_ = std::move(error);
  return news;
}

std::int64_t RouteSlot::port() const {
  const Lock lock(mutex_);
  return port_;
}

RouteState RouteSlot::take_state() {
  const auto now = Steady::now();
  const Lock lock(mutex_);
  RouteState state;
  state.service_name = service_name_;
  state.port = port_;
  state.generation = current_->generation;
  state.error = error_;
  for (std::size_t i = 0; i < current_->targets.size(); ++i) {
    const LiveTarget& target = current_->targets[i];
    state.counts.push_back(target.counter->take(current_->shares[i].deployment_id));
    for (const Seat& seat : target.seats)
      state.replicas.push_back({seat.replica->replica_id, seat.replica->health.proven(),
                                seat.replica->health.ejected(now), seat.replica->in_flight.load()});
  }
  std::erase_if(retired_, [&](Retired& one) {
    TargetCounts last = one.counter->take(one.deployment_id);
    if (last.requests > 0 && state.counts.size() < kTargetsMax) state.counts.push_back(std::move(last));
    return now > one.until;
  });
  return state;
}

}  // namespace tracseq::deployment::gateway
