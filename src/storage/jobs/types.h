// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "base/json.h"

namespace tracseq::jobs {

// queued → running → succeeded | failed | cancelled; back to queued after a retryable failure or a lost
// worker.
enum class JobState { queued, running, succeeded, failed, cancelled };
TRACSEQ_DESCRIBE_ENUM(JobState, queued, running, succeeded, failed, cancelled)

[[nodiscard]] constexpr bool is_final(JobState state) {
  return state != JobState::queued && state != JobState::running;
}

// One piece of work, as stored.
struct Job {
  std::string job_id;
  std::string project_id;
  std::string kind;  // "pipeline.run", "python.transform:<name>": what a worker must be able to do
  JobState state = JobState::queued;
  Json payload;
  Json result;             // of a succeeded one
  std::string error_code;  // of a failed one: its code's wire name
  std::string error;
  std::optional<std::string> parent_id;
  std::string object_type;  // what it works for: "pipeline_run"
  std::string object_id;
  std::int64_t priority = 0;  // smaller is sooner
  std::int64_t attempt = 0;   // how often it was claimed
  std::int64_t attempts_max = 1;
  std::string worker;
  double progress = 0;  // 0…1
  std::string progress_message;
  std::int64_t log_lines = 0;  // ever written; the newest kJobLogLinesMax are kept
  Timestamp created_at;
  std::string created_by;
  Timestamp run_after;
  std::optional<Timestamp> started_at;  // of the last attempt
  std::optional<Timestamp> finished_at;
  std::optional<Timestamp> lease_until;
  std::optional<Timestamp> cancel_requested_at;
};
TRACSEQ_DESCRIBE(Job, (job_id, project_id, kind, state, payload, result, error_code, error, parent_id,
                       object_type, object_id, priority, attempt, attempts_max, worker, progress,
                       progress_message, log_lines, created_at, created_by, run_after, started_at,
                       finished_at, lease_until, cancel_requested_at))

// The name an executor gives what it starts for this attempt: the same after any crash, so that it finds it
// again.
std::string external_id(const Job& job);

struct JobPage {
  std::vector<Job> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(JobPage, (items, next_page_token))

struct JobLogLine {
  std::int64_t line = 0;  // from 1
  Timestamp time;
  std::string text;
};
TRACSEQ_DESCRIBE(JobLogLine, (line, time, text))

struct JobLogPage {
  std::vector<JobLogLine> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(JobLogPage, (items, next_page_token))

// What a claim gives: the job and the fencing token that every later word about this attempt must carry.
struct ClaimedJob {
  Job job;
  std::int64_t token = 0;
  Timestamp lease_until;
};
TRACSEQ_DESCRIBE(ClaimedJob, (job, token, lease_until))

struct Heartbeat {
  Timestamp lease_until;
  bool cancel_requested = false;
};
TRACSEQ_DESCRIBE(Heartbeat, (lease_until, cancel_requested))

// A process that can run jobs.
struct JobHost {
  std::string host_id;
  std::string name;  // "<program>@<machine>"
  std::int64_t pid = 0;
  std::vector<std::string> kinds;
  Timestamp started_at;
  Timestamp seen_at;
};
TRACSEQ_DESCRIBE(JobHost, (host_id, name, pid, kinds, started_at, seen_at))

}  // namespace tracseq::jobs
