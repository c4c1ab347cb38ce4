// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "domain/deployment/gateway/counter.h"
#include "domain/deployment/gateway/health.h"
#include "domain/deployment/gateway/retry_budget.h"
#include "domain/deployment/gateway/split.h"
#include "domain/deployment/traffic.h"

namespace tracseq::deployment::gateway {

inline constexpr std::string_view kHealthPathDefault = "/health";

// A process that answers, as long as it is in any route: what is known of it survives changes of the table.
// Thread-safe.
struct Replica {
  Replica(ReplicaAddress where, HealthLimits limits);
  const std::string replica_id;
  const std::string host;
  const std::uint16_t port;
  const std::uint64_t serial;  // of this object, never given twice: addresses and ports may be
  ReplicaHealth health;
  std::atomic<std::int64_t> in_flight{0};
};

// A replica in a route. Immutable.
struct Seat {
  std::shared_ptr<Replica> replica;
  bool draining = false;
};

// A target of a route. Immutable, but for what the pointers lead to.
struct LiveTarget {
  std::vector<Seat> seats;
  std::shared_ptr<TargetCounter> counter;
  std::string answer_fields;  // "x-tracseq-version: …\r\nx-tracseq-deployment: …\r\n"
};

// One generation of a route. Immutable; a request holds the one it began with.
struct LiveRoute {
  std::string service_name;
  std::string health_path;
  std::int64_t generation = 0;
  std::vector<Share> shares;  // of the targets, in their order
  std::vector<LiveTarget> targets;
};

// Why a route would answer 503 now; empty: a replica is there that may be given requests.
std::string why_unavailable(const LiveRoute& route, Steady::time_point now);

// A route over its generations: what is in force, and the port it has. Thread-safe.
class RouteSlot {
 public:
  RouteSlot(std::string service_name, HealthLimits limits);

  // Puts a generation in force at once: requests that begin from now on go by it.
  void put(const TrafficRoute& route);
  // The generation in force; never null (before `put` it has no targets).
  [[nodiscard]] std::shared_ptr<const LiveRoute> current() const;
  // Grows with every `put`.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_.load(); }
  [[nodiscard]] const std::string& service_name() const noexcept { return service_name_; }
  RetryBudget& budget() noexcept { return budget_; }

  // The port it is to have; 0: any.
  [[nodiscard]] std::int64_t wanted_port() const noexcept { return wanted_port_.load(); }
  // What became of it: the port taken, or 0 and why none could be. True if that is news.
  bool set_port(std::int64_t port, std::string error);
  [[nodiscard]] std::int64_t port() const;

  // For a report: counts since the last call are given once.
  [[nodiscard]] RouteState take_state();

 private:
  struct Retired {  // a target that left the table; its last requests may still be under way
    std::string deployment_id;
    std::shared_ptr<TargetCounter> counter;
    Steady::time_point until;
  };
  std::shared_ptr<Replica> replica_of(const LiveRoute& before, const ReplicaAddress& where) const;
  void retire(const LiveRoute& before, const LiveRoute& next) REQUIRES(mutex_);

  const std::string service_name_;
  const HealthLimits limits_;
  RetryBudget budget_;
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<std::int64_t> wanted_port_{0};
  mutable Mutex mutex_;
  std::shared_ptr<const LiveRoute> current_ GUARDED_BY(mutex_);
  std::vector<Retired> retired_ GUARDED_BY(mutex_);
  std::int64_t port_ GUARDED_BY(mutex_) = 0;
  std::string error_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::deployment::gateway
