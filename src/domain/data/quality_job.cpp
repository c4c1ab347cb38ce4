// SPDX-License-Identifier: MIT
#include "domain/data/quality_job.h"

#include <fmt/core.h>

#include "domain/data/input_place.h"
#include "domain/data/quality.h"

namespace tracseq::data {

Result<Json> QualityJob::run(const CallContext& ctx, const jobs::Job& job, jobs::JobReporter& reporter) {
  TRACSEQ_TRY(const AssessRequest request, from_document<AssessRequest>(job.payload, UnknownFields::ignore));
  const tables::Check check = [&ctx] { return ctx.check(); };
  CallContext own = ctx;
  own.project_id = job.project_id;
  TRACSEQ_TRY(const Schema schema, schemas_.get(own, {request.schema_id}));
  TRACSEQ_TRY(const ParsedSchema parsed, parse_schema(schema));
  reporter.progress(0.05, "reading the file");
  TRACSEQ_TRY(const InputPlace place, InputPlace::open(request.data_root, request.path));
  TRACSEQ_TRY(const tables::InputFile file,
              tables::inspect_file(place.path(), check, request.name.empty() ? request.path : request.name));
  TRACSEQ_CHECK(check_digest(file, request.expected_digest));
  TRACSEQ_TRY(const WorkFolder folder, WorkFolder::make(work_root_));
  TRACSEQ_TRY(tables::TableEngine* const engine, tables::table_engine());
  TRACSEQ_TRY(const auto columns, engine->describe(file));
  TRACSEQ_TRY(const auto table,
              engine->load(file, load_plan(parsed, columns), folder.path(), limits_, check));
  reporter.progress(0.4, "assessing");
  TRACSEQ_TRY(QualityReport report, assess(*table, parsed, missing_columns(parsed, columns), check));
  report.report_id = request.report_id;
  report.schema_id = request.schema_id;
  report.dataset_hash = file.digest;
  report.created_at = now();
  TRACSEQ_TRY(const QualityReport stored, reports_.store(own, report));
  reporter.log(fmt::format("{} rows, {} issues, score {:.3f}", report.total_rows, report.issues.size(),
                           report.quality_score));
  Json result = Json::object();
  result.set("report_id", stored.report_id);
  return result;
}

}  // namespace tracseq::data
