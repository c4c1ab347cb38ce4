// SPDX-License-Identifier: MIT
#include "domain/features/pipelines.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/id.h"
#include "base/identifier.h"
#include "domain/data/paging.h"

namespace tracseq::features {

TRACSEQ_DEFINE_ENUM(PipelineStatus)
TRACSEQ_DEFINE_TYPE(PipelineRun)
TRACSEQ_DEFINE_TYPE(PipelineRunPage)
TRACSEQ_DEFINE_TYPE(PipelineSettings, {.name = "path", .required = true})
TRACSEQ_DEFINE_TYPE(PipelineRef, {.name = "run_id", .required = true})
TRACSEQ_DEFINE_TYPE(ListPipelines, {.name = "limit", .min = 1, .max = 1000})

namespace {

using data::PagePlace;
using sql::args;

#define TRACSEQ_RUN_COLUMNS                                                                          \
  "run_id, pipeline_id, trigger_type, input_data_path, input_data_hash, input_rows, schema_id, "     \
  "feature_config_id, "                                                                              \
  "output_data_path, output_data_hash, output_rows, quality_report_id, data_quality_score, "         \
  "processing_steps, "                                                                               \
  "feature_count, status, started_at, completed_at, error_message, created_at, created_by, job_id, " \
  "transformation_id"

constexpr sql::Statement kInsert{
    "features.insert_run",
    "INSERT INTO pipeline_runs (" TRACSEQ_RUN_COLUMNS
    ", project_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kUpdate{"features.update_run",
                                 "UPDATE pipeline_runs SET input_data_hash = ?, input_rows = ?, "
                                 "output_data_path = ?, output_data_hash = ?, "
                                 "output_rows = ?, quality_report_id = ?, data_quality_score = ?, "
                                 "processing_steps = ?, feature_count = ?, "
                                 "status = ?, started_at = ?, completed_at = ?, error_message = ?, "
                                 "transformation_id = ? WHERE run_id = ?"};
constexpr sql::Statement kGet{"features.get_run", "SELECT " TRACSEQ_RUN_COLUMNS
                                                  " FROM pipeline_runs WHERE project_id = ? AND run_id = ?"};
constexpr sql::Statement kByOutput{"features.run_by_output",
                                   "SELECT " TRACSEQ_RUN_COLUMNS
                                   " FROM pipeline_runs WHERE project_id = ? AND output_data_hash = ? "
                                   "ORDER BY created_at DESC LIMIT 1"};
constexpr sql::Statement kList{
    "features.list_runs",
    "SELECT " TRACSEQ_RUN_COLUMNS
    " FROM pipeline_runs WHERE project_id = ? AND (? = '' OR pipeline_id = ?) AND (? = '' OR status = ?) AND "
    "(? = '' OR output_data_hash = ?) AND "
    "(created_at < ? OR (created_at = ? AND run_id < ?)) ORDER BY created_at DESC, run_id DESC LIMIT ?"};

constexpr sql::Statement kEnd{"features.end_run",
                              "UPDATE pipeline_runs SET status = ?, completed_at = ?, error_message = ?, "
                              "output_data_path = NULL, output_data_hash = NULL, output_rows = 0 "
                              "WHERE run_id = ? AND job_id = ? AND status IN ('pending', 'running')"};

constexpr const char* kCancelled = "the run was cancelled";

bool is_final(PipelineStatus status) {
  return status == PipelineStatus::completed || status == PipelineStatus::failed;
}

std::string steps_text(const PipelineRun& run) {
  return to_json(type_info<std::vector<std::string>>(), &run.processing_steps);
}

double seconds_between(Timestamp from, Timestamp to) { return static_cast<double>(to.us - from.us) * 1e-6; }

Result<PipelineRun> load(sql::Session& session, const CallContext& ctx, const std::string& id) {
  TRACSEQ_TRY(auto found, session.query_one_as<PipelineRun>(kGet, args(ctx.project_id, id)));
  if (!found)
    return fail(Error{Code::not_found, fmt::format("there is no pipeline run '{}'", id), {}, "run_id"});
  return std::move(*found);
}

}  // namespace

Result<PipelineRun> PipelineRuns::start(const CallContext& ctx, const StartPipeline& request) {
  TRACSEQ_CHECK(schemas_.get(ctx, {request.schema_id}));
  TRACSEQ_CHECK(configs_.get(ctx, {request.feature_config_id}));
  PipelineRun run;
  run.run_id = request.run_id.empty() ? new_id() : request.run_id;
  TRACSEQ_CHECK(check_identifier("run_id", run.run_id));
  run.pipeline_id = request.pipeline_id;
  run.trigger_type = request.trigger_type;
  run.input_data_path = request.input_data_path;
  run.schema_id = request.schema_id;
  run.feature_config_id = request.feature_config_id;
  run.created_at = now();
  run.created_by = ctx.actor.id;
  auto made = ledger_.change<PipelineRun>(
      ctx, {"pipeline_run.start", "pipeline_run", run.run_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<PipelineRun> {
        jobs::JobSpec spec;
        spec.kind = kPipelineJob;
        spec.payload = to_document(request.settings);
        spec.object_type = "pipeline_run";
        spec.object_id = run.run_id;
        TRACSEQ_TRY(const jobs::Job job, jobs_.enqueue(tx, ctx, spec));
        run.job_id = job.job_id;
        TRACSEQ_CHECK(tx.execute(
            kInsert, args(run.run_id, run.pipeline_id, run.trigger_type, run.input_data_path,
                          run.input_data_hash, run.input_rows, run.schema_id, run.feature_config_id,
                          run.output_data_path, run.output_data_hash, run.output_rows, run.quality_report_id,
                          run.data_quality_score, steps_text(run), run.feature_count, enum_name(run.status),
                          run.started_at, run.completed_at, run.error_message, run.created_at, run.created_by,
                          run.job_id, run.transformation_id, ctx.project_id)));
        record.after = to_document(run);
        record.publish("pipeline_runs", "started");
        return run;
      });
  if (made) jobs_.wake();
  if (!made && made.error().code == Code::conflict)
    return fail(Error{Code::conflict, fmt::format("the pipeline run '{}' exists already", run.run_id),
                      made.error().detail, "run_id"});
  return made;
}

Result<void> PipelineRuns::settle(PipelineRun& run) {
  if (is_final(run.status)) {
    settle(run, {});
    return {};
  }
  TRACSEQ_TRY(const jobs::Job job, jobs_.get(run.job_id));
  settle(run, job);
  return {};
}

void PipelineRuns::settle(PipelineRun& run, const jobs::Job& job) {
  run.progress = run.status == PipelineStatus::completed ? 1 : 0;
  if (run.started_at)
    run.processing_time_seconds = seconds_between(*run.started_at, run.completed_at.value_or(now()));
  if (is_final(run.status)) return;
  run.progress = job.progress;
  if (job.state != jobs::JobState::failed && job.state != jobs::JobState::cancelled) return;
  run.status = PipelineStatus::failed;
  run.completed_at = job.finished_at;
  run.error_message = job.state == jobs::JobState::cancelled ? kCancelled : job.error;
  if (run.started_at && run.completed_at)
    run.processing_time_seconds = seconds_between(*run.started_at, *run.completed_at);
}

Result<PipelineRun> PipelineRuns::get(const CallContext& ctx, const PipelineRef& ref) {
  TRACSEQ_TRY(PipelineRun run,
              database_.read([&](sql::Session& session) { return load(session, ctx, ref.run_id); }));
  TRACSEQ_CHECK(settle(run));
  const auto job = jobs_.get(run.job_id);
  if (!job && job.error().code != Code::not_found) return tl::unexpected(job.error());
  if (!job) return run;  // an old run's job is gone
  TRACSEQ_TRY(const auto lines,
              jobs_.logs(run.job_id, std::max<std::int64_t>(0, job->log_lines - kPipelineLogLinesShown),
                         kPipelineLogLinesShown));
  for (const auto& line : lines.items) run.processing_logs.push_back(line.text);
  return run;
}

Result<PipelineRunPage> PipelineRuns::list(const CallContext& ctx, const ListPipelines& request) {
  TRACSEQ_TRY(PagePlace place, PagePlace::from_token(request.page_token));
  PipelineRunPage page;
  const std::string status(request.status ? enum_name(*request.status) : "");
  while (true) {
    TRACSEQ_CHECK(ctx.check());
    const std::int64_t wanted = request.limit + 1;
    TRACSEQ_TRY(auto runs, database_.read([&](sql::Session& session) {
      return session.query_as<PipelineRun>(
          kList, args(ctx.project_id, request.pipeline_id, request.pipeline_id, status, status,
                      request.output_data_hash, request.output_data_hash, place.time_us, place.time_us,
                      place.id, wanted));
    }));
    for (PipelineRun& run : runs) {
      if (std::ssize(page.items) == request.limit) {
        page.next_page_token = PagePlace::token(page.items.back().created_at, page.items.back().run_id);
        return page;
      }
      TRACSEQ_CHECK(ctx.check());
      TRACSEQ_CHECK(settle(run));
      place = {run.created_at.us, run.run_id};
      // Between the end of a job and this look the row may have ended.
      if (!request.status || run.status == *request.status) page.items.push_back(std::move(run));
    }
    if (std::ssize(runs) < wanted) return page;
  }
}

Result<void> PipelineRuns::end_with_job(sql::Transaction& tx, const CallContext& ctx, const jobs::Job& job) {
  if (job.kind != kPipelineJob) return {};
  if (job.state != jobs::JobState::failed && job.state != jobs::JobState::cancelled) return {};
  CallContext own = ctx;
  own.project_id = job.project_id;
  TRACSEQ_TRY(const auto before, find(tx, own, job.object_id));
  if (!before || is_final(before->status)) return {};
  const std::string why = job.state == jobs::JobState::cancelled ? kCancelled : job.error;
  TRACSEQ_CHECK(tx.execute(kEnd, args(enum_name(PipelineStatus::failed), job.finished_at.value_or(now()), why,
                                      job.object_id, job.job_id)));
  TRACSEQ_TRY(const PipelineRun after, load(tx, own, job.object_id));
  audit::Record record;
  record.object_id = after.run_id;
  record.before = to_document(*before);
  record.after = to_document(after);
  record.publish("pipeline_runs", std::string(enum_name(after.status)));
  return audit::Ledger::write_entry(tx, own, {"pipeline_run.failed", "pipeline_run", after.run_id}, record);
}

Result<PipelineRun> PipelineRuns::cancel(const CallContext& ctx, const PipelineRef& ref) {
  auto asked = ledger_.change<PipelineRun>(
      ctx, {"pipeline_run.cancel", "pipeline_run", ref.run_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<PipelineRun> {
        TRACSEQ_TRY(PipelineRun run, load(tx, ctx, ref.run_id));
        TRACSEQ_TRY(const jobs::Job job, jobs::JobStore::get(tx, run.job_id));
        settle(run, job);
        if (is_final(run.status))
          return fail(Code::conflict, fmt::format("the pipeline run '{}' has ended already: {}", ref.run_id,
                                                  enum_name(run.status)));
        TRACSEQ_CHECK(jobs_.cancel(tx, ctx, run.job_id));
        record.delta = Json::object();
        record.delta.set("cancel", true);
        record.publish("pipeline_runs", "cancel");
        return run;
      });
  TRACSEQ_CHECK(asked);
  jobs_.wake();
  return get(ctx, ref);
}

Result<jobs::JobLogPage> PipelineRuns::logs(const CallContext& ctx, const std::string& run_id,
                                            std::int64_t after, std::int64_t limit) {
  TRACSEQ_TRY(const PipelineRun run,
              database_.read([&](sql::Session& session) { return load(session, ctx, run_id); }));
  return jobs_.logs(run.job_id, after, limit);
}

Result<std::optional<PipelineRun>> PipelineRuns::find(sql::Session& session, const CallContext& ctx,
                                                      const std::string& run_id) {
  return session.query_one_as<PipelineRun>(kGet, args(ctx.project_id, run_id));
}

Result<std::optional<PipelineRun>> PipelineRuns::find_by_output(sql::Session& session, const CallContext& ctx,
                                                                const std::string& digest) {
  if (digest.empty()) return std::optional<PipelineRun>{};
  return session.query_one_as<PipelineRun>(kByOutput, args(ctx.project_id, digest));
}

Result<PipelineRun> PipelineRuns::update(const CallContext& ctx, const PipelineRun& run, const Also& also) {
  return ledger_.change<PipelineRun>(
      ctx, {fmt::format("pipeline_run.{}", enum_name(run.status)), "pipeline_run", run.run_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<PipelineRun> {
        TRACSEQ_TRY(const PipelineRun before, load(tx, ctx, run.run_id));
        if (is_final(before.status))
          return fail(Code::conflict, fmt::format("the pipeline run '{}' has ended already", run.run_id));
        if (also) TRACSEQ_CHECK(also(tx));
        TRACSEQ_CHECK(tx.execute(
            kUpdate, args(run.input_data_hash, run.input_rows, run.output_data_path, run.output_data_hash,
                          run.output_rows, run.quality_report_id, run.data_quality_score, steps_text(run),
                          run.feature_count, enum_name(run.status), run.started_at, run.completed_at,
                          run.error_message, run.transformation_id, run.run_id)));
        record.before = to_document(before);
        TRACSEQ_TRY(PipelineRun after, load(tx, ctx, run.run_id));
        record.after = to_document(after);
        record.publish("pipeline_runs", std::string(enum_name(run.status)));
        return after;
      });
}

}  // namespace tracseq::features
