// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "base/json.h"

namespace tracseq::data {

inline constexpr std::size_t kSchemaColumnsMax = 10'000;
inline constexpr std::size_t kRulesMax = 1'000;
inline constexpr std::int64_t kListedMax = 1'000;

// What a table must be. `columns`: name -> {"type", "nullable", "required", "min", "max", "allowed_values",
// "pattern", "unique", "description"}; schema.h reads it. Immutable once stored; a change is a schema with
// another version.
struct Schema {
  std::string schema_id;
  std::string name;
  std::string version = "1.0";
  Json columns;
  std::vector<Json> validation_rules;
  std::string description;
  Timestamp created_at;
  std::string created_by;
};
TRACSEQ_DESCRIBE(Schema,
                 (schema_id, name, version, columns, validation_rules, description, created_at, created_by))

struct SchemaPage {
  std::vector<Schema> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(SchemaPage, (items, next_page_token))

enum class IssueType { missing_values, outliers, duplicates, schema_mismatch, data_drift };
TRACSEQ_DESCRIBE_ENUM(IssueType, missing_values, outliers, duplicates, schema_mismatch, data_drift)
enum class Severity { info, warning, error };
TRACSEQ_DESCRIBE_ENUM(Severity, info, warning, error)

struct QualityIssue {
  IssueType type = IssueType::schema_mismatch;
  Severity severity = Severity::warning;
  std::string description;
  std::vector<std::string> columns;
  std::int64_t count = 0;  // cells or rows concerned
};
TRACSEQ_DESCRIBE(QualityIssue, (type, severity, description, columns, count))

enum class ReportStatus { pending, completed, failed };
TRACSEQ_DESCRIBE_ENUM(ReportStatus, pending, completed, failed)

// What was found in one table. Holds aggregates only.
struct QualityReport {
  std::string report_id;
  std::string dataset_hash;  // SHA-256 of the file
  std::string schema_id;
  std::int64_t total_rows = 0;
  std::int64_t total_columns = 0;
  double missing_value_percentage = 0;  // 0…100, over all cells of the file
  std::int64_t duplicate_rows = 0;      // repeats only
  std::vector<QualityIssue> issues;     // gravest first
  Json column_stats;                    // name -> statistics
  double quality_score = 1;             // 0…1, see README.md
  Timestamp created_at;
  ReportStatus status = ReportStatus::completed;
  std::optional<std::string> error_message;
  std::optional<std::string> job_id;
};
TRACSEQ_DESCRIBE(QualityReport, (report_id, dataset_hash, schema_id, total_rows, total_columns,
                                 missing_value_percentage, duplicate_rows, issues, column_stats,
                                 quality_score, created_at, status, error_message, job_id))

struct QualityReportPage {
  std::vector<QualityReport> items;  // without column_stats
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(QualityReportPage, (items, next_page_token))

struct SchemaRef {
  std::string schema_id;
};
TRACSEQ_DESCRIBE(SchemaRef, (schema_id))
struct ReportRef {
  std::string report_id;
};
TRACSEQ_DESCRIBE(ReportRef, (report_id))
struct ListSchemas {
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListSchemas, (limit, page_token))
struct ListReports {
  std::string schema_id;  // empty: all
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListReports, (schema_id, limit, page_token))

}  // namespace tracseq::data
