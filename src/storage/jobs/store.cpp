// SPDX-License-Identifier: MIT
#include "storage/jobs/store.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/id.h"
#include "storage/jobs/rows.h"

namespace tracseq::jobs {
namespace {

constexpr std::size_t kKindBytesMax = 300;
constexpr std::size_t kErrorBytesMax = 8000;
constexpr std::int64_t kTakenBackAtOnce = 50;
constexpr std::chrono::milliseconds kWaitPoll{50};

tl::unexpected<Error> lost_lease(const JobLease& lease) {
  return tracseq::fail(
      Code::conflict,
      fmt::format("job '{}' is no longer held by this attempt; what it did is not taken", lease.job_id));
}

Result<void> check_kind(const std::string& kind) {
  if (kind.empty() || kind.size() > kKindBytesMax)
    return fail_field("kind",
                      fmt::format("kind has {} bytes; allowed are 1 to {}", kind.size(), kKindBytesMax));
  for (const char c : kind)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return fail_field("kind", "kind holds a control character");
  return {};
}

Result<void> check_spec(const JobSpec& spec) {
  TRACSEQ_CHECK(check_kind(spec.kind));
  if (dump_json(spec.payload).size() > kJobPayloadBytesMax)
    return tracseq::fail(Code::too_large,
                         fmt::format("payload is larger than {} bytes", kJobPayloadBytesMax));
  if (spec.attempts_max < 1 || spec.attempts_max > kJobAttemptsMax)
    return fail_field("attempts_max", fmt::format("attempts_max is {}; allowed are 1 to {}",
                                                  spec.attempts_max, kJobAttemptsMax));
  if (spec.backoff.count() < 0 || spec.backoff > kJobBackoffMax || spec.delay.count() < 0)
    return fail_field("backoff", "backoff and delay must not be negative; backoff at most an hour");
  return {};
}

std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  // Not in the middle of a character.
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

Timestamp after_backoff(const rows::StoredJob& stored, Timestamp time) {
  const std::int64_t most = std::chrono::microseconds(kJobBackoffMax).count();
  const auto doublings = static_cast<int>(std::clamp<std::int64_t>(stored.job.attempt - 1, 0, 30));
  const double wanted = std::ldexp(static_cast<double>(stored.backoff_us), doublings);
  return {time.us + static_cast<std::int64_t>(std::min(wanted, static_cast<double>(most)))};
}

void end(Job& job, JobState state, Timestamp time) {
  job.state = state;
  job.finished_at = time;
  job.lease_until.reset();
}

// A failure's outcome: another try, the cancellation that was asked for, or the end.
void apply_failure(rows::StoredJob& stored, const Error& error, JobStore::Retry retry, Timestamp time) {
  Job& job = stored.job;
  job.error_code = code_name(error.code);
  job.error = cut(error.message, kErrorBytesMax);
  if (job.cancel_requested_at)
    end(job, JobState::cancelled, time);
  else if (retry == JobStore::Retry::yes && job.attempt < job.attempts_max) {
    job.state = JobState::queued;
    job.run_after = after_backoff(stored, time);
    job.lease_until.reset();
  } else
    end(job, JobState::failed, time);
}

std::string_view verb_of_failure(const Job& after) {
  if (after.state == JobState::queued) return "retry";
  return after.state == JobState::cancelled ? "cancel" : "fail";
}

Digest digest_of(const std::vector<std::string>& lines, std::optional<double> progress) {
  Sha256 hash;
  if (progress) hash.update(bytes_of(fmt::format("{}\n", *progress)));
  for (const std::string& line : lines) {
    hash.update(bytes_of(line));
    hash.update(bytes_of("\n"));
  }
  return hash.finish();
}

}  // namespace

Result<Job> JobStore::write(sql::Transaction& tx, const CallContext& ctx, std::string_view verb,
                            const Job& before, const Job& after) {
  TRACSEQ_CHECK(rows::update(tx, after));
  TRACSEQ_CHECK(journal_.changed(tx, ctx, verb, &before, after));
  return after;
}

Result<Job> JobStore::enqueue(const CallContext& ctx, const JobSpec& spec) {
  auto job = database_.write([&](sql::Transaction& tx) { return enqueue(tx, ctx, spec); });
  wake();
  return job;
}

Result<Job> JobStore::enqueue(sql::Transaction& tx, const CallContext& ctx, const JobSpec& spec) {
  TRACSEQ_CHECK(check_spec(spec));
  if (spec.unique_key) {
    TRACSEQ_TRY(const auto earlier, rows::by_unique_key(tx, *spec.unique_key));
    if (earlier) return earlier->job;
  }
  if (spec.parent_id) {
    int depth = 1;
    for (std::optional<std::string> above = spec.parent_id; above; ++depth) {
      if (depth > kJobDepthMax)
        return fail_field("parent_id", fmt::format("jobs may be nested {} deep", kJobDepthMax));
      TRACSEQ_TRY(const auto parent, rows::by_id(tx, *above));
      if (!parent) return tracseq::fail(Code::not_found, fmt::format("there is no job '{}'", *above));
      if (is_final(parent->job.state) || parent->job.cancel_requested_at)
        return tracseq::fail(Code::conflict,
                             fmt::format("the parent job '{}' has ended or is being cancelled", *above));
      above = parent->job.parent_id;
    }
  }
  Job job;
  job.job_id = new_id();
  job.project_id = ctx.project_id;
  job.kind = spec.kind;
  job.payload = spec.payload;
  job.parent_id = spec.parent_id;
  job.object_type = spec.object_type;
  job.object_id = spec.object_id;
  job.priority = spec.priority;
  job.attempts_max = spec.attempts_max;
  job.created_at = now();
  job.created_by = ctx.actor.id;
  job.run_after = job.created_at + spec.delay;
  TRACSEQ_CHECK(rows::insert(tx, job, spec));
  TRACSEQ_CHECK(journal_.changed(tx, ctx, "enqueue", nullptr, job));
  return job;
}

Result<std::optional<ClaimedJob>> JobStore::claim(const CallContext& ctx, const ClaimRequest& request) {
  if (request.worker.empty() || request.worker.size() > kKindBytesMax)
    return fail_field("worker", "worker must be named, with at most 300 bytes");
  if (request.kinds.size() > kJobKindsMax)
    return fail_field("kinds",
                      fmt::format("kinds has {} items; allowed are {}", request.kinds.size(), kJobKindsMax));
  if (request.lease.count() < 1 || request.lease > kJobLeaseMax)
    return fail_field("lease", fmt::format("lease is {} s; allowed are 1 to {}", request.lease.count(),
                                           kJobLeaseMax.count()));
  // Looking is a read: idle workers take no turn from those who write.
  TRACSEQ_TRY(const bool worth, database_.read([&](sql::Session& session) -> Result<bool> {
    TRACSEQ_TRY(const bool repeated, journal_.used(session, ctx));
    if (repeated) return true;
    return rows::claimable(session, request.kinds, now());
  }));
  if (!worth) return std::optional<ClaimedJob>{};
  return once<std::optional<ClaimedJob>>(ctx, [&](sql::Transaction& tx) -> Result<std::optional<ClaimedJob>> {
    const Timestamp time = now();
    TRACSEQ_CHECK(take_back(tx, ctx, time));
    TRACSEQ_TRY(const auto taken, rows::claim(tx, request, time));
    if (!taken) return std::optional<ClaimedJob>{};
    Job before = taken->job;
    before.state = JobState::queued;
    before.attempt -= 1;
    before.lease_until.reset();
    TRACSEQ_CHECK(journal_.changed(tx, ctx, "claim", &before, taken->job));
    return ClaimedJob{taken->job, taken->token, time + request.lease};
  });
}

Result<std::int64_t> JobStore::take_back(sql::Transaction& tx, const CallContext& ctx, Timestamp time) {
  TRACSEQ_TRY(auto lost, rows::expired(tx, time, kTakenBackAtOnce));
  for (rows::StoredJob& stored : lost) {
    const Job before = stored.job;
    apply_failure(stored, {Code::unavailable, fmt::format("its worker '{}' was lost", before.worker), {}, {}},
                  Retry::yes, time);
    // Nobody waits for a lost worker to cool down.
    if (stored.job.state == JobState::queued) stored.job.run_after = time;
    TRACSEQ_CHECK(write(tx, ctx, "lose", before, stored.job));
    if (is_final(stored.job.state)) TRACSEQ_CHECK(cancel_children(tx, ctx, stored.job.job_id, 0));
  }
  return static_cast<std::int64_t>(lost.size());
}

Result<std::int64_t> JobStore::reclaim_expired(const CallContext& ctx) {
  TRACSEQ_TRY(const auto any,
              database_.read([&](sql::Session& session) { return rows::claimable(session, {}, now()); }));
  if (!any) return 0;
  TRACSEQ_TRY(const std::int64_t count,
              database_.write([&](sql::Transaction& tx) { return take_back(tx, ctx, now()); }));
  if (count > 0) wake();
  return count;
}

Result<Heartbeat> JobStore::heartbeat(const JobLease& lease, std::chrono::seconds extend_by) {
  if (extend_by.count() < 1 || extend_by > kJobLeaseMax)
    return fail_field(
        "lease", fmt::format("lease is {} s; allowed are 1 to {}", extend_by.count(), kJobLeaseMax.count()));
  return database_.write([&](sql::Transaction& tx) -> Result<Heartbeat> {
    const Timestamp until = now() + extend_by;
    TRACSEQ_TRY(const bool ours, rows::extend(tx, lease, until));
    if (!ours) return lost_lease(lease);
    TRACSEQ_TRY(const auto stored, rows::by_id(tx, lease.job_id));
    return Heartbeat{until, stored && stored->job.cancel_requested_at.has_value()};
  });
}

Result<Heartbeat> JobStore::look(const JobLease& lease) {
  TRACSEQ_TRY(const auto stored,
              database_.read([&](sql::Session& session) { return rows::by_id(session, lease.job_id); }));
  if (!stored || stored->token != lease.token || stored->job.state != JobState::running)
    return lost_lease(lease);
  return Heartbeat{stored->job.lease_until.value_or(Timestamp{}),
                   stored->job.cancel_requested_at.has_value()};
}

Result<void> JobStore::report(const CallContext& ctx, const JobLease& lease, std::optional<double> progress,
                              const std::optional<std::string>& message,
                              const std::vector<std::string>& lines) {
  if (progress && std::isnan(*progress)) return fail_field("progress", "progress is NaN; allowed is 0 to 1");
  if (lines.size() > kJobLogLinesAtOnceMax)
    return fail_field("lines",
                      fmt::format("lines has {} items; allowed are {}", lines.size(), kJobLogLinesAtOnceMax));
  if (progress) progress = std::clamp(*progress, 0.0, 1.0);
  std::vector<std::string> kept;
  for (const std::string& line : lines) {
    // PostgreSQL's text has no NUL.
    kept.push_back(cut(line, kJobLogLineBytesMax));
    std::replace(kept.back().begin(), kept.back().end(), '\0', ' ');
  }
  const auto said = message ? std::optional(cut(*message, kJobLogLineBytesMax)) : std::nullopt;
  return database_.write([&](sql::Transaction& tx) -> Result<void> {
    TRACSEQ_TRY(const auto earlier, journal_.replay(tx, ctx));
    if (earlier) return {};
    const auto count = static_cast<std::int64_t>(kept.size());
    TRACSEQ_TRY(const bool ours, rows::set_progress(tx, lease, progress, said, count));
    if (!ours) return lost_lease(lease);
    if (count > 0) {
      TRACSEQ_TRY(const auto stored, rows::by_id(tx, lease.job_id));
      TRACSEQ_CHECK(rows::add_log(tx, lease.job_id, stored->job.log_lines - count + 1, kept, now()));
    }
    constexpr bool kSaid = true;
    TRACSEQ_CHECK(journal_.remember(tx, ctx, type_info<bool>(), &kSaid));
    return journal_.appended(tx, ctx, lease.job_id, count + (progress || said ? 1 : 0),
                             digest_of(kept, progress));
  });
}

Result<Job> JobStore::complete(const CallContext& ctx, const JobLease& lease, const Json& result) {
  if (dump_json(result).size() > kJobPayloadBytesMax)
    return tracseq::fail(Code::too_large, fmt::format("result is larger than {} bytes", kJobPayloadBytesMax));
  auto done = once<Job>(ctx, [&](sql::Transaction& tx) -> Result<Job> {
    TRACSEQ_TRY(const auto stored, rows::by_id(tx, lease.job_id));
    if (!stored) return tracseq::fail(Code::not_found, fmt::format("there is no job '{}'", lease.job_id));
    if (stored->token == lease.token && stored->job.state == JobState::succeeded) return stored->job;
    if (stored->token != lease.token || stored->job.state != JobState::running) return lost_lease(lease);
    Job after = stored->job;
    end(after, JobState::succeeded, now());
    after.result = result;
    after.progress = 1;
    after.error.clear();
    after.error_code.clear();
    return write(tx, ctx, "complete", stored->job, after);
  });
  wake();
  return done;
}

Result<Job> JobStore::fail(const CallContext& ctx, const JobLease& lease, const Error& error, Retry retry) {
  auto done = once<Job>(ctx, [&](sql::Transaction& tx) -> Result<Job> {
    TRACSEQ_TRY(auto stored, rows::by_id(tx, lease.job_id));
    if (!stored) return tracseq::fail(Code::not_found, fmt::format("there is no job '{}'", lease.job_id));
    const bool ended = stored->job.state == JobState::failed || stored->job.state == JobState::cancelled;
    if (stored->token == lease.token && ended) return stored->job;
    if (stored->token != lease.token || stored->job.state != JobState::running) return lost_lease(lease);
    const Job before = stored->job;
    apply_failure(*stored, error, retry, now());
    TRACSEQ_TRY(Job after, write(tx, ctx, verb_of_failure(stored->job), before, stored->job));
    if (is_final(after.state)) TRACSEQ_CHECK(cancel_children(tx, ctx, after.job_id, 0));
    return after;
  });
  wake();
  return done;
}

Result<Job> JobStore::release(const CallContext& ctx, const JobLease& lease) {
  auto done = once<Job>(ctx, [&](sql::Transaction& tx) -> Result<Job> {
    TRACSEQ_TRY(const auto stored, rows::by_id(tx, lease.job_id));
    if (!stored || stored->token != lease.token || stored->job.state != JobState::running)
      return lost_lease(lease);
    Job after = stored->job;
    const Timestamp time = now();
    if (after.cancel_requested_at) {
      end(after, JobState::cancelled, time);
    } else {
      after.state = JobState::queued;
      after.attempt -= 1;
      after.run_after = time;
      after.lease_until.reset();
    }
    return write(tx, ctx, "release", stored->job, after);
  });
  wake();
  return done;
}

Result<Job> JobStore::cancel(const CallContext& ctx, const std::string& job_id) {
  auto done = once<Job>(ctx, [&](sql::Transaction& tx) { return cancel(tx, ctx, job_id); });
  wake();
  return done;
}

Result<Job> JobStore::cancel(sql::Transaction& tx, const CallContext& ctx, const std::string& job_id) {
  TRACSEQ_TRY(const auto stored, rows::by_id(tx, job_id));
  if (!stored) return tracseq::fail(Code::not_found, fmt::format("there is no job '{}'", job_id));
  const Job& before = stored->job;
  if (is_final(before.state) || before.cancel_requested_at) return before;
  Job after = before;
  const Timestamp time = now();
  after.cancel_requested_at = time;
  if (before.state == JobState::queued) end(after, JobState::cancelled, time);
  TRACSEQ_TRY(Job written, write(tx, ctx, "cancel", before, after));
  TRACSEQ_CHECK(cancel_children(tx, ctx, job_id, 0));
  return written;
}

Result<void> JobStore::cancel_children(sql::Transaction& tx, const CallContext& ctx,
                                       const std::string& job_id, int depth) {
  if (depth >= kJobDepthMax) return {};
  TRACSEQ_TRY(const auto children, rows::children(tx, job_id));
  for (const Job& child : children) {
    if (is_final(child.state) || child.cancel_requested_at) continue;
    Job after = child;
    const Timestamp time = now();
    after.cancel_requested_at = time;
    if (child.state == JobState::queued) end(after, JobState::cancelled, time);
    TRACSEQ_CHECK(write(tx, ctx, "cancel", child, after));
    TRACSEQ_CHECK(cancel_children(tx, ctx, child.job_id, depth + 1));
  }
  return {};
}

Result<Job> JobStore::get(const std::string& job_id) {
  return database_.read([&](sql::Session& session) { return get(session, job_id); });
}

Result<Job> JobStore::get(sql::Session& session, const std::string& job_id) {
  TRACSEQ_TRY(const auto stored, rows::by_id(session, job_id));
  if (!stored) return tracseq::fail(Code::not_found, fmt::format("there is no job '{}'", job_id));
  return stored->job;
}

Result<JobPage> JobStore::list(const JobFilter& filter) {
  if (filter.limit < 1 || filter.limit > kJobsListedMax)
    return fail_field("limit", fmt::format("limit is {}; allowed are 1 to {}", filter.limit, kJobsListedMax));
  if (!filter.page_token.empty() && !is_id(filter.page_token))
    return fail_field("page_token", "page_token is none that was given out");
  if (filter.object_id.empty() != filter.object_type.empty())
    return fail_field("object_id", "object_type and object_id go together");
  JobPage page;
  TRACSEQ_TRY(page.items, database_.read([&](sql::Session& session) { return rows::list(session, filter); }));
  if (page.items.size() > static_cast<std::size_t>(filter.limit)) {
    page.items.pop_back();
    page.next_page_token = page.items.back().job_id;
  }
  return page;
}

Result<JobLogPage> JobStore::logs(const std::string& job_id, std::int64_t after, std::int64_t limit) {
  if (limit < 1 || limit > kJobsListedMax)
    return fail_field("limit", fmt::format("limit is {}; allowed are 1 to {}", limit, kJobsListedMax));
  TRACSEQ_CHECK(get(job_id));
  JobLogPage page;
  TRACSEQ_TRY(page.items, database_.read([&](sql::Session& session) {
    return rows::logs(session, job_id, after, limit + 1);
  }));
  if (page.items.size() > static_cast<std::size_t>(limit)) {
    page.items.pop_back();
    page.next_page_token = std::to_string(page.items.back().line);
  }
  return page;
}

Result<Job> JobStore::wait(const CallContext& ctx, const std::string& job_id,
                           std::chrono::milliseconds timeout) {
  const auto until = Steady::now() + timeout;
  while (true) {
    TRACSEQ_TRY(Job job, get(job_id));
    const auto left = until - Steady::now();
    if (is_final(job.state) || left.count() <= 0) return job;
    TRACSEQ_CHECK(ctx.check());
    await_change(
        std::min(kWaitPoll, std::chrono::duration_cast<std::chrono::milliseconds>(left) + kWaitPoll / 50));
  }
}

void JobStore::await_change(std::chrono::milliseconds timeout) {
  Lock lock(mutex_);
  const std::uint64_t seen = changes_;
  changed_.wait_for(lock, timeout, [&]() REQUIRES(mutex_) { return changes_ != seen; });
}

void JobStore::wake() {
  {
    Lock lock(mutex_);
    ++changes_;
  }
  changed_.notify_all();
}

}  // namespace tracseq::jobs
