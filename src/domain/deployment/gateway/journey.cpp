// SPDX-License-Identifier: MIT
#include "domain/deployment/gateway/journey.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace tracseq::deployment::gateway {
namespace {

constexpr int kLooksMax = 8;                   // at a route that changes meanwhile
constexpr std::size_t kSeatsConsidered = 128;  // at least kReplicasMax

// What says that the replica is unwell, and not the request or the model.
bool is_ill(Outcome outcome, int status) {
  return outcome != Outcome::answered || status == 502 || status == 503 || status == 504;
}

}  // namespace

Journey::~Journey() { leave(); }

Result<void> Journey::choose_target() {
  if (!wish_.target.empty()) {
    const auto named = target_named(route_->shares, wish_.target);
    if (!named)
      return fail(Code::invalid, fmt::format("'{}' has no target '{}'; known are stable, candidate, versions "
                                             "and ids of its deployments",
                                             route_->service_name, wish_.target.substr(0, 100)));
    target_ = *named;
    return {};
  }
  const auto chosen = wish_.sticky_key.empty() ? target_at(route_->shares, random_.unit())
                                               : target_of_key(route_->shares, wish_.sticky_key);
  if (!chosen)
    return fail(Code::unavailable,
                fmt::format("'{}' has no deployment that takes requests now", route_->service_name));
  target_ = *chosen;
  return {};
}

bool Journey::may_take(const Seat& seat, Steady::time_point now, bool ejected_too) const {
  return !seat.draining && seat.replica->health.usable() &&
         (ejected_too || !seat.replica->health.ejected(now)) &&
         std::find(failed_, failed_ + attempts_, seat.replica.get()) == failed_ + attempts_;
}

// The less busy of two drawn by lot: nearly as good as the least busy of all, and no herd forms. Those left
// out are asked only where there is no other.
Replica* Journey::choose_replica(std::size_t target) {
  const auto now = Steady::now();
  for (const bool ejected_too : {false, true}) {
    std::array<Replica*, kSeatsConsidered> free;
    std::size_t count = 0;
    for (const Seat& seat : route_->targets[target].seats) {
      if (count == free.size() || !may_take(seat, now, ejected_too)) continue;
      if (seat.replica->in_flight.load(std::memory_order_relaxed) < kReplicaInFlightMax)
        free[count++] = seat.replica.get();
      else
        reason_ = Reason::all_busy;
    }
    if (count == 0) continue;
    if (count == 1) return free[0];
    const std::size_t one = random_.below(count);
    const std::size_t other = (one + 1 + random_.below(count - 1)) % count;
    return free[one]->in_flight.load(std::memory_order_relaxed) <=
                   free[other]->in_flight.load(std::memory_order_relaxed)
               ? free[one]
               : free[other];
  }
  return nullptr;
}

Replica* Journey::sit(std::size_t target, Replica* replica) {
  if (target != target_) {
    count(true);  // it could not answer what fell to it
    target_ = target;
    began_ = Steady::now();
  }
  replica_ = replica;
  replica->in_flight.fetch_add(1);
  return replica;
}

Replica* Journey::enter() {
  if (Replica* replica = choose_replica(target_)) return sit(target_, replica);
  if (!wish_.target.empty()) return nullptr;
  for (const TargetRole role : {TargetRole::stable, TargetRole::candidate})
    for (std::size_t i = 0; i < route_->targets.size(); ++i) {
      if (i == target_ || route_->shares[i].role != role || route_->shares[i].weight <= 0) continue;
      if (Replica* replica = choose_replica(i)) return sit(i, replica);
    }
  return nullptr;
}

Result<Replica*> Journey::begin() {
  slot_.budget().earn();
  for (int look = 1;; ++look) {
    const std::uint64_t seen = slot_.changes();
    route_ = slot_.current();
    began_ = Steady::now();
    TRACSEQ_CHECK(choose_target());
    Replica* const replica = enter();
    if (replica == nullptr) {
      count(true);
      if (reason_ == Reason::all_busy)
        return fail(Code::resource_exhausted,
                    fmt::format("all replicas of '{}' have too many requests", route_->service_name));
      std::string why = why_unavailable(*route_, Steady::now());
      if (why.empty())
        why = fmt::format("'{}' of '{}' has no healthy replica", wish_.target, route_->service_name);
      return fail(Code::unavailable, std::move(why));
    }
    // From here on the replica's in_flight says that somebody is there. A generation that came into force
    // just before may have let this replica go already, on the word that nobody was.
    if (slot_.changes() == seen || look == kLooksMax) return replica;
    leave();
  }
}

Replica* Journey::note(Outcome outcome, int status) {
  const auto now = Steady::now();
  const bool ill = is_ill(outcome, status);
  if (replica_->health.answered(!ill, now)) eject(now);
  const bool harmless =
      outcome == Outcome::no_connection ||
      (wish_.repeatable && (outcome == Outcome::broken_off || status == 502 || status == 503));
  const bool error = outcome != Outcome::answered || status >= 500;
  failed_[attempts_++] = replica_;
  said_by_ = route_;
  said_target_ = target_;
  leave();
  if (!ill || !harmless || outcome == Outcome::timed_out || attempts_ == kAttemptsMax ||
      !slot_.budget().spend(now)) {
    count(error);
    return nullptr;
  }
  const auto fresh = slot_.current();
  if (fresh != route_) {
    const std::string& id = route_->shares[target_].deployment_id;
    const auto same = std::find_if(fresh->shares.begin(), fresh->shares.end(),
                                   [&](const Share& share) { return share.deployment_id == id; });
    if (same == fresh->shares.end()) {  // it fell to a deployment that is no longer there: as if it came now
      count(true);
      route_ = fresh;
      began_ = now;
      if (!choose_target()) return nullptr;
    } else {
      target_ = static_cast<std::size_t>(same - fresh->shares.begin());
      route_ = fresh;
    }
  }
  Replica* const next = enter();
  if (next == nullptr) count(error);
  return next;
}

void Journey::leave() {
  if (replica_ != nullptr) replica_->in_flight.fetch_sub(1);
  replica_ = nullptr;
}

void Journey::count(bool error) { route_->targets[target_].counter->count(error, Steady::now() - began_); }

// Never more than a share of a target's replicas: when all fail, it is not they who are outliers.
void Journey::eject(Steady::time_point now) {
  std::size_t all = 0;
  std::size_t out = 0;
  for (const Seat& seat : route_->targets[target_].seats) {
    if (seat.draining) continue;
    ++all;
    if (seat.replica->health.ejected(now)) ++out;
  }
  if (static_cast<double>(out + 1) <= kEjectedShareMax * static_cast<double>(all))
    replica_->health.eject(now);
}

}  // namespace tracseq::deployment::gateway
