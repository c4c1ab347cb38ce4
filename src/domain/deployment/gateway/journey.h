// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/deployment/gateway/live_route.h"
#include "domain/deployment/gateway/random.h"

namespace tracseq::deployment::gateway {

inline constexpr std::int64_t kReplicaInFlightMax = 512;  // further requests wait for nobody: 503
inline constexpr int kAttemptsMax = 3;                    // of one request
inline constexpr double kEjectedShareMax = 0.5;           // of a target's replicas

// What a request asks of the split; the texts outlive the journey.
struct Wish {
  std::string_view target;      // a target by name; empty: by weight
  std::string_view sticky_key;  // requests of one key stay together; empty: one by one
  bool repeatable = false;      // sending it twice does no harm
};

enum class Outcome {
  answered,       // with a status
  no_connection,  // the replica could not be reached, nothing was sent
  broken_off,     // the connection ended before the answer did
  timed_out,
};

// One request's way through a route: which replica it is sent to, whether it is sent to another one when that
// fails, and what is counted of it. Every target it was sent to counts it once, by the last answer there: one
// whose replicas fail shows it, though another target answered in the end. A named target is the only one
// tried; else another target with a weight stands in where the chosen one has no replica left. Used by one
// thread; the slot and the random numbers outlive it.
class Journey {
 public:
  Journey(RouteSlot& slot, const Wish& wish, Random& random) : slot_(slot), wish_(wish), random_(random) {}
  ~Journey();
  Journey(const Journey&) = delete;
  Journey& operator=(const Journey&) = delete;

  // Where to send it. `invalid` for a named target that is not there, `unavailable` when no replica may be
  // given requests, `resource_exhausted` when all have too many.
  Result<Replica*> begin();
  // How it went (`status` of an answer). Another replica to send it to, or null: that was the last word.
  Replica* note(Outcome outcome, int status);
  // "x-tracseq-version: …\r\nx-tracseq-deployment: …\r\n" of the target noted last; only after `note`.
  [[nodiscard]] std::string_view answer_fields() const {
    return said_by_->targets[said_target_].answer_fields;
  }
  // Forgets this request without counting the answer that is still out: the caller went away.
  void abandon() { leave(); }

 private:
  enum class Reason { none_healthy, all_busy };
  Result<void> choose_target();
  Replica* choose_replica(std::size_t target);
  bool may_take(const Seat& seat, Steady::time_point now, bool ejected_too) const;
  // Takes a place at a replica of the target chosen, or of one that stands in; null if there is none.
  Replica* enter();
  Replica* sit(std::size_t target, Replica* replica);
  void leave();
  void count(bool error);
  void eject(Steady::time_point now);

  RouteSlot& slot_;
  const Wish wish_;
  Random& random_;
  std::shared_ptr<const LiveRoute> route_;
  std::size_t target_ = 0;
  std::shared_ptr<const LiveRoute> said_by_;  // the generation and the target of the outcome noted last
  std::size_t said_target_ = 0;
  Replica* replica_ = nullptr;  // where it is now; counted in its in_flight
  Replica* failed_[kAttemptsMax] = {};
  int attempts_ = 0;
  Reason reason_ = Reason::none_healthy;
  Steady::time_point began_;  // at this target
};

}  // namespace tracseq::deployment::gateway
