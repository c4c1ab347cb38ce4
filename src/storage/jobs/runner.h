// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/context.h"
#include "base/mutex.h"
#include "storage/jobs/store.h"

namespace tracseq::jobs {

// What a running job may say. Thread-safe; nothing here waits for the database: it is written a few times a
// second, and again if the database was away. Beyond kReportLinesMax unwritten lines further ones are counted
// and named in the log instead.
class JobReporter {
 public:
  void progress(double fraction, std::string message = {});
  void log(std::string line);

 private:
  friend class JobRunner;
  struct Pending {
    std::optional<double> progress;
    std::optional<std::string> message;
    std::vector<std::string> lines;
    [[nodiscard]] bool empty() const { return !progress && !message && lines.empty(); }
  };
  Pending take();
  // What could not be written: said again with the next report, before what came meanwhile.
  void put_back(Pending unsaid);

  Mutex mutex_;
  Pending pending_ GUARDED_BY(mutex_);
  std::int64_t dropped_ GUARDED_BY(mutex_) = 0;
};

inline constexpr std::size_t kReportLinesMax = kJobLogLinesAtOnceMax - 1;

// Does the jobs of one kind. Called from several threads at once. The context is cancelled when the job is,
// when its lease was lost, or when the process stops: then `run` returns soon, with any error. Errors that
// may go away
// (`unavailable`, `deadline`, `resource_exhausted`, `storage_full`, `internal`) are tried again while
// attempts are left. A job may be run again after a crash at any point, so what it does must bear repetition.
class JobHandler {
 public:
  virtual ~JobHandler() = default;
  virtual Result<Json> run(const CallContext& ctx, const Job& job, JobReporter& reporter) = 0;
};

// A worker in this process: claims jobs of the kinds it has handlers for, on a bounded number of threads.
// Lifecycle: handlers are added, then `start`, then `stop` (also by the destructor). Store and handlers
// outlive it.
class JobRunner {
 public:
  struct Options {
    std::string worker;  // named in the jobs; unique per process
    int threads = 2;
    std::chrono::seconds lease{30};       // extended every third of it
    std::chrono::milliseconds poll{200};  // how often other processes' work is looked for
    std::chrono::milliseconds report_every{200};
    std::chrono::milliseconds look_every{500};  // how soon a cancellation is seen
    CallContext context;                        // who works; request ids are the jobs'
  };
  JobRunner(JobStore& store, Options options) : store_(store), options_(std::move(options)) {}
  ~JobRunner();

  void add(const std::string& kind, JobHandler& handler);
  void start();
  // Claims nothing more, lets running jobs end for `grace`, then cancels them and gives them back to the
  // queue. Returns when all threads have ended.
  void stop(std::chrono::milliseconds grace);
  // Running now.
  [[nodiscard]] int busy() const;

 private:
  struct Running {
    JobLease lease;
    std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
    JobReporter reporter;
    Steady::time_point beat_at;              // the lease's next extension
    Steady::time_point look_at;              // the next look for a cancellation
    std::atomic<Steady::rep> held_until{0};  // the lease, by this process's own clock
    std::atomic<bool> lost{false};           // the lease
    Mutex flushing;                          // one report at a time, so that lines keep their order
    CallContext ctx;
  };

  void work();
  void run(const ClaimedJob& claimed);
  void finish(Running& running, const Result<Json>& outcome);
  Result<Job> write_end(Running& running, const Result<Json>& outcome);
  [[nodiscard]] bool may_wait(const Running& running) const;
  void pump();
  void tend(Running& running);
  Result<void> flush(Running& running);

  JobStore& store_;
  const Options options_;
  std::map<std::string, JobHandler*> handlers_;  // constant after start
  std::vector<std::string> kinds_;
  std::vector<std::thread> workers_;
  std::thread pump_;
  mutable Mutex mutex_;
  std::condition_variable_any ended_;
  std::list<std::shared_ptr<Running>> running_ GUARDED_BY(mutex_);
  std::atomic<bool> stopping_{false};
  std::atomic<bool> cut_{false};  // the grace is over: what ends now was cut short
  std::atomic<bool> pump_stopping_{false};
};

}  // namespace tracseq::jobs
