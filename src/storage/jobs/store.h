// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/mutex.h"
#include "storage/jobs/types.h"
#include "storage/sql/database.h"

namespace tracseq::jobs {

inline constexpr std::size_t kJobPayloadBytesMax = 4UL << 20;  // payload and result each
inline constexpr std::int64_t kJobLogLinesMax = 10'000;        // kept per job, the newest
inline constexpr std::size_t kJobLogLineBytesMax = 4096;       // longer lines are cut
inline constexpr std::size_t kJobLogLinesAtOnceMax = 1000;
inline constexpr std::size_t kJobKindsMax = 500;  // a worker's
inline constexpr std::int64_t kJobsListedMax = 1000;
inline constexpr std::int64_t kJobAttemptsMax = 20;
inline constexpr std::chrono::seconds kJobBackoffMax{3600};
inline constexpr std::chrono::seconds kJobLeaseMax{3600};
inline constexpr int kJobDepthMax = 8;                      // children of children
inline constexpr std::chrono::seconds kHostSilenceMax{60};  // a host not seen longer is gone

// Work to be queued.
struct JobSpec {
  std::string kind;
  Json payload;
  std::string object_type;
  std::string object_id;
  std::optional<std::string> parent_id;
  std::optional<std::string> unique_key;  // at most one job ever under this key; asking again returns it
  std::int64_t priority = 0;
  std::int64_t attempts_max = 3;
  std::chrono::milliseconds backoff{1000};  // before the second attempt; doubles, at most kJobBackoffMax
  std::chrono::milliseconds delay{0};       // before the first
};

// The attempt somebody speaks for.
struct JobLease {
  std::string job_id;
  std::int64_t token = 0;
};

struct ClaimRequest {
  std::string worker;
  std::vector<std::string> kinds;
  std::chrono::seconds lease{30};
};

struct JobFilter {
  std::optional<JobState> state;
  std::string kind;         // a prefix; empty: all
  std::string object_type;  // with object_id: jobs of that object
  std::string object_id;
  std::string parent_id;
  std::string project_id;  // empty: of all projects
  std::int64_t limit = 100;
  std::string page_token;
};

// Writes the audit entry and the events of what happens to jobs, as the last act of the transaction it
// happens in. Bound in the apps (api/job_journal.h): this folder knows no services.
class JobJournal {
 public:
  virtual ~JobJournal() = default;
  // `before` is null for a new job. Verbs: enqueue, claim, complete, fail, retry, cancel, release, lose.
  virtual Result<void> changed(sql::Transaction& tx, const CallContext& ctx, std::string_view verb,
                               const Job* before, const Job& after) = 0;
  // The job ended long ago: its log lines, or the whole of it (`with_job`), were removed.
  virtual Result<void> purged(sql::Transaction& tx, const CallContext& ctx, const Job& job,
                              bool with_job) = 0;
  // Progress and log lines: appended data. `digest` is the SHA-256 of what was appended.
  virtual Result<void> appended(sql::Transaction& tx, const CallContext& ctx, const std::string& job_id,
                                std::int64_t count, const Digest& digest) = 0;
  // Calls with an idempotency key: the JSON of what the call answered the first time, and nothing the first
  // time itself, after which `remember` keeps the answer. Both in the call's own transaction.
  virtual Result<std::optional<std::string>> replay(sql::Transaction& tx, const CallContext& ctx) = 0;
  virtual Result<void> remember(sql::Transaction& tx, const CallContext& ctx, const TypeInfo& type,
                                const void* answer) = 0;
  // Whether the call's key has been used.
  virtual Result<bool> used(sql::Session& session, const CallContext& ctx) = 0;
};

// Claimed work on the database: any number of workers in any processes pull from it, each job is run by one
// at a time. A claim holds a lease; the holder's words (heartbeat, progress, logs, end) carry the claim's
// fencing token and are refused as `conflict` once the lease was lost to another claim. A lease that expires
// puts the job back in the queue until its attempts are used up. Heartbeats are not audited: they say nothing
// but that the worker lives. Lifecycle: built once in main; database and journal outlive it. Thread-safe.
// Functions with a Transaction run inside the caller's; those a caller without one repeats with the same
// idempotency key are done once (not `enqueue`, which has its own unique key). Errors: `not_found` for an
// unknown job, `conflict` for a lost lease or a job in another state, `invalid` for bad input.
class JobStore {
 public:
  JobStore(sql::Database& database, JobJournal& journal) : database_(database), journal_(journal) {}

  Result<Job> enqueue(const CallContext& ctx, const JobSpec& spec);
  Result<Job> enqueue(sql::Transaction& tx, const CallContext& ctx, const JobSpec& spec);

  // The next job this worker can run, or nothing. Also takes back what other workers lost. Does not wait and
  // writes nothing when there is nothing.
  Result<std::optional<ClaimedJob>> claim(const CallContext& ctx, const ClaimRequest& request);
  Result<Heartbeat> heartbeat(const JobLease& lease, std::chrono::seconds extend_by);
  // The same without extending the lease: a read.
  Result<Heartbeat> look(const JobLease& lease);
  // Fraction 0…1 (clamped; NaN is `invalid`) and log lines, together: what a worker says while it works.
  Result<void> report(const CallContext& ctx, const JobLease& lease, std::optional<double> progress,
                      const std::optional<std::string>& message, const std::vector<std::string>& lines);
  // The end of an attempt. Said twice by the same attempt, the second time changes nothing.
  Result<Job> complete(const CallContext& ctx, const JobLease& lease, const Json& result);
  // A failure worth another try is queued again after its backoff while attempts are left. A failure with
  // code `cancelled` ends the job as cancelled if its cancellation was asked for.
  enum class Retry { no, yes };
  Result<Job> fail(const CallContext& ctx, const JobLease& lease, const Error& error, Retry retry);
  // Gives the job back unharmed (a worker that stops): queued at once, the attempt does not count.
  Result<Job> release(const CallContext& ctx, const JobLease& lease);

  // A queued job ends at once, a running one is asked to; its children likewise. A finished one is left as it
  // is.
  Result<Job> cancel(const CallContext& ctx, const std::string& job_id);
  Result<Job> cancel(sql::Transaction& tx, const CallContext& ctx, const std::string& job_id);

  Result<Job> get(const std::string& job_id);
  static Result<Job> get(sql::Session& session, const std::string& job_id);
  // Newest first.
  Result<JobPage> list(const JobFilter& filter);
  // In order, behind line `after`.
  Result<JobLogPage> logs(const std::string& job_id, std::int64_t after, std::int64_t limit);
  // Returns when the job is final or the time is over, whichever comes first; the state tells.
  Result<Job> wait(const CallContext& ctx, const std::string& job_id, std::chrono::milliseconds timeout);
  // Puts back (or ends) what workers lost. Returns how many.
  Result<std::int64_t> reclaim_expired(const CallContext& ctx);

  // Removes what ended before `before`, at most `limit` jobs: the log lines of all, and the jobs themselves
  // but for failed and cancelled ones that worked for an object, whose row says how that ended. Returns how
  // many.
  Result<std::int64_t> purge(const CallContext& ctx, Timestamp before, std::int64_t limit);

  // Sleeps until something was queued in this process or the time is over (other processes' work shows by
  // polling).
  void await_change(std::chrono::milliseconds timeout);
  void wake();

  // Hosts say what they can run and that they live. A host registers again whenever that changes.
  static Result<JobHost> register_host(sql::Transaction& tx, const JobHost& host);
  // `not_found` if it was forgotten: register again.
  Result<void> host_seen(const std::string& host_id);
  static Result<void> remove_host(sql::Transaction& tx, const std::string& host_id);
  // Hosts seen within kHostSilenceMax.
  Result<std::vector<JobHost>> hosts();
  // Whether a living host can run this kind.
  Result<bool> hosted(const std::string& kind);

 private:
  // Runs `function(Transaction&) -> Result<R>` once per idempotency key; a repeat gets the first answer.
  template <class R, class F>
  Result<R> once(const CallContext& ctx, F&& function) {
    return database_.write([&](sql::Transaction& tx) -> Result<R> {
      TRACSEQ_TRY(const std::optional<std::string> earlier, journal_.replay(tx, ctx));
      if (earlier) return from_json<R>(*earlier, UnknownFields::ignore);
      Result<R> answer = function(tx);
      if (answer) TRACSEQ_CHECK(journal_.remember(tx, ctx, type_info<R>(), &*answer));
      return answer;
    });
  }
  Result<Job> write(sql::Transaction& tx, const CallContext& ctx, std::string_view verb, const Job& before,
                    const Job& after);
  Result<void> cancel_children(sql::Transaction& tx, const CallContext& ctx, const std::string& job_id,
                               int depth);
  Result<void> purge_one(const CallContext& ctx, const std::string& job_id, Timestamp before);
  Result<std::int64_t> take_back(sql::Transaction& tx, const CallContext& ctx, Timestamp time);

  sql::Database& database_;
  JobJournal& journal_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t changes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tracseq::jobs
