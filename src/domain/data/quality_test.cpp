// SPDX-License-Identifier: MIT
#include "domain/data/quality.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "domain/data/profile.h"
#include "storage/sql/testing.h"

namespace tracseq::data {
namespace {

class Quality : public testing::Test {
 protected:
  void SetUp() override { sql::testing::find_modules(); }

  Result<QualityReport> assess_text(const std::string& schema_json, const std::string& rules,
                                    const std::string& content) {
    const auto path = (folder_.path() / "data.csv").string();
    std::ofstream(path, std::ios::binary) << content;
    Schema schema;
    schema.columns = *parse_json(schema_json);
    if (!rules.empty()) schema.validation_rules = *parse_json(rules)->as_array();
    TRACSEQ_TRY(const ParsedSchema parsed, parse_schema(schema));
    TRACSEQ_TRY(const auto file, tables::inspect_file(path));
    TRACSEQ_TRY(tables::TableEngine* const engine, tables::table_engine());
    TRACSEQ_TRY(const auto columns, engine->describe(file));
    TRACSEQ_TRY(const auto table,
                engine->load(file, load_plan(parsed, columns), folder_.path().string(), {}, {}));
    return assess(*table, parsed, missing_columns(parsed, columns), {});
  }

  static bool has(const QualityReport& report, IssueType type, Severity severity, const std::string& text) {
    for (const auto& issue : report.issues)
      if (issue.type == type && issue.severity == severity &&
          issue.description.find(text) != std::string::npos)
        return true;
    std::string all;
    for (const auto& issue : report.issues) all += issue.description + "\n";
    ADD_FAILURE() << "no issue '" << text << "' among:\n" << all;
    return false;
  }
  static double number(const QualityReport& report, const char* column, const char* key) {
    const Json* value = report.column_stats.find(column)->find(key);
    EXPECT_NE(value, nullptr) << key;
    return value != nullptr ? value->number_or(NAN) : NAN;
  }

  sql::testing::TemporaryFolder folder_;
};

TEST_F(Quality, OfACleanTableIsOne) {
  const auto report = assess_text(R"({"id": {"type": "string", "nullable": false, "unique": true},
                                      "x": {"type": "float", "min": 0, "max": 100}})",
                                  "", "id,x\na,1\nb,2\nc,3\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  EXPECT_EQ(report->quality_score, 1);
  EXPECT_TRUE(report->issues.empty());
  EXPECT_EQ(report->total_rows, 3);
  EXPECT_EQ(report->missing_value_percentage, 0);
  EXPECT_EQ(number(*report, "x", "mean"), 2);
  EXPECT_EQ(number(*report, "x", "std"), 1);
  EXPECT_EQ(number(*report, "x", "min"), 1);
  EXPECT_EQ(number(*report, "x", "median"), 2);
  EXPECT_EQ(report->column_stats.find("x")->find("histogram")->find("counts")->as_array()->size(),
            kHistogramBins);
}

// The extent of the column is more than a double holds.
TEST_F(Quality, DescribesTheLargestNumbers) {
  const auto report =
      assess_text(R"({"x": {"type": "float"}})", "", "x\n-1e308\n1e308\n-1e308\n1e307\n1.7e308\n-1.7e308\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  const Json* histogram = report->column_stats.find("x")->find("histogram");
  const auto& counts = *histogram->find("counts")->as_array();
  const auto& edges = *histogram->find("edges")->as_array();
  ASSERT_EQ(counts.size(), kHistogramBins);
  std::int64_t total = 0;
  for (const Json& count : counts) total += count.integer_or(0);
  EXPECT_EQ(total, 6);
  EXPECT_EQ(counts.front().integer_or(0), 1);
  EXPECT_EQ(counts.back().integer_or(0), 1);
  EXPECT_EQ(counts[kHistogramBins / 2].integer_or(0), 1);
  for (std::size_t i = 1; i < edges.size(); ++i) EXPECT_LT(edges[i - 1].number_or(0), edges[i].number_or(0));
  EXPECT_TRUE(std::isfinite(number(*report, "x", "median")));
}

// More numeric columns than one pass takes.
TEST_F(Quality, DescribesManyColumns) {
  ASSERT_GT(400 * NumericProfile::bytes_most(3), 2 * kProfileBytesMax);
  std::string header = "c0";
  std::string row = "0";
  std::string schema = R"({"c0": {"type": "float"})";
  for (int c = 1; c < 400; ++c) {
    header += fmt::format(",c{}", c);
    row += fmt::format(",{}", c);
    schema += fmt::format(R"(, "c{}": {{"type": "float"}})", c);
  }
  const auto report = assess_text(schema + "}", "", header + "\n" + row + "\n" + row + "\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  for (const int c : {0, 100, 200, 399})
    EXPECT_EQ(number(*report, fmt::format("c{}", c).c_str(), "median"), c);
}

TEST_F(Quality, ADecimalCommaIsNamedAsTheCause) {
  const auto report = assess_text(
      R"({"x": {"type": "float"}, "n": {"type": "integer"}, "y": {"type": "float"}, "t": {"type": "datetime"}})",
      "", "x;n;y;t\n1,5;1,234;a,b;1,5\n2,5;7;2.5;2024-01-01\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  using enum IssueType;
  using enum Severity;
  const std::string hint = "; numbers are read with a decimal point, without separators";
  has(*report, schema_mismatch, error, "2 values of 'x' are no float, such as '1,5'" + hint);
  has(*report, schema_mismatch, error, "1 values of 'n' are no integer, such as '1,234'" + hint);
  for (const QualityIssue& issue : report->issues)
    EXPECT_EQ(issue.description.find(hint) != std::string::npos,
              issue.columns[0] == "x" || issue.columns[0] == "n")
        << issue.description;
}

TEST_F(Quality, ReportsAllFaultsAtOnce) {
  const auto report = assess_text(
      R"({"id": {"type": "string", "nullable": false, "unique": true, "pattern": "^S[0-9]+$"},
          "kind": {"type": "string", "allowed_values": ["blood", "urine"]},
          "x": {"type": "float", "min": 0, "max": 1000}, "n": {"type": "integer"}, "ok": {"type": "boolean"},
          "taken": {"type": "datetime", "max": "2030-01-01T00:00:00Z"}, "seen": {"type": "datetime"},
          "absent": {"type": "float"}, "spare": {"type": "float", "required": false}})",
      R"([{"rule": "comparison", "left": "taken", "op": "<=", "right": "seen", "name": "order"},
          {"rule": "required_if", "column": "x", "when_column": "kind", "equals": "blood"},
          {"rule": "unique_together", "columns": ["kind", "n"]}])",
      "id,kind,x,n,ok,taken,seen,more\n"
      "S1,blood,10,1,true,2024-01-01,2024-01-02,a\n"
      "S2,urine,11,2,false,2024-01-03,2024-01-02,b\n"
      "S2,saliva,12,2.5,maybe,2024-01-01,2024-01-02,\n"
      ",blood,,4,true,2031-01-01,,d\n"
      "T5,urine,abc,1,true,yesterday,2024-01-02,e{}\n"
      "S6,urine,-1,7,true,2024-01-01,2024-01-02,f\n"
      "S7,urine,5000,8,true,2024-01-01,2024-01-02,g\n"
      "S8,urine,13,9,true,2024-01-01,2024-01-02,h\n"
      "S8,urine,13,9,true,2024-01-01,2024-01-02,h\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  using enum IssueType;
  using enum Severity;
  has(*report, schema_mismatch, error, "the required column 'absent' is missing");
  has(*report, missing_values, error, "1 values of 'id' are missing (11.1 %); the column must not have any");
  has(*report, schema_mismatch, error, "2 values of 'id' repeat an earlier one");
  has(*report, schema_mismatch, error, "1 values of 'id' do not match the pattern");
  has(*report, schema_mismatch, error, "1 values of 'kind' are not among those allowed");
  has(*report, schema_mismatch, error, "1 values of 'x' are no float, such as 'abc'");
  has(*report, schema_mismatch, error, "1 values of 'x' are below 0");
  has(*report, schema_mismatch, error, "1 values of 'x' are above 1000");
  has(*report, schema_mismatch, error, "1 values of 'n' are no integer, such as '2.5'");
  has(*report, schema_mismatch, error, "1 values of 'ok' are no boolean, such as 'maybe'");
  has(*report, schema_mismatch, error, "1 values of 'taken' are above");
  has(*report, schema_mismatch, error, "1 values of 'taken' are no datetime, such as 'yesterday'");
  has(*report, schema_mismatch, error, "1 rows break the rule taken <= seen (order)");
  has(*report, missing_values, error, "1 rows have no 'x' though 'kind' is \"blood\"");
  has(*report, schema_mismatch, error, "1 rows repeat an earlier combination of kind, n");
  has(*report, duplicates, warning, "1 rows repeat an earlier one");
  has(*report, outliers, warning, "2 values of 'x' lie more than 1.5");
  EXPECT_EQ(report->duplicate_rows, 1);
  EXPECT_EQ(report->total_columns, 8);
  // Missing: id, x, seen, more; 'abc' and '2.5' are mismatches, not missing.
  EXPECT_NEAR(report->missing_value_percentage, 100.0 * 4 / 72, 1e-12);
  EXPECT_GT(report->quality_score, 0);
  EXPECT_LT(report->quality_score, 0.8);
  EXPECT_EQ(report->issues.front().severity, error);
  EXPECT_EQ(report->issues.back().severity, info);
}

TEST_F(Quality, InfiniteValuesBreakTheSchemaAndAreCountedApart) {
  const auto report = assess_text(R"({"x": {"type": "float"}, "y": {"type": "float"}})", "",
                                  "x,y\n1,inf\n2,-inf\ninf,1e400\n1e400,-Infinity\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  has(*report, IssueType::schema_mismatch, Severity::warning, "2 values of 'x' are infinite");
  EXPECT_EQ(number(*report, "x", "count"), 2);
  EXPECT_EQ(number(*report, "x", "infinite"), 2);
  EXPECT_EQ(number(*report, "x", "missing"), 0);
  EXPECT_EQ(number(*report, "x", "mean"), 1.5);
  EXPECT_EQ(number(*report, "y", "count"), 0);
  EXPECT_EQ(number(*report, "y", "infinite"), 4);
  EXPECT_NEAR(report->quality_score, 1 - 6.0 / 8, 1e-12);
}

TEST_F(Quality, AnInfiniteValueBeyondTheRangeBreaksTwoRules) {
  const auto report = assess_text(R"({"x": {"type": "float", "min": 0, "max": 9}})", "", "x\n1\n2\n3\ninf\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  has(*report, IssueType::schema_mismatch, Severity::error, "1 values of 'x' are above 9");
  has(*report, IssueType::schema_mismatch, Severity::warning, "1 values of 'x' are infinite");
  EXPECT_NEAR(report->quality_score, 1 - 2.0 / 4, 1e-12);
}

// The engine itself reads neither a 't' nor an offset behind minutes.
TEST_F(Quality, ABoundMayBeAnyTimeOfASchema) {
  const auto report = assess_text(R"({"at": {"type": "datetime", "min": "2024-01-02t03:04Z"}})", "",
                                  "at\n2024-01-02T03:03:59\n2024-01-02T03:04:00\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  has(*report, IssueType::schema_mismatch, Severity::error, "1 values of 'at' are below");
}

TEST_F(Quality, OfNothingIsZero) {
  const auto report = assess_text(R"({"x": {"type": "float"}})", "", "x\n");
  ASSERT_TRUE(report) << report.error().message << report.error().detail;
  EXPECT_EQ(report->quality_score, 0);
  EXPECT_EQ(report->total_rows, 0);
}

TEST_F(Quality, NamesAPatternThatIsNoRegularExpression) {
  const auto report = assess_text(R"({"x": {"type": "string", "pattern": "(["}})", "", "x\na\n");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::invalid);
}

TEST(SchemaParsing, RefusesToCompareColumnsOfDifferentTypes) {
  const auto parse = [](const char* left, const char* right) {
    Schema schema;
    schema.columns =
        *parse_json(fmt::format(R"({{"a": {{"type": "{}"}}, "b": {{"type": "{}"}}}})", left, right));
    schema.validation_rules = {
        *parse_json(R"({"rule": "comparison", "left": "a", "op": "<", "right": "b"})")};
    const auto parsed = parse_schema(schema);
    return parsed ? std::string() : parsed.error().message;
  };
  EXPECT_EQ(parse("integer", "float"), "");
  EXPECT_EQ(parse("datetime", "datetime"), "");
  EXPECT_EQ(parse("string", "string"), "");
  const std::string refused = parse("float", "datetime");
  EXPECT_NE(refused.find("validation_rules[0].right: 'a' is a float and 'b' a datetime"), std::string::npos)
      << refused;
  EXPECT_NE(parse("string", "integer"), "");
  EXPECT_NE(parse("boolean", "integer"), "");
}

TEST(SchemaParsing, NamesWhatIsWrong) {
  const auto error_of = [](const char* columns, const char* rules = "[]") {
    Schema schema;
    schema.columns = *parse_json(columns);
    schema.validation_rules = *parse_json(rules)->as_array();
    const auto parsed = parse_schema(schema);
    return parsed ? Error{} : parsed.error();
  };
  EXPECT_EQ(error_of("{}").field, "columns");
  EXPECT_EQ(error_of(R"({"a": {"type": "number"}})").field, "columns.a.type");
  EXPECT_NE(error_of(R"({"a": {"type": "number"}})").message.find("allowed are string, integer"),
            std::string::npos);
  EXPECT_EQ(error_of(R"({"a": {}})").field, "columns.a.type");
  EXPECT_EQ(error_of(R"({"a": {"type": "string", "nulable": true}})").field, "columns.a.nulable");
  EXPECT_EQ(error_of(R"({"a": {"type": "string", "min": 1}})").field, "columns.a.min");
  EXPECT_EQ(error_of(R"({"a": {"type": "integer", "allowed_values": [1, "b"]}})").field,
            "columns.a.allowed_values");
  EXPECT_EQ(error_of(R"({"a": {"type": "float", "nullable": 1}})").field, "columns.a.nullable");
  EXPECT_EQ(error_of(R"({"a": {"type": "float", "pattern": "x"}})").field, "columns.a.pattern");
  EXPECT_EQ(error_of(R"({"a": {"type": "float"}})",
                     R"([{"rule": "comparison", "left": "b", "op": "<", "value": 1}])")
                .field,
            "validation_rules[0].left");
  EXPECT_EQ(error_of(R"({"a": {"type": "float"}})",
                     R"([{"rule": "comparison", "left": "a", "op": "=<", "value": 1}])")
                .field,
            "validation_rules[0].op");
  EXPECT_EQ(error_of(R"({"a": {"type": "float"}})",
                     R"([{"rule": "comparison", "left": "a", "op": "<", "value": "x"}])")
                .field,
            "validation_rules[0].value");
  EXPECT_TRUE(
      error_of(R"({"a": {"type": "float", "min": 0, "max": 1.5, "description": "share"}})").message.empty());
}

}  // namespace
}  // namespace tracseq::data
