// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/context.h"
#include "base/mutex.h"
#include "storage/sql/lease.h"

namespace tracseq::api {

// Which thread of the driver runs a step: what is promised within seconds never waits for a long clean-up.
enum class Lane { prompt, patient };

// A small, idempotent piece of work that is done again and again: a reconciler's step, an expiry, a
// sequencing. `run` returns how much it did; 0 means nothing was to be done. Its context is cancelled when
// the driver stops, steps back or has lost its lease: then it returns soon, with any error. What must not be
// done by one who lost the lease without noticing is fenced with it (sql::Leases::check).
struct DriverStep {
  std::string name;
  std::chrono::milliseconds interval;
  std::function<Result<std::int64_t>(const CallContext&, const sql::Lease&)> run;
  // What a full batch is: a step that did at least so much has most likely left more and is run again at
  // once, other steps that are due in between. 0: never before its interval is over.
  std::int64_t batch = 0;
  Lane lane = Lane::patient;
};

// The lease lives several renewals long, so that a database that is away for a moment costs nothing.
struct DriverTimes {
  std::chrono::milliseconds lease{10'000};
  std::chrono::milliseconds renew{3'000};
  std::chrono::milliseconds ask{1'000};  // how often one looks who could drive, or should step back
  std::chrono::milliseconds idle_end{60'000};
};

// Drives the steps of one database, if no other process does: a lease elects one, and only its holder runs
// steps. A server announces itself with a lease of its own; a detached driver (`tracseq worker --drive`)
// looks for that announcement, lets its steps under way end, and gives the driving lease back; the server,
// which asks for it meanwhile, goes on. Three threads: one keeps the leases, one runs the prompt steps, one
// the patient ones. Lifecycle: steps and database outlive it; `start`, then `stop` (also by the destructor).
// Thread-safe.
class Driver {
 public:
  enum class Rank { detached, server };
  Driver(sql::Database& database, std::vector<DriverStep> steps, Rank rank, DriverTimes times = {});
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  void start();
  // Cancels what runs, waits for its end and gives the leases back.
  void stop();
  // Whether this process drives now.
  [[nodiscard]] bool driving() const noexcept { return driving_.load(); }
  // Whether no step has had anything to do for DriverTimes::idle_end: a detached driver ends then.
  [[nodiscard]] bool idle() const;

 private:
  // The time of one lease from its being taken to its loss or return.
  struct Term {
    sql::Lease lease;
    std::shared_ptr<std::atomic<bool>> cancelled;
  };
  using TermPtr = std::shared_ptr<const Term>;

  void keep();
  void announce();
  [[nodiscard]] bool held_by_another(const char* name);
  [[nodiscard]] bool is_stopping() const;
  [[nodiscard]] bool should_step_back();
  bool step_back();
  void hold();
  void set_term(std::optional<sql::Lease> lease);
  [[nodiscard]] TermPtr term() const;
  void work(Lane lane);
  TermPtr begin_step();
  void end_step(bool did_something);
  bool await_due(Steady::time_point time);
  [[nodiscard]] bool run_step(const DriverStep& step, const Term& term);

  sql::Leases leases_;
  const std::vector<DriverStep> steps_;
  const Rank rank_;
  const DriverTimes times_;
  const std::string holder_;
  std::optional<sql::Lease> announced_;  // only the keeper's
  Steady::time_point renew_at_{};        // only the keeper's
  std::atomic<bool> driving_{false};

  mutable Mutex mutex_;
  std::condition_variable_any changed_;  // the term, `stopping_`, `busy_`
  TermPtr term_ GUARDED_BY(mutex_);      // null: another drives, or nobody
  bool leaving_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  int busy_ GUARDED_BY(mutex_) = 0;  // steps under way
  Steady::time_point active_ GUARDED_BY(mutex_) = Steady::now();
  std::vector<std::thread> threads_;
};

}  // namespace tracseq::api
