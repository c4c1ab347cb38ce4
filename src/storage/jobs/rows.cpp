// SPDX-License-Identifier: MIT
#include "storage/jobs/rows.h"

#include <fmt/core.h>

#include <algorithm>

#define TRACSEQ_JOB_COLUMNS                                                                                  \
  "job_id, project_id, kind, state, payload, result, error_code, error, parent_id, object_type, object_id, " \
  "priority, attempt, attempts_max, worker, progress, progress_message, log_lines, created_us AS "           \
  "created_at, "                                                                                             \
  "created_by, run_after_us AS run_after, started_us AS started_at, finished_us AS finished_at, "            \
  "lease_until_us AS lease_until, cancel_us AS cancel_requested_at, token, backoff_us"

namespace tracseq::jobs::rows {
namespace {

using sql::args;

constexpr sql::Statement kById{"jobs.by_id", "SELECT " TRACSEQ_JOB_COLUMNS " FROM jobs WHERE job_id = ?"};
constexpr sql::Statement kByKey{"jobs.by_key",
                                "SELECT " TRACSEQ_JOB_COLUMNS " FROM jobs WHERE unique_key = ?"};
constexpr sql::Statement kInsert{
    "jobs.insert",
    "INSERT INTO jobs (job_id, project_id, kind, state, payload, result, error_code, error, unique_key, "
    "parent_id, "
    "object_type, object_id, priority, attempt, attempts_max, backoff_us, run_after_us, worker, token, "
    "progress, "
    "progress_message, log_lines, created_us, created_by) "
    "VALUES (?, ?, ?, ?, ?, 'null', '', '', ?, ?, ?, ?, ?, 0, ?, ?, ?, '', 0, 0, '', 0, ?, ?)"};
constexpr sql::Statement kUpdate{
    "jobs.update",
    "UPDATE jobs SET state = ?, result = ?, error_code = ?, error = ?, attempt = ?, run_after_us = ?, worker "
    "= ?, "
    "lease_until_us = ?, cancel_us = ?, progress = ?, started_us = ?, finished_us = ? WHERE job_id = ?"};
// The kinds are a JSON list.
constexpr sql::Statement kClaimable{
    "jobs.claimable",
    "SELECT 1 FROM jobs WHERE (state = 'queued' AND run_after_us <= ? AND kind IN (SELECT value FROM "
    "json_each(?))) "
    "OR (state = 'running' AND lease_until_us < ?) LIMIT 1",
    "SELECT 1 FROM jobs WHERE (state = 'queued' AND run_after_us <= ? AND kind IN "
    "(SELECT json_array_elements_text(CAST(? AS json)))) OR (state = 'running' AND lease_until_us < ?) LIMIT "
    "1"};
constexpr sql::Statement kClaim{
    "jobs.claim",
    "UPDATE jobs SET state = 'running', worker = ?, token = token + 1, attempt = attempt + 1, lease_until_us "
    "= ?, "
    "started_us = ? WHERE job_id = (SELECT job_id FROM jobs WHERE state = 'queued' AND run_after_us <= ? AND "
    "kind IN "
    "(SELECT value FROM json_each(?)) ORDER BY priority, job_id LIMIT 1) RETURNING " TRACSEQ_JOB_COLUMNS,
    "UPDATE jobs SET state = 'running', worker = ?, token = token + 1, attempt = attempt + 1, lease_until_us "
    "= ?, "
    "started_us = ? WHERE job_id = (SELECT job_id FROM jobs WHERE state = 'queued' AND run_after_us <= ? AND "
    "kind IN "
    "(SELECT json_array_elements_text(CAST(? AS json))) ORDER BY priority, job_id LIMIT 1 FOR UPDATE SKIP "
    "LOCKED) "
    "RETURNING " TRACSEQ_JOB_COLUMNS};
constexpr sql::Statement kExpired{
    "jobs.expired",
    "SELECT " TRACSEQ_JOB_COLUMNS
    " FROM jobs WHERE state = 'running' AND lease_until_us < ? ORDER BY lease_until_us "
    "LIMIT ?",
    "SELECT " TRACSEQ_JOB_COLUMNS
    " FROM jobs WHERE state = 'running' AND lease_until_us < ? ORDER BY lease_until_us "
    "LIMIT ? FOR UPDATE SKIP LOCKED"};
constexpr sql::Statement kExtend{
    "jobs.extend", "UPDATE jobs SET lease_until_us = ? WHERE job_id = ? AND token = ? AND state = 'running'"};
constexpr sql::Statement kProgress{
    "jobs.progress",
    "UPDATE jobs SET progress = COALESCE(?, progress), progress_message = COALESCE(?, progress_message), "
    "log_lines = log_lines + ? WHERE job_id = ? AND token = ? AND state = 'running'"};
constexpr sql::BulkInsert kAddLog{"jobs.add_log", "job_logs", {"job_id", "line", "time_us", "text"}};
constexpr sql::Statement kTrimLog{"jobs.trim_log", "DELETE FROM job_logs WHERE job_id = ? AND line <= ?"};
// Empty texts and a null state ask for everything. '~' ends no kind: the range is all that begins with the
// text.
constexpr sql::Statement kList{
    "jobs.list", "SELECT " TRACSEQ_JOB_COLUMNS
                 " FROM jobs WHERE (? = '' OR state = ?) AND (? = '' OR (kind >= ? AND kind < ?)) "
                 "AND (? = '' OR job_id < ?) AND (? = '' OR parent_id = ?) AND (? = '' OR project_id = ?) "
                 "ORDER BY job_id DESC LIMIT ?"};
constexpr sql::Statement kListOfObject{
    "jobs.list_of_object",
    "SELECT " TRACSEQ_JOB_COLUMNS
    " FROM jobs WHERE object_type = ? AND object_id = ? AND (? = '' OR state = ?) "
    "AND (? = '' OR (kind >= ? AND kind < ?)) AND (? = '' OR job_id < ?) AND (? = '' OR parent_id = ?) "
    "AND (? = '' OR project_id = ?) ORDER BY job_id DESC LIMIT ?"};
constexpr sql::Statement kChildren{
    "jobs.children", "SELECT " TRACSEQ_JOB_COLUMNS " FROM jobs WHERE parent_id = ? ORDER BY job_id"};
constexpr sql::Statement kLogs{
    "jobs.logs",
    "SELECT line, time_us AS time, text FROM job_logs WHERE job_id = ? AND line > ? ORDER BY line LIMIT ?"};
// Ids begin with the time at which they were made: what ended before a time lies before that time's first id,
// and but for the long-lived that is all there is.
constexpr sql::Statement kEnded{
    "jobs.ended",
    "SELECT job_id FROM jobs WHERE job_id < ? AND finished_us < ? AND (state = 'succeeded' OR object_type = "
    "'' "
    "OR EXISTS (SELECT 1 FROM job_logs WHERE job_logs.job_id = jobs.job_id)) ORDER BY job_id LIMIT ?"};
constexpr sql::Statement kRemoveLog{"jobs.remove_log",
                                    "DELETE FROM job_logs WHERE job_id = ? AND line IN "
                                    "(SELECT line FROM job_logs WHERE job_id = ? ORDER BY line LIMIT ?)"};
constexpr sql::Statement kRemove{"jobs.remove", "DELETE FROM jobs WHERE job_id = ?"};
constexpr sql::Statement kPutHost{
    "jobs.put_host",
    "INSERT INTO job_hosts (host_id, name, pid, kinds, started_us, seen_us) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (host_id) DO UPDATE SET name = excluded.name, pid = excluded.pid, kinds = excluded.kinds, "
    "seen_us = excluded.seen_us"};
constexpr sql::Statement kHostSeen{"jobs.host_seen", "UPDATE job_hosts SET seen_us = ? WHERE host_id = ?"};
constexpr sql::Statement kRemoveHost{"jobs.remove_host", "DELETE FROM job_hosts WHERE host_id = ?"};
constexpr sql::Statement kForgetHosts{"jobs.forget_hosts", "DELETE FROM job_hosts WHERE seen_us < ?"};
constexpr sql::Statement kHosts{"jobs.hosts",
                                "SELECT host_id, name, pid, kinds, started_us AS started_at, seen_us AS "
                                "seen_at FROM job_hosts WHERE seen_us >= ? "
                                "ORDER BY host_id"};

Result<std::vector<StoredJob>> stored(sql::Session& session, const sql::Statement& statement,
                                      sql::Args arguments) {
  std::vector<StoredJob> found;
  TRACSEQ_CHECK(session.query(statement, arguments, [&](const sql::Row& row) -> Result<void> {
    StoredJob& job = found.emplace_back();
    TRACSEQ_CHECK(row.read(type_info<Job>(), &job.job));
    job.token = row.integer(row.columns() - 2);
    job.backoff_us = row.integer(row.columns() - 1);
    return {};
  }));
  return found;
}

Result<std::optional<StoredJob>> first(Result<std::vector<StoredJob>> found) {
  if (!found) return tl::unexpected(std::move(found).error());
  if (found->empty()) return std::optional<StoredJob>{};
  return std::optional(std::move(found->front()));
}

std::string state_text(const JobFilter& filter) {
  return filter.state ? std::string(enum_name(*filter.state)) : std::string();
}

}  // namespace

Result<std::optional<StoredJob>> by_id(sql::Session& session, const std::string& job_id) {
  return first(stored(session, kById, args(job_id)));
}

Result<std::optional<StoredJob>> by_unique_key(sql::Session& session, const std::string& key) {
  return first(stored(session, kByKey, args(key)));
}

Result<void> insert(sql::Transaction& tx, const Job& job, const JobSpec& spec) {
  const std::int64_t backoff_us = std::chrono::microseconds(spec.backoff).count();
  TRACSEQ_CHECK(tx.execute(
      kInsert, args(job.job_id, job.project_id, job.kind, enum_name(job.state), dump_json(job.payload),
                    spec.unique_key, job.parent_id, job.object_type, job.object_id, job.priority,
                    job.attempts_max, backoff_us, job.run_after, job.created_at, job.created_by)));
  return {};
}

Result<void> update(sql::Transaction& tx, const Job& job) {
  TRACSEQ_CHECK(tx.execute(
      kUpdate, args(enum_name(job.state), dump_json(job.result), job.error_code, job.error, job.attempt,
                    job.run_after, job.worker, job.lease_until, job.cancel_requested_at, job.progress,
                    job.started_at, job.finished_at, job.job_id)));
  return {};
}

Result<bool> claimable(sql::Session& session, const std::vector<std::string>& kinds, Timestamp now) {
  TRACSEQ_TRY(const auto found, session.query_one(kClaimable, args(now, to_json(kinds), now),
                                                  [](const sql::Row&) { return true; }));
  return found.has_value();
}

Result<std::optional<StoredJob>> claim(sql::Transaction& tx, const ClaimRequest& request, Timestamp now) {
  return first(
      stored(tx, kClaim, args(request.worker, now + request.lease, now, now, to_json(request.kinds))));
}

Result<std::vector<StoredJob>> expired(sql::Session& session, Timestamp now, std::int64_t limit) {
  return stored(session, kExpired, args(now, limit));
}

Result<bool> extend(sql::Transaction& tx, const JobLease& lease, Timestamp until) {
  TRACSEQ_TRY(const std::int64_t count, tx.execute(kExtend, args(until, lease.job_id, lease.token)));
  return count == 1;
}

Result<bool> set_progress(sql::Transaction& tx, const JobLease& lease, std::optional<double> progress,
                          const std::optional<std::string>& message, std::int64_t lines_added) {
  TRACSEQ_TRY(const std::int64_t count,
              tx.execute(kProgress, args(progress, message, lines_added, lease.job_id, lease.token)));
  return count == 1;
}

Result<void> add_log(sql::Transaction& tx, const std::string& job_id, std::int64_t first,
                     const std::vector<std::string>& lines, Timestamp time) {
  std::vector<std::string> ids(lines.size(), job_id);
  std::vector<std::int64_t> numbers;
  std::vector<std::int64_t> times(lines.size(), time.us);
  for (std::size_t i = 0; i < lines.size(); ++i) numbers.push_back(first + static_cast<std::int64_t>(i));
  const std::array<sql::Column, 4> columns{
      std::span<const std::string>(ids), std::span<const std::int64_t>(numbers),
      std::span<const std::int64_t>(times), std::span<const std::string>(lines)};
  TRACSEQ_CHECK(tx.bulk_insert(kAddLog, columns));
  const std::int64_t last = first + static_cast<std::int64_t>(lines.size()) - 1;
  if (last > kJobLogLinesMax) TRACSEQ_CHECK(tx.execute(kTrimLog, args(job_id, last - kJobLogLinesMax)));
  return {};
}

Result<std::vector<Job>> list(sql::Session& session, const JobFilter& filter) {
  const std::string state = state_text(filter);
  const std::string kind_end = filter.kind + "\x7f";
  if (filter.object_id.empty())
    return session.query_as<Job>(
        kList,
        args(state, state, filter.kind, filter.kind, kind_end, filter.page_token, filter.page_token,
             filter.parent_id, filter.parent_id, filter.project_id, filter.project_id, filter.limit + 1));
  return session.query_as<Job>(
      kListOfObject, args(filter.object_type, filter.object_id, state, state, filter.kind, filter.kind,
                          kind_end, filter.page_token, filter.page_token, filter.parent_id, filter.parent_id,
                          filter.project_id, filter.project_id, filter.limit + 1));
}

Result<std::vector<Job>> children(sql::Session& session, const std::string& job_id) {
  return session.query_as<Job>(kChildren, args(job_id));
}

Result<std::vector<JobLogLine>> logs(sql::Session& session, const std::string& job_id, std::int64_t after,
                                     std::int64_t limit) {
  return session.query_as<JobLogLine>(kLogs, args(job_id, after, limit));
}

Result<std::vector<std::string>> ended(sql::Session& session, Timestamp before, std::int64_t limit) {
  const std::string first_id = fmt::format("{:012x}", std::max<std::int64_t>(before.us, 0) / 1000 + 1);
  return session.query_all(kEnded, args(first_id, before, limit),
                           [](const sql::Row& row) { return row.str(0); });
}

Result<std::int64_t> remove_log(sql::Transaction& tx, const std::string& job_id, std::int64_t limit) {
  return tx.execute(kRemoveLog, args(job_id, job_id, limit));
}

Result<void> remove(sql::Transaction& tx, const std::string& job_id) {
  TRACSEQ_CHECK(tx.execute(kRemove, args(job_id)));
  return {};
}

Result<void> put_host(sql::Transaction& tx, const JobHost& host) {
  TRACSEQ_CHECK(tx.execute(
      kPutHost, args(host.host_id, host.name, host.pid, to_json(host.kinds), host.started_at, host.seen_at)));
  return {};
}

Result<bool> host_seen(sql::Transaction& tx, const std::string& host_id, Timestamp time) {
  TRACSEQ_TRY(const std::int64_t count, tx.execute(kHostSeen, args(time, host_id)));
  return count == 1;
}

Result<void> remove_host(sql::Transaction& tx, const std::string& host_id) {
  TRACSEQ_CHECK(tx.execute(kRemoveHost, args(host_id)));
  return {};
}

Result<void> forget_hosts(sql::Transaction& tx, Timestamp seen_before) {
  TRACSEQ_CHECK(tx.execute(kForgetHosts, args(seen_before)));
  return {};
}

Result<std::vector<JobHost>> hosts(sql::Session& session, Timestamp seen_after) {
  return session.query_as<JobHost>(kHosts, args(seen_after));
}

}  // namespace tracseq::jobs::rows
