// SPDX-License-Identifier: MIT
#include "api/job_routes.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "api/artifact_routes.h"

namespace tracseq::api {

TRACSEQ_DEFINE_TYPE(JobRef, {.name = "job_id", .required = true})
TRACSEQ_DEFINE_TYPE(ListJobs, {.name = "kind", .text = "what the kind begins with"},
                    {.name = "object_type", .text = "with object_id: the jobs of that object"},
                    {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(ListJobLogs, {.name = "job_id", .required = true},
                    {.name = "limit", .min = 1, .max = 1000},
                    {.name = "page_token", .text = "lines behind the one of this number"})
TRACSEQ_DEFINE_TYPE(ClaimJob, {.name = "worker", .text = "who claims; shown with the job", .required = true},
                    {.name = "kinds", .text = "what the worker can run", .required = true, .length_max = 500},
                    {.name = "lease_seconds", .min = 1, .max = 3600})
TRACSEQ_DEFINE_TYPE(ClaimAnswer, {.name = "claimed", .text = "absent: there is nothing to do"})
TRACSEQ_DEFINE_TYPE(JobBeat, {.name = "job_id", .required = true}, {.name = "token", .required = true},
                    {.name = "lease_seconds", .min = 1, .max = 3600})
TRACSEQ_DEFINE_TYPE(JobProgress, {.name = "job_id", .required = true}, {.name = "token", .required = true},
                    {.name = "progress", .text = "0 to 1", .min = 0, .max = 1})
TRACSEQ_DEFINE_TYPE(JobLines, {.name = "job_id", .required = true}, {.name = "token", .required = true},
                    {.name = "lines", .required = true, .length_max = jobs::kJobLogLinesAtOnceMax})
TRACSEQ_DEFINE_TYPE(JobResult, {.name = "job_id", .required = true}, {.name = "token", .required = true})
TRACSEQ_DEFINE_TYPE(JobFailure, {.name = "job_id", .required = true}, {.name = "token", .required = true},
                    {.name = "code", .text = "an error code's name"}, {.name = "message", .required = true},
                    {.name = "retry", .text = "whether another try may help"})
TRACSEQ_DEFINE_TYPE(JobHolder, {.name = "job_id", .required = true}, {.name = "token", .required = true})
TRACSEQ_DEFINE_TYPE(PutJobHost, {.name = "host_id", .required = true, .length_max = 200, .length_min = 1},
                    {.name = "name", .length_max = 300},
                    {.name = "kinds", .required = true, .length_max = 500})
TRACSEQ_DEFINE_TYPE(JobHostRef, {.name = "host_id", .required = true})
TRACSEQ_DEFINE_TYPE(JobHostList)

namespace {

using jobs::Job;
using jobs::JobStore;
using enum Method;
using enum Effect;

const std::string kJobs = "/api/v1/jobs";
const std::string kJob = kJobs + "/{job_id}";
const std::string kHosts = "/api/v1/job-hosts";
constexpr const char* kRead = "jobs:read";
constexpr const char* kWork = "jobs:work";

// Jobs of another project are as unknown as those that never were.
Result<Job> visible(const CallContext& ctx, JobStore& store, const std::string& job_id) {
  TRACSEQ_TRY(Job job, store.get(job_id));
  if (job.project_id != ctx.project_id)
    return fail(Code::not_found, fmt::format("there is no job '{}'", job_id));
  return job;
}

Result<std::int64_t> line_of(const std::string& token) {
  std::int64_t line = 0;
  if (token.empty()) return line;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), line);
  if (error != std::errc{} || end != token.data() + token.size() || line < 0)
    return fail_field("page_token", "page_token is none that was given out");
  return line;
}

// What payloads call the files and folders of the worker's machine (AssessRequest, PipelineSettings, the
// Python step). Other texts are a caller's own, whatever they look like.
constexpr std::array<std::string_view, 5> kPlaces{"path", "data_root", "input", "output", "output_folder"};

// Where files lie is for the worker: others are shown their names.
Json without_folders(Json payload) {
  Json::Object* const members = payload.as_object();
  if (members == nullptr) return payload;
  for (auto& [name, value] : *members) {
    const std::string* const text = value.as_string();
    if (text == nullptr || std::find(kPlaces.begin(), kPlaces.end(), name) == kPlaces.end()) continue;
    std::string_view place = *text;
    while (place.ends_with('/')) place.remove_suffix(1);
    value = Json(std::string(place.substr(place.find_last_of('/') + 1)));
  }
  return payload;
}

Job shown(const CallContext& ctx, Job job) {
  if (!is_embedded(ctx)) job.payload = without_folders(std::move(job.payload));
  return job;
}

std::vector<Route> watching(JobStore& store) {
  return {
      route(get, kJobs, kRead, reads, "List jobs, newest first",
            [&store](const CallContext& ctx, const ListJobs& in) -> Result<jobs::JobPage> {
              TRACSEQ_TRY(jobs::JobPage page,
                          store.list({in.state, in.kind, in.object_type, in.object_id, in.parent_id,
                                      ctx.project_id, in.limit, in.page_token}));
              for (Job& job : page.items) job = shown(ctx, std::move(job));
              return page;
            }),
      route(get, kJob, kRead, reads, "Get a job with its progress",
            [&store](const CallContext& ctx, const JobRef& in) -> Result<Job> {
              TRACSEQ_TRY(Job job, visible(ctx, store, in.job_id));
              return shown(ctx, std::move(job));
            }),
      route(get, kJob + "/logs", kRead, reads, "List a job's log lines in order",
            [&store](const CallContext& ctx, const ListJobLogs& in) -> Result<jobs::JobLogPage> {
              TRACSEQ_CHECK(visible(ctx, store, in.job_id));
              TRACSEQ_TRY(const std::int64_t after, line_of(in.page_token));
              return store.logs(in.job_id, after, in.limit);
            }),
      route(post, kJob + "/cancel", "jobs:write", changes, "Cancel a job and its children",
            [&store](const CallContext& ctx, const JobRef& in) -> Result<Job> {
              TRACSEQ_CHECK(visible(ctx, store, in.job_id));
              TRACSEQ_TRY(Job job, store.cancel(ctx, in.job_id));
              return shown(ctx, std::move(job));
            }),
  };
}

std::vector<Route> working(JobStore& store) {
  return {
      route(post, kJobs + "/claim", kWork, changes, "Claim the next job of these kinds",
            [&store](const CallContext& ctx, const ClaimJob& in) -> Result<ClaimAnswer> {
              TRACSEQ_TRY(auto claimed,
                          store.claim(ctx, {in.worker, in.kinds, std::chrono::seconds{in.lease_seconds}}));
              return ClaimAnswer{std::move(claimed)};
            }),
      route(post, kJob + "/heartbeat", kWork, appends,
            "Keep a claimed job; tells whether it is to be cancelled",
            [&store](const CallContext&, const JobBeat& in) {
              return store.heartbeat({in.job_id, in.token}, std::chrono::seconds{in.lease_seconds});
            }),
      route(post, kJob + "/progress", kWork, appends, "Tell how far a claimed job is",
            [&store](const CallContext& ctx, const JobProgress& in) -> Result<Empty> {
              TRACSEQ_CHECK(store.report(ctx, {in.job_id, in.token}, in.progress, in.message, {}));
              return Empty{};
            }),
      route(post, kJob + "/logs", kWork, appends, "Add lines to a claimed job's log",
            [&store](const CallContext& ctx, const JobLines& in) -> Result<Empty> {
              TRACSEQ_CHECK(store.report(ctx, {in.job_id, in.token}, {}, {}, in.lines));
              return Empty{};
            }),
      route(post, kJob + "/complete", kWork, changes, "End a claimed job with its result",
            [&store](const CallContext& ctx, const JobResult& in) {
              return store.complete(ctx, {in.job_id, in.token}, in.result);
            }),
      route(post, kJob + "/fail", kWork, changes, "End a claimed job as failed, or give it another try",
            [&store](const CallContext& ctx, const JobFailure& in) {
              return store.fail(ctx, {in.job_id, in.token}, {code_from_name(in.code), in.message, {}, {}},
                                in.retry ? JobStore::Retry::yes : JobStore::Retry::no);
            }),
      route(post, kJob + "/release", kWork, changes, "Give a claimed job back to the queue",
            [&store](const CallContext& ctx, const JobHolder& in) {
              return store.release(ctx, {in.job_id, in.token});
            }),
  };
}

std::vector<Route> hosting(audit::Ledger& ledger, JobStore& store) {
  return {
      route(get, kHosts, kRead, reads, "List the processes that host functions",
            [&store](const CallContext&, const Empty&) -> Result<JobHostList> {
              TRACSEQ_TRY(auto hosts, store.hosts());
              return JobHostList{std::move(hosts)};
            }),
      route(put, kHosts + "/{host_id}", kWork, changes, "Tell which functions this process hosts",
            [&](const CallContext& ctx, const PutJobHost& in) -> Result<jobs::JobHost> {
              return ledger.change<jobs::JobHost>(
                  ctx, {"job_host.register", "job_host", in.host_id},
                  [&](sql::Transaction& tx, audit::Record& record) -> Result<jobs::JobHost> {
                    record.after = to_document(in);
                    return JobStore::register_host(tx, {in.host_id, in.name, in.pid, in.kinds, {}, {}});
                  });
            }),
      route(post, kHosts + "/{host_id}/heartbeat", kWork, appends, "Tell that this process lives",
            [&store](const CallContext&, const JobHostRef& in) -> Result<Empty> {
              TRACSEQ_CHECK(store.host_seen(in.host_id));
              return Empty{};
            }),
      route(del, kHosts + "/{host_id}", kWork, changes, "Tell that this process hosts nothing any more",
            [&](const CallContext& ctx, const JobHostRef& in) -> Result<Empty> {
              return ledger.change<Empty>(ctx, {"job_host.remove", "job_host", in.host_id},
                                          [&](sql::Transaction& tx, audit::Record&) -> Result<Empty> {
                                            TRACSEQ_CHECK(JobStore::remove_host(tx, in.host_id));
                                            return Empty{};
                                          });
            }),
  };
}

}  // namespace

std::vector<Route> job_routes(audit::Ledger& ledger, JobStore& store) {
  std::vector<Route> routes = watching(store);
  for (Route& route : working(store)) routes.push_back(std::move(route));
  for (Route& route : hosting(ledger, store)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace tracseq::api
