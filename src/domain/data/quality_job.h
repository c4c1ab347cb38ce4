// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "domain/data/reports.h"
#include "domain/data/schemas.h"
#include "domain/data/work_folder.h"
#include "storage/jobs/runner.h"
#include "storage/tables/table_engine.h"

namespace tracseq::data {

// Does the jobs of kind kQualityJob in a worker process. Everything outlives it.
class QualityJob final : public jobs::JobHandler {
 public:
  // `work_root`: where runs have their folders; empty: the system's temporary folder.
  QualityJob(Schemas& schemas, Reports& reports, std::string work_root, tables::EngineLimits limits)
      : schemas_(schemas), reports_(reports), work_root_(std::move(work_root)), limits_(limits) {}
  Result<Json> run(const CallContext& ctx, const jobs::Job& job, jobs::JobReporter& reporter) override;

 private:
  Schemas& schemas_;
  Reports& reports_;
  const std::string work_root_;
  const tables::EngineLimits limits_;
};

}  // namespace tracseq::data
