// SPDX-License-Identifier: MIT
#include "storage/jobs/runner.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>

#include "base/log.h"

namespace tracseq::jobs {
namespace {

constexpr std::chrono::milliseconds kEndAgainEvery{250};

bool worth_retrying(Code code) {
  switch (code) {
    case Code::unavailable:
    case Code::deadline:
    case Code::resource_exhausted:
    case Code::storage_full:
    case Code::internal:
      return true;
    default:
      return false;
  }
}

// The database is away or full: what could not be written may be, later.
bool may_go_away(Code code) { return worth_retrying(code) && code != Code::internal; }

}  // namespace

void JobReporter::progress(double fraction, std::string message) {
  Lock lock(mutex_);
  pending_.progress = fraction;
  if (!message.empty()) pending_.message = std::move(message);
}

void JobReporter::log(std::string line) {
  Lock lock(mutex_);
  if (pending_.lines.size() < kReportLinesMax)
    pending_.lines.push_back(std::move(line));
  else
    ++dropped_;
}

JobReporter::Pending JobReporter::take() {
  Lock lock(mutex_);
  Pending taken = std::move(pending_);
  pending_ = {};
  if (dropped_ > 0)
    taken.lines.push_back(fmt::format("({} lines came too fast and were left out)", dropped_));
  dropped_ = 0;
  return taken;
}

void JobReporter::put_back(Pending unsaid) {
  Lock lock(mutex_);
  if (!pending_.progress) pending_.progress = unsaid.progress;
  if (!pending_.message) pending_.message = std::move(unsaid.message);
  std::vector<std::string> lines = std::move(unsaid.lines);
  for (std::string& line : pending_.lines) lines.push_back(std::move(line));
  if (lines.size() > kReportLinesMax) {
    dropped_ += static_cast<std::int64_t>(lines.size() - kReportLinesMax);
    lines.resize(kReportLinesMax);
  }
  pending_.lines = std::move(lines);
}

JobRunner::~JobRunner() { stop(std::chrono::milliseconds{0}); }

void JobRunner::add(const std::string& kind, JobHandler& handler) {
  TRACSEQ_ENSURE(workers_.empty());
  TRACSEQ_ENSURE(handlers_.emplace(kind, &handler).second);
  kinds_.push_back(kind);
}

void JobRunner::start() {
  TRACSEQ_ENSURE(workers_.empty() && options_.threads > 0);
  for (int i = 0; i < options_.threads; ++i) workers_.emplace_back([this] { work(); });
  pump_ = std::thread([this] { pump(); });
}

void JobRunner::stop(std::chrono::milliseconds grace) {
  if (workers_.empty()) return;
  stopping_ = true;
  store_.wake();
  {
    Lock lock(mutex_);
    ended_.wait_for(lock, grace, [&]() REQUIRES(mutex_) { return running_.empty(); });
    cut_ = true;
    for (const auto& running : running_) running->cancelled->store(true);
  }
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  pump_stopping_ = true;
  pump_.join();
}

int JobRunner::busy() const {
  Lock lock(mutex_);
  return static_cast<int>(running_.size());
}

void JobRunner::work() {
  while (!stopping_) {
    const auto claimed = store_.claim(options_.context, {options_.worker, kinds_, options_.lease});
    if (!claimed) {
      log::warning("jobs.claim_failed",
                   {{"why", claimed.error().message}, {"detail", claimed.error().detail}});
      store_.await_change(std::chrono::seconds{1});
    } else if (*claimed) {
      run(**claimed);
    } else {
      store_.await_change(options_.poll);
    }
  }
}

void JobRunner::run(const ClaimedJob& claimed) {
  const Job& job = claimed.job;
  const log::Scope scope(job.job_id);
  auto running = std::make_shared<Running>();
  running->lease = {job.job_id, claimed.token};
  running->held_until = (Steady::now() + options_.lease).time_since_epoch().count();
  running->beat_at = Steady::now() + options_.lease / 3;
  running->look_at = Steady::now() + options_.look_every;
  running->ctx = options_.context;
  running->ctx.project_id = job.project_id;
  running->ctx.request_id = job.job_id;
  running->ctx.cancelled = running->cancelled;
  {
    Lock lock(mutex_);
    if (cut_) running->cancelled->store(true);
    running_.push_back(running);
  }
  log::info("job.start", {{"job_id", job.job_id}, {"kind", job.kind}, {"attempt", job.attempt}});
  Result<Json> outcome;
  try {
    outcome = handlers_.at(job.kind)->run(running->ctx, job, running->reporter);
  } catch (const std::exception& error) {
    outcome = fail(Code::internal, "the job ended by an unexpected error", error.what());
  }
  finish(*running, outcome);
  {
    Lock lock(mutex_);
    running_.remove(running);
  }
  ended_.notify_all();
}

// The end is written whatever the job's own context says. A database that is away for a moment must not cost
// the work: the end is said again as long as the lease lasts.
void JobRunner::finish(Running& running, const Result<Json>& outcome) {
  if (!outcome && !cut_) {
    const Error& error = outcome.error();
    log::warning("job.failed", {{"job_id", running.lease.job_id},
                                {"code", code_name(error.code)},
                                {"why", error.message},
                                {"detail", error.detail}});
  }
  Result<Job> written;
  for (;;) {
    const auto said = flush(running);
    if (said || !may_go_away(said.error().code) || !may_wait(running)) {
      written = write_end(running, outcome);
      if (written || !may_go_away(written.error().code) || !may_wait(running)) break;
    }
    std::this_thread::sleep_for(kEndAgainEvery);
  }
  if (written)
    log::info("job.end", {{"job_id", running.lease.job_id}, {"state", enum_name(written->state)}});
  else
    log::warning("job.end_refused", {{"job_id", running.lease.job_id}, {"why", written.error().message}});
}

bool JobRunner::may_wait(const Running& running) const {
  return !cut_ && !running.lost && Steady::now().time_since_epoch().count() < running.held_until;
}

Result<Job> JobRunner::write_end(Running& running, const Result<Json>& outcome) {
  CallContext ctx = running.ctx;
  ctx.cancelled.reset();
  if (outcome) return store_.complete(ctx, running.lease, *outcome);
  if (cut_ && running.cancelled->load()) return store_.release(ctx, running.lease);
  return store_.fail(ctx, running.lease, outcome.error(),
                     worth_retrying(outcome.error().code) ? JobStore::Retry::yes : JobStore::Retry::no);
}

// One thread speaks for all running jobs: leases, progress, log lines, cancellation.
void JobRunner::pump() {
  while (!pump_stopping_) {
    std::vector<std::shared_ptr<Running>> all;
    {
      Lock lock(mutex_);
      all.assign(running_.begin(), running_.end());
    }
    for (const auto& running : all) tend(*running);
    std::this_thread::sleep_for(options_.report_every);
  }
}

void JobRunner::tend(Running& running) {
  if (running.lost) return;
  (void)flush(running);  // what failed is said again
  const auto time = Steady::now();
  if (time < running.look_at && time < running.beat_at) return;
  // A cancellation is seen within a second, by reading; writing is for the lease alone.
  const bool beat = time >= running.beat_at;
  const auto heard = beat ? store_.heartbeat(running.lease, options_.lease) : store_.look(running.lease);
  running.look_at = time + options_.look_every;
  if (beat && heard) running.held_until = (time + options_.lease).time_since_epoch().count();
  if (beat) running.beat_at = time + (heard ? options_.lease / 3 : std::chrono::milliseconds{500});
  if (heard && heard->cancel_requested) running.cancelled->store(true);
  if (heard || heard.error().code != Code::conflict) return;
  // Another worker has the job, or it has ended without us: what goes on here is for nothing.
  running.lost = true;
  running.cancelled->store(true);
}

Result<void> JobRunner::flush(Running& running) {
  const Lock lock(running.flushing);
  JobReporter::Pending pending = running.reporter.take();
  if (pending.empty()) return {};
  CallContext ctx = running.ctx;
  ctx.cancelled.reset();
  auto said = store_.report(ctx, running.lease, pending.progress, pending.message, pending.lines);
  if (said) return {};
  log::debug("job.report_failed", {{"job_id", running.lease.job_id}, {"why", said.error().message}});
  if (may_go_away(said.error().code)) running.reporter.put_back(std::move(pending));
  return said;
}

}  // namespace tracseq::jobs
