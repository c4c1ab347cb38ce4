// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/data/schemas.h"
#include "domain/data/types.h"
#include "storage/jobs/store.h"
#include "storage/sql/database.h"

namespace tracseq::data {

inline constexpr const char* kQualityJob = "data.quality";

// A file somebody wants assessed. The caller has resolved `path` to a file of this machine.
struct AssessRequest {
  std::string report_id;  // made when left out
  std::string schema_id;
  std::string path;             // below `data_root` where that is set
  std::string data_root;        // a folder that opening the path must not leave
  std::string expected_digest;  // SHA-256 of the content; empty: any
  std::string name;             // what the caller calls the file; empty: its path
};
TRACSEQ_DESCRIBE(AssessRequest, (report_id, schema_id, path, data_root, expected_digest, name))

// Quality reports: asked for here, made by a worker (quality_job.h), kept here. Thread-safe.
class Reports {
 public:
  Reports(sql::Database& database, audit::Ledger& ledger, jobs::JobStore& jobs, Schemas& schemas)
      : database_(database), ledger_(ledger), jobs_(jobs), schemas_(schemas) {}

  // Enqueues the assessment; the report is `pending` until a worker has made it. `not_found` for an unknown
  // schema.
  Result<QualityReport> request(const CallContext& ctx, const AssessRequest& request);
  // What a worker found. A report of that id is replaced if it is pending (its job ran again), else left.
  Result<QualityReport> store(const CallContext& ctx, const QualityReport& report);
  // A report whose job ended without it is `failed` and says why.
  Result<QualityReport> get(const CallContext& ctx, const ReportRef& ref);
  // The same, as soon as it is not pending, at the latest when the time is over.
  Result<QualityReport> wait(const CallContext& ctx, const std::string& report_id,
                             std::chrono::milliseconds timeout);
  // Newest first, without their column statistics.
  Result<QualityReportPage> list(const CallContext& ctx, const ListReports& request);

 private:
  Result<void> settle(QualityReport& report);

  sql::Database& database_;
  audit::Ledger& ledger_;
  jobs::JobStore& jobs_;
  Schemas& schemas_;
};

}  // namespace tracseq::data
