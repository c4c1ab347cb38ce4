// SPDX-License-Identifier: MIT
#include "domain/data/types.h"

namespace tracseq::data {

TRACSEQ_DEFINE_ENUM(IssueType)
TRACSEQ_DEFINE_ENUM(Severity)
TRACSEQ_DEFINE_ENUM(ReportStatus)
TRACSEQ_DEFINE_TYPE(Schema, {.name = "schema_id", .text = "Made when left out.", .length_max = 128},
                    {.name = "name", .text = "What people call it.", .length_max = 500},
                    {.name = "version", .length_max = 64},
                    {.name = "columns",
                     .text = "For each column its type and what its values must be.",
                     .required = true},
                    {.name = "validation_rules", .text = "Rules across columns.", .length_max = kRulesMax},
                    {.name = "description", .length_max = 8000}, {.name = "created_by", .length_max = 256})
TRACSEQ_DEFINE_TYPE(SchemaPage)
TRACSEQ_DEFINE_TYPE(QualityIssue)
TRACSEQ_DEFINE_TYPE(QualityReport, {.name = "missing_value_percentage", .text = "0 to 100, over all cells."},
                    {.name = "quality_score", .text = "0 to 1."})
TRACSEQ_DEFINE_TYPE(QualityReportPage)
TRACSEQ_DEFINE_TYPE(SchemaRef, {.name = "schema_id", .required = true})
TRACSEQ_DEFINE_TYPE(ReportRef, {.name = "report_id", .required = true})
TRACSEQ_DEFINE_TYPE(ListSchemas, {.name = "limit", .min = 1, .max = static_cast<double>(kListedMax)})
TRACSEQ_DEFINE_TYPE(ListReports, {.name = "limit", .min = 1, .max = static_cast<double>(kListedMax)})

}  // namespace tracseq::data
