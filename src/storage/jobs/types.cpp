// SPDX-License-Identifier: MIT
#include "storage/jobs/types.h"

#include <fmt/core.h>

namespace tracseq::jobs {

std::string external_id(const Job& job) { return fmt::format("tracseq-{}-{}", job.job_id, job.attempt); }

TRACSEQ_DEFINE_ENUM(JobState)
TRACSEQ_DEFINE_TYPE(Job, {.name = "kind", .text = "what a worker must be able to do"},
                    {.name = "progress", .text = "0 to 1", .min = 0, .max = 1})
TRACSEQ_DEFINE_TYPE(JobPage)
TRACSEQ_DEFINE_TYPE(JobLogLine)
TRACSEQ_DEFINE_TYPE(JobLogPage)
TRACSEQ_DEFINE_TYPE(ClaimedJob, {.name = "token", .text = "fencing token of this attempt"})
TRACSEQ_DEFINE_TYPE(Heartbeat)
TRACSEQ_DEFINE_TYPE(JobHost)

}  // namespace tracseq::jobs
