// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/route.h"
#include "domain/audit/ledger.h"
#include "storage/jobs/store.h"

namespace tracseq::api {

struct JobRef {
  std::string job_id;
};
TRACSEQ_DESCRIBE(JobRef, (job_id))

struct ListJobs {
  std::optional<jobs::JobState> state;
  std::string kind;
  std::string object_type;
  std::string object_id;
  std::string parent_id;
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListJobs, (state, kind, object_type, object_id, parent_id, limit, page_token))

struct ListJobLogs {
  std::string job_id;
  std::int64_t limit = 1000;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListJobLogs, (job_id, limit, page_token))

struct ClaimJob {
  std::string worker;
  std::vector<std::string> kinds;
  std::int64_t lease_seconds = 30;
};
TRACSEQ_DESCRIBE(ClaimJob, (worker, kinds, lease_seconds))

struct ClaimAnswer {
  std::optional<jobs::ClaimedJob> claimed;  // absent: nothing to do
};
TRACSEQ_DESCRIBE(ClaimAnswer, (claimed))

struct JobBeat {
  std::string job_id;
  std::int64_t token = 0;
  std::int64_t lease_seconds = 30;
};
TRACSEQ_DESCRIBE(JobBeat, (job_id, token, lease_seconds))

struct JobProgress {
  std::string job_id;
  std::int64_t token = 0;
  std::optional<double> progress;
  std::optional<std::string> message;
};
TRACSEQ_DESCRIBE(JobProgress, (job_id, token, progress, message))

struct JobLines {
  std::string job_id;
  std::int64_t token = 0;
  std::vector<std::string> lines;
};
TRACSEQ_DESCRIBE(JobLines, (job_id, token, lines))

struct JobResult {
  std::string job_id;
  std::int64_t token = 0;
  Json result;
};
TRACSEQ_DESCRIBE(JobResult, (job_id, token, result))

struct JobFailure {
  std::string job_id;
  std::int64_t token = 0;
  std::string code = "internal";
  std::string message;
  bool retry = false;
};
TRACSEQ_DESCRIBE(JobFailure, (job_id, token, code, message, retry))

struct JobHolder {
  std::string job_id;
  std::int64_t token = 0;
};
TRACSEQ_DESCRIBE(JobHolder, (job_id, token))

struct PutJobHost {
  std::string host_id;
  std::string name;
  std::int64_t pid = 0;
  std::vector<std::string> kinds;
};
TRACSEQ_DESCRIBE(PutJobHost, (host_id, name, pid, kinds))

struct JobHostRef {
  std::string host_id;
};
TRACSEQ_DESCRIBE(JobHostRef, (host_id))

struct JobHostList {
  std::vector<jobs::JobHost> items;
};
TRACSEQ_DESCRIBE(JobHostList, (items))

// Jobs for those who watch them, for workers that claim them, and the processes that host functions, below
// /api/v1. All outlive the routes.
std::vector<Route> job_routes(audit::Ledger& ledger, jobs::JobStore& store);

}  // namespace tracseq::api
