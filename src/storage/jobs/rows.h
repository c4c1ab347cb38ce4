// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/jobs/store.h"

// The statements behind JobStore. Each runs in the session it is given.
namespace tracseq::jobs::rows {

// A job with what only the store needs to know.
struct StoredJob {
  Job job;
  std::int64_t token = 0;
  std::int64_t backoff_us = 0;
};

Result<std::optional<StoredJob>> by_id(sql::Session& session, const std::string& job_id);
Result<std::optional<StoredJob>> by_unique_key(sql::Session& session, const std::string& key);
Result<void> insert(sql::Transaction& tx, const Job& job, const JobSpec& spec);
// State, result, error, attempt, worker, lease, times, cancellation.
Result<void> update(sql::Transaction& tx, const Job& job);

Result<bool> claimable(sql::Session& session, const std::vector<std::string>& kinds, Timestamp now);
// Takes the next job; the row as it was cannot be seen by another claim.
Result<std::optional<StoredJob>> claim(sql::Transaction& tx, const ClaimRequest& request, Timestamp now);
// Running jobs whose lease is over, the longest first.
Result<std::vector<StoredJob>> expired(sql::Session& session, Timestamp now, std::int64_t limit);
// Whether the attempt still holds the job.
Result<bool> extend(sql::Transaction& tx, const JobLease& lease, Timestamp until);
Result<bool> set_progress(sql::Transaction& tx, const JobLease& lease, std::optional<double> progress,
                          const std::optional<std::string>& message, std::int64_t lines_added);
Result<void> add_log(sql::Transaction& tx, const std::string& job_id, std::int64_t first,
                     const std::vector<std::string>& lines, Timestamp time);

Result<std::vector<Job>> list(sql::Session& session, const JobFilter& filter);
Result<std::vector<Job>> children(sql::Session& session, const std::string& job_id);
Result<std::vector<JobLogLine>> logs(sql::Session& session, const std::string& job_id, std::int64_t after,
                                     std::int64_t limit);

// Ids of jobs that ended before `before` and have something left to remove, oldest first.
Result<std::vector<std::string>> ended(sql::Session& session, Timestamp before, std::int64_t limit);
Result<std::int64_t> remove_log(sql::Transaction& tx, const std::string& job_id, std::int64_t limit);
Result<void> remove(sql::Transaction& tx, const std::string& job_id);

Result<void> put_host(sql::Transaction& tx, const JobHost& host);
Result<bool> host_seen(sql::Transaction& tx, const std::string& host_id, Timestamp time);
Result<void> remove_host(sql::Transaction& tx, const std::string& host_id);
Result<void> forget_hosts(sql::Transaction& tx, Timestamp seen_before);
Result<std::vector<JobHost>> hosts(sql::Session& session, Timestamp seen_after);

}  // namespace tracseq::jobs::rows
