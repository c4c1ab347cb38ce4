// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/context.h"
#include "storage/sql/lease.h"

namespace tracseq::api {

// A small, idempotent piece of work that is done again and again: a reconciler's step, an expiry, a
// sequencing. `run` returns how much it did; 0 means nothing was to be done.
struct DriverStep {
  std::string name;
  std::chrono::milliseconds interval;
  std::function<Result<std::int64_t>(const CallContext&)> run;
  // What a full batch is: a step that did at least so much has most likely left more and is run again at
  // once, other steps that are due in between. 0: never before its interval is over.
  std::int64_t batch = 0;
};

// Drives the steps of one database, if no other process does: the lease table elects one. A `serve` takes the
// lease over from a detached driver (`tracseq worker --drive`), which then ends. Lifecycle: steps and
// database outlive it; `start`, then `stop` (also by the destructor). Thread-safe.
class Driver {
 public:
  // Higher ranks do not wait for lower ones: a server asks a detached driver to step back by taking its
  // lease's name.
  enum class Rank { detached, server };
  Driver(sql::Database& database, std::vector<DriverStep> steps, Rank rank);
  ~Driver();

  void start();
  void stop();
  // Whether this process drives now.
  [[nodiscard]] bool driving() const noexcept { return driving_.load(); }
  // Since when no step had anything to do; steady time.
  [[nodiscard]] Steady::time_point idle_since() const noexcept {
    return Steady::time_point(Steady::duration(idle_since_.load()));
  }

 private:
  void loop();
  bool hold_lease();
  void run_due();
  [[nodiscard]] bool due_now() const;

  sql::Leases leases_;
  std::vector<DriverStep> steps_;        // constant after construction
  std::vector<Steady::time_point> due_;  // only the loop's thread
  const Rank rank_;
  const std::string holder_;
  std::optional<sql::Lease> lease_;  // only the loop's thread
  Steady::time_point renew_at_{};
  std::atomic<bool> driving_{false};
  std::atomic<Steady::rep> idle_since_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tracseq::api
