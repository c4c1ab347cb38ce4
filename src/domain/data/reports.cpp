// SPDX-License-Identifier: MIT
#include "domain/data/reports.h"

#include <fmt/core.h>

#include "base/id.h"
#include "base/identifier.h"
#include "domain/data/paging.h"

namespace tracseq::data {

TRACSEQ_DEFINE_TYPE(AssessRequest, {.name = "report_id", .length_max = 128},
                    {.name = "schema_id", .required = true}, {.name = "path", .required = true})

namespace {

using sql::args;

constexpr sql::Statement kPut{"data.put_report",
                              "INSERT INTO quality_reports (report_id, project_id, schema_id, dataset_hash, "
                              "quality_score, document, created_at) "
                              "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (report_id) DO UPDATE SET "
                              "dataset_hash = excluded.dataset_hash, "
                              "quality_score = excluded.quality_score, document = excluded.document"};
constexpr sql::Statement kGet{"data.get_report",
                              "SELECT document FROM quality_reports WHERE project_id = ? AND report_id = ?"};
constexpr sql::Statement kList{
    "data.list_reports",
    "SELECT document FROM quality_reports WHERE project_id = ? AND (? = '' OR schema_id = ?) AND (created_at "
    "< ? OR "
    "(created_at = ? AND report_id < ?)) ORDER BY created_at DESC, report_id DESC LIMIT ?"};

std::string document_of(const sql::Row& row) { return row.str(0); }

Result<std::optional<QualityReport>> load(sql::Session& session, const CallContext& ctx,
                                          const std::string& id) {
  TRACSEQ_TRY(const auto text, session.query_one(kGet, args(ctx.project_id, id), document_of));
  if (!text) return std::optional<QualityReport>{};
  TRACSEQ_TRY(QualityReport report, from_json<QualityReport>(*text, UnknownFields::ignore));
  return std::optional<QualityReport>{std::move(report)};
}

Result<void> put(sql::Transaction& tx, const CallContext& ctx, const QualityReport& report) {
  TRACSEQ_CHECK(tx.execute(kPut, args(report.report_id, ctx.project_id, report.schema_id, report.dataset_hash,
                                      report.quality_score, to_json(report), report.created_at)));
  return {};
}

// What the audit trail keeps of a report: not its statistics.
Json summary(const QualityReport& report) {
  QualityReport brief = report;
  brief.column_stats = Json::object();
  brief.issues.clear();
  return to_document(brief);
}

}  // namespace

Result<QualityReport> Reports::request(const CallContext& ctx, const AssessRequest& request) {
  TRACSEQ_CHECK(schemas_.get(ctx, {request.schema_id}));
  QualityReport report;
  report.report_id = request.report_id.empty() ? new_id() : request.report_id;
  TRACSEQ_CHECK(check_identifier("report_id", report.report_id));
  report.schema_id = request.schema_id;
  report.created_at = now();
  report.status = ReportStatus::pending;
  report.quality_score = 0;
  report.column_stats = Json::object();
  AssessRequest payload = request;
  payload.report_id = report.report_id;
  auto made = ledger_.change<QualityReport>(
      ctx, {"quality_report.request", "quality_report", report.report_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<QualityReport> {
        TRACSEQ_TRY(const auto earlier, load(tx, ctx, report.report_id));
        if (earlier)
          return fail(Error{Code::conflict,
                            fmt::format("the report '{}' exists already", report.report_id),
                            {},
                            "report_id"});
        jobs::JobSpec spec;
        spec.kind = kQualityJob;
        spec.payload = to_document(payload);
        spec.object_type = "quality_report";
        spec.object_id = report.report_id;
        TRACSEQ_TRY(const jobs::Job job, jobs_.enqueue(tx, ctx, spec));
        report.job_id = job.job_id;
        TRACSEQ_CHECK(put(tx, ctx, report));
        record.after = summary(report);
        record.publish("quality_reports", "requested");
        return report;
      });
  if (made) jobs_.wake();
  return made;
}

Result<QualityReport> Reports::store(const CallContext& ctx, const QualityReport& report) {
  return ledger_.change<QualityReport>(
      ctx, {"quality_report.create", "quality_report", report.report_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<QualityReport> {
        TRACSEQ_TRY(const auto earlier, load(tx, ctx, report.report_id));
        QualityReport stored = report;
        if (earlier) {
          stored.created_at = earlier->created_at;
          stored.job_id = earlier->job_id;
          record.before = summary(*earlier);
        }
        TRACSEQ_CHECK(put(tx, ctx, stored));
        record.after = summary(stored);
        record.publish("quality_reports", "created");
        return stored;
      });
}

Result<void> Reports::settle(QualityReport& report) {
  if (report.status != ReportStatus::pending || !report.job_id) return {};
  TRACSEQ_TRY(const jobs::Job job, jobs_.get(*report.job_id));
  if (job.state != jobs::JobState::failed && job.state != jobs::JobState::cancelled) return {};
  report.status = ReportStatus::failed;
  report.error_message = job.error.empty() ? "the assessment was cancelled" : job.error;
  return {};
}

Result<QualityReport> Reports::get(const CallContext& ctx, const ReportRef& ref) {
  TRACSEQ_TRY(auto found,
              database_.read([&](sql::Session& session) { return load(session, ctx, ref.report_id); }));
  if (!found)
    return fail(Error{
        Code::not_found, fmt::format("there is no quality report '{}'", ref.report_id), {}, "report_id"});
  TRACSEQ_CHECK(settle(*found));
  return std::move(*found);
}

Result<QualityReport> Reports::wait(const CallContext& ctx, const std::string& report_id,
                                    std::chrono::milliseconds timeout) {
  TRACSEQ_TRY(QualityReport report, get(ctx, {report_id}));
  if (report.status != ReportStatus::pending || !report.job_id) return report;
  TRACSEQ_CHECK(jobs_.wait(ctx, *report.job_id, timeout));
  return get(ctx, {report_id});
}

Result<QualityReportPage> Reports::list(const CallContext& ctx, const ListReports& request) {
  TRACSEQ_TRY(const PagePlace place, PagePlace::from_token(request.page_token));
  TRACSEQ_TRY(const auto documents, database_.read([&](sql::Session& session) {
    return session.query_all(kList,
                             args(ctx.project_id, request.schema_id, request.schema_id, place.time_us,
                                  place.time_us, place.id, request.limit + 1),
                             document_of);
  }));
  QualityReportPage page;
  for (const auto& document : documents) {
    if (std::ssize(page.items) == request.limit) {
      page.next_page_token = PagePlace::token(page.items.back().created_at, page.items.back().report_id);
      break;
    }
    TRACSEQ_TRY(QualityReport report, from_json<QualityReport>(document, UnknownFields::ignore));
    TRACSEQ_CHECK(settle(report));
    report.column_stats = Json::object();
    page.items.push_back(std::move(report));
  }
  return page;
}

}  // namespace tracseq::data
