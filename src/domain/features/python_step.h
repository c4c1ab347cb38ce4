// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "domain/features/config.h"
#include "storage/jobs/store.h"
#include "storage/tables/table_engine.h"

namespace tracseq::features {

inline constexpr const char* kPythonJobPrefix = "python.transform:";  // followed by the function's name

struct PythonStepContext {
  jobs::JobStore& jobs;
  const CallContext& ctx;
  const jobs::Job& parent;
  const std::string& folder;  // the run's own; shared with the process that hosts the function
  const tables::EngineLimits& limits;
  const tables::Check& check;
  std::chrono::milliseconds host_wait;  // without a living host
};

// Hands a table to the process that hosts the function of `transformation`, as a child job with the payload
// {"input": path, "output": path, "transformation": {…}} over files of the columnar format, and loads what it
// gives back. What the function sees has its features' gaps filled and outliers clipped, as the preprocessing
// has them. `unprocessable` if no living process hosts the function for
// `host_wait`, before it is queued or while it is, and for the function's own failure.
Result<std::unique_ptr<tables::Table>> run_python_step(const PythonStepContext& context,
                                                       const Json& transformation,
                                                       const FeatureConfig& config,
                                                       std::unique_ptr<tables::Table> table);

}  // namespace tracseq::features
