// SPDX-License-Identifier: MIT
#include "domain/data/quality.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/clock.h"
#include "domain/data/profile.h"

namespace tracseq::data {
namespace {

using tables::ColumnType;
using tables::quote;

constexpr std::size_t kColumnsPerQuery = 100;
constexpr std::int64_t kTopValues = 10;
constexpr std::int64_t kDistinctForTopValuesMax = 100'000;  // beyond, no value is frequent enough to be told
constexpr std::int64_t kExactDistinctRowsMax = 100'000;
constexpr double kMuchMissing = 0.2;  // share of a column that makes a warning
constexpr double kManyOutliers = 0.05;

// The value as an SQL literal of the column's type.
std::string literal(ColumnType type, const Json& value) {
  if (type == ColumnType::timestamp) {  // schemas take forms of RFC 3339 that the engine does not
    const auto time = parse_rfc3339(value.string_or(""));
    TRACSEQ_ENSURE(time);
    return fmt::format("CAST({} AS TIMESTAMPTZ)::TIMESTAMP", quote(format_rfc3339(*time)));
  }
  if (value.is_string()) return quote(value.string_or(""));
  if (value.is_bool()) return value.bool_or(false) ? "true" : "false";
  if (value.is_integer()) return std::to_string(value.integer_or(0));
  return fmt::format("CAST({} AS DOUBLE)", quote(tables::number_text(value.number_or(0))));
}

// One number to be counted in the table and what it means if it is not 0.
struct Question {
  std::string sql;  // an aggregate of type BIGINT
  IssueType type = IssueType::schema_mismatch;
  Severity severity = Severity::error;
  std::string description;  // follows the number
  std::vector<std::string> columns;
  bool counts_repeats = false;  // of `columns`, instead of `sql`
};

struct ColumnCounts {
  std::int64_t present = 0;
  std::int64_t mismatched = 0;
  std::int64_t distinct = 0;  // about
  std::string example;        // of a mismatch
  std::optional<std::int64_t> length_min, length_max;
  std::string first, last;  // of times
};

std::string count_where(const std::string& condition) {
  return fmt::format("count(*) FILTER (WHERE {})", condition);
}

constexpr std::string_view kDecimalPoint = "; numbers are read with a decimal point, without separators";

bool is_number(ColumnType type) { return type == ColumnType::float64 || type == ColumnType::int64; }

// "1,5", also "1.234,5" and "1,234": digits on both sides of a comma and nothing but a number's characters.
bool has_decimal_comma(std::string_view text) {
  const auto comma = text.find(',');
  const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  return comma != text.npos && comma > 0 && digit(comma - 1) && digit(comma + 1) &&
         text.find_first_not_of("0123456789.,+-eE ") == text.npos;
}

class Assessment {
 public:
  Assessment(tables::Table& table, const ParsedSchema& schema, const tables::Check& check)
      : table_(table), schema_(schema), check_(check), infos_(table.columns()) {}

  Result<QualityReport> run(const std::vector<std::string>& missing) {
    report_.total_rows = table_.rows();
    report_.total_columns = static_cast<std::int64_t>(infos_.size());
    for (const auto& name : missing) add_missing_column(name);
    TRACSEQ_CHECK(count_columns());
    TRACSEQ_CHECK(ask_rules());
    TRACSEQ_CHECK(count_duplicates());
    TRACSEQ_TRY(profiles_, profile_numbers(table_, check_));
    TRACSEQ_CHECK(describe_columns());
    score();
    std::stable_sort(report_.issues.begin(), report_.issues.end(),
                     [](const QualityIssue& a, const QualityIssue& b) { return a.severity > b.severity; });
    return std::move(report_);
  }

 private:
  [[nodiscard]] double share(std::int64_t count) const {
    return report_.total_rows == 0 ? 0 : static_cast<double>(count) / static_cast<double>(report_.total_rows);
  }

  void add(IssueType type, Severity severity, std::string description, std::vector<std::string> columns,
           std::int64_t count) {
    report_.issues.push_back({type, severity, std::move(description), std::move(columns), count});
  }

  void add_missing_column(const std::string& name) {
    add(IssueType::schema_mismatch, Severity::error, fmt::format("the required column '{}' is missing", name),
        {name}, report_.total_rows);
    violations_ += report_.total_rows;
    checked_ += report_.total_rows;
  }

  // The first row of a query.
  Result<void> ask(const std::string& sql, FunctionRef<void(const tables::ColumnBatch&)> visit) {
    if (check_) TRACSEQ_CHECK(check_());
    return table_.query(
        sql,
        [&](const tables::ColumnBatch& batch) -> Result<void> {
          visit(batch);
          return {};
        },
        check_);
  }

  Result<void> count_columns() {
    counts_.resize(infos_.size());
    for (std::size_t start = 0; start < infos_.size(); start += kColumnsPerQuery) {
      const std::size_t end = std::min(infos_.size(), start + kColumnsPerQuery);
      std::string select;
      for (std::size_t c = start; c < end; ++c) {
        const std::string cell = table_.sql(infos_[c].name);
        const std::string mismatch = table_.mismatch_sql(infos_[c].name);
        const bool text = infos_[c].type == ColumnType::string;
        const bool time = infos_[c].type == ColumnType::timestamp;
        // Exact where that is cheap; the estimate of a few hundred values may be a third off.
        const std::string distinct = report_.total_rows <= kExactDistinctRowsMax
                                         ? fmt::format("count(DISTINCT {})", cell)
                                         : fmt::format("CAST(approx_count_distinct({}) AS BIGINT)", cell);
        select += fmt::format("{}count({}), count({}), {}, min({}), {}, {}, {}, {}",
                              select.empty() ? "" : ", ", cell, mismatch, distinct, mismatch,
                              text ? fmt::format("min(length({}))", cell) : "CAST(NULL AS BIGINT)",
                              text ? fmt::format("max(length({}))", cell) : "CAST(NULL AS BIGINT)",
                              time ? fmt::format("min({})", cell) : "CAST(NULL AS TIMESTAMP)",
                              time ? fmt::format("max({})", cell) : "CAST(NULL AS TIMESTAMP)");
      }
      TRACSEQ_CHECK(ask(fmt::format("SELECT {} FROM data", select), [&](const tables::ColumnBatch& batch) {
        for (std::size_t c = start; c < end; ++c) read_counts(batch, (c - start) * 8, counts_[c]);
      }));
    }
    return {};
  }

  static void read_counts(const tables::ColumnBatch& batch, std::size_t at, ColumnCounts& counts) {
    const auto& columns = batch.columns;
    counts.present = columns[at].integers[0];
    counts.mismatched = columns[at + 1].integers[0];
    counts.distinct = columns[at + 2].integers[0];
    if (columns[at + 3].present(0)) counts.example = std::string(columns[at + 3].text(0));
    if (columns[at + 4].present(0)) counts.length_min = columns[at + 4].integers[0];
    if (columns[at + 5].present(0)) counts.length_max = columns[at + 5].integers[0];
    if (columns[at + 6].present(0)) counts.first = tables::value_text(columns[at + 6], 0);
    if (columns[at + 7].present(0)) counts.last = tables::value_text(columns[at + 7], 0);
  }

  void add_value_questions(const ColumnRule& rule, std::vector<Question>& questions) const {
    const std::string cell = table_.sql(rule.name);
    const auto add_question = [&](std::string sql, std::string description) {
      questions.push_back(
          {std::move(sql), IssueType::schema_mismatch, Severity::error, std::move(description), {rule.name}});
    };
    if (rule.min)
      add_question(count_where(fmt::format("{} < {}", cell, literal(rule.type, *rule.min))),
                   fmt::format("values of '{}' are below {}", rule.name, dump_json(*rule.min)));
    if (rule.max)
      add_question(count_where(fmt::format("{} > {}", cell, literal(rule.type, *rule.max))),
                   fmt::format("values of '{}' are above {}", rule.name, dump_json(*rule.max)));
    if (!rule.allowed_values.empty()) {
      std::vector<std::string> allowed;
      for (const Json& value : rule.allowed_values) allowed.push_back(literal(rule.type, value));
      add_question(count_where(fmt::format("{} NOT IN ({})", cell, fmt::join(allowed, ", "))),
                   fmt::format("values of '{}' are not among those allowed", rule.name));
    }
    if (!rule.pattern.empty())
      add_question(count_where(fmt::format("NOT regexp_matches({}, {})", cell, quote(rule.pattern))),
                   fmt::format("values of '{}' do not match the pattern {}", rule.name, rule.pattern));
    if (rule.unique)
      questions.push_back(
          {"",
           IssueType::schema_mismatch,
           Severity::error,
           fmt::format("values of '{}' repeat an earlier one; they must be unique", rule.name),
           {rule.name},
           true});
  }

  [[nodiscard]] bool loaded(const std::string& column) const {
    return std::any_of(infos_.begin(), infos_.end(), [&](const auto& info) { return info.name == column; });
  }

  void add_rule_question(const TableRule& rule, std::vector<Question>& questions) const {
    const std::string called = rule.name.empty() ? "" : fmt::format(" ({})", rule.name);
    if (rule.rule == RuleKind::comparison) {
      if (!loaded(rule.left) || (rule.right && !loaded(*rule.right))) return;
      const std::string right =
          rule.right ? table_.sql(*rule.right) : literal(schema_.find(rule.left)->type, *rule.value);
      std::vector<std::string> columns{rule.left};
      if (rule.right) columns.push_back(*rule.right);
      questions.push_back({count_where(fmt::format("NOT ({} {} {})", table_.sql(rule.left), rule.op, right)),
                           IssueType::schema_mismatch, Severity::error,
                           fmt::format("rows break the rule {} {} {}{}", rule.left, rule.op,
                                       rule.right ? *rule.right : dump_json(*rule.value), called),
                           std::move(columns)});
    } else if (rule.rule == RuleKind::required_if) {
      if (!loaded(rule.column) || !loaded(rule.when_column)) return;
      const ColumnRule& when = *schema_.find(rule.when_column);
      questions.push_back(
          {count_where(fmt::format("{} = {} AND {} IS NULL", table_.sql(rule.when_column),
                                   literal(when.type, *rule.equals), table_.sql(rule.column))),
           IssueType::missing_values,
           Severity::error,
           fmt::format("rows have no '{}' though '{}' is {}{}", rule.column, rule.when_column,
                       dump_json(*rule.equals), called),
           {rule.column, rule.when_column}});
    } else {
      if (!std::all_of(rule.columns.begin(), rule.columns.end(), [&](const auto& c) { return loaded(c); }))
        return;
      questions.push_back(
          {"", IssueType::schema_mismatch, Severity::error,
           fmt::format("rows repeat an earlier combination of {}{}", fmt::join(rule.columns, ", "), called),
           rule.columns, true});
    }
  }

  Result<void> ask_rules() {
    std::vector<Question> questions;
    for (const ColumnRule& rule : schema_.columns) {
      if (!loaded(rule.name)) continue;
      checked_ += report_.total_rows;
      add_value_questions(rule, questions);
    }
    for (const TableRule& rule : schema_.rules) add_rule_question(rule, questions);
    for (const Question& question : questions) {
      if (!question.counts_repeats) continue;
      TRACSEQ_TRY(const std::int64_t count, table_.repeats(question.columns, check_));
      answer(question, count);
    }
    std::erase_if(questions, [](const Question& question) { return question.counts_repeats; });
    for (std::size_t start = 0; start < questions.size(); start += kColumnsPerQuery) {
      const std::size_t end = std::min(questions.size(), start + kColumnsPerQuery);
      std::string select;
      for (std::size_t q = start; q < end; ++q)
        select += fmt::format("{}CAST({} AS BIGINT)", select.empty() ? "" : ", ", questions[q].sql);
      TRACSEQ_CHECK(ask(fmt::format("SELECT {} FROM data", select), [&](const tables::ColumnBatch& batch) {
        for (std::size_t q = start; q < end; ++q) answer(questions[q], batch.columns[q - start].integers[0]);
      }));
    }
    return {};
  }

  void answer(const Question& question, std::int64_t count) {
    if (count == 0) return;
    add(question.type, question.severity, fmt::format("{} {}", count, question.description), question.columns,
        count);
    violations_ += count;
  }

  Result<void> count_duplicates() {
    if (check_) TRACSEQ_CHECK(check_());
    TRACSEQ_TRY(report_.duplicate_rows, table_.duplicates(check_));
    if (report_.duplicate_rows > 0)
      add(IssueType::duplicates, Severity::warning,
          fmt::format("{} rows repeat an earlier one in every cell", report_.duplicate_rows), {},
          report_.duplicate_rows);
    return {};
  }

  Result<void> describe_columns() {
    report_.column_stats = Json::object();
    std::int64_t missing_cells = 0;
    for (std::size_t c = 0; c < infos_.size(); ++c) {
      const ColumnCounts& counts = counts_[c];
      const std::int64_t missing = report_.total_rows - counts.present - counts.mismatched;
      missing_cells += missing;
      note_column(infos_[c], counts, missing);
      Json stats = Json::object();
      stats.set("type", tables::type_name(infos_[c].type));
      const auto profile = std::find_if(profiles_.begin(), profiles_.end(), [&](const NumericProfile& p) {
        return p.column().name == infos_[c].name;
      });
      const std::int64_t infinite = profile == profiles_.end() ? 0 : profile->infinite();
      stats.set("count", counts.present - infinite);
      stats.set("missing", missing);
      stats.set("missing_percentage", 100 * share(missing));
      stats.set("mismatched", counts.mismatched);
      stats.set("distinct", counts.distinct);
      if (counts.length_min) stats.set("min_length", *counts.length_min);
      if (counts.length_max) stats.set("max_length", *counts.length_max);
      if (!counts.first.empty()) stats.set("first", counts.first);
      if (!counts.last.empty()) stats.set("last", counts.last);
      if (profile != profiles_.end()) profile->describe(stats);
      if (profile == profiles_.end() && infos_[c].type != ColumnType::timestamp &&
          counts.distinct <= kDistinctForTopValuesMax)
        TRACSEQ_CHECK(add_top_values(infos_[c], stats));
      report_.column_stats.set(infos_[c].name, std::move(stats));
    }
    missing_cells_ = missing_cells;
    const std::int64_t cells = report_.total_rows * report_.total_columns;
    report_.missing_value_percentage =
        cells == 0 ? 0 : 100 * static_cast<double>(missing_cells) / static_cast<double>(cells);
    return {};
  }

  void note_column(const tables::ColumnInfo& info, const ColumnCounts& counts, std::int64_t missing) {
    const ColumnRule* rule = schema_.find(info.name);
    if (counts.mismatched > 0) {
      add(IssueType::schema_mismatch, Severity::error,
          fmt::format("{} values of '{}' are no {}, such as '{}'{}", counts.mismatched, info.name,
                      tables::type_name(info.type), counts.example.substr(0, 60),
                      is_number(info.type) && has_decimal_comma(counts.example) ? kDecimalPoint : ""),
          {info.name}, counts.mismatched);
      violations_ += counts.mismatched;
    }
    if (missing > 0) {
      const bool refused = rule != nullptr && !rule->nullable;
      add(IssueType::missing_values,
          refused                         ? Severity::error
          : share(missing) > kMuchMissing ? Severity::warning
                                          : Severity::info,
          fmt::format("{} values of '{}' are missing ({:.1f} %){}", missing, info.name, 100 * share(missing),
                      refused ? "; the column must not have any" : ""),
          {info.name}, missing);
      if (refused) violations_ += missing;
    }
    const auto profile = std::find_if(profiles_.begin(), profiles_.end(),
                                      [&](const NumericProfile& p) { return p.column().name == info.name; });
    if (profile == profiles_.end()) return;
    numeric_cells_ += profile->count();
    outliers_ += profile->outliers();
    if (profile->outliers() > 0)
      add(IssueType::outliers,
          share(profile->outliers()) > kManyOutliers ? Severity::warning : Severity::info,
          fmt::format(
              "{} values of '{}' lie more than 1.5 interquartile ranges beyond the quartiles ({} more than 3 "
              "standard deviations from the mean)",
              profile->outliers(), info.name, profile->outliers_z()),
          {info.name}, profile->outliers());
    if (profile->infinite() == 0) return;
    add(IssueType::schema_mismatch, Severity::warning,
        fmt::format("{} values of '{}' are infinite", profile->infinite(), info.name), {info.name},
        profile->infinite());
    if (rule != nullptr) violations_ += profile->infinite();
  }

  Result<void> add_top_values(const tables::ColumnInfo& info, Json& stats) {
    Json values = Json::array();
    const std::string cell = table_.sql(info.name);
    TRACSEQ_CHECK(ask(fmt::format("SELECT {0}, count(*) AS n FROM data WHERE {0} IS NOT NULL GROUP BY {0} "
                                  "ORDER BY n DESC, {0} LIMIT {1}",
                                  cell, kTopValues),
                      [&](const tables::ColumnBatch& batch) {
                        for (std::size_t r = 0; r < batch.rows; ++r) {
                          Json entry = Json::object();
                          entry.set("value", tables::value_text(batch.columns[0], r).substr(0, 200));
                          entry.set("count", batch.columns[1].integers[r]);
                          values.push_back(std::move(entry));
                        }
                      }));
    stats.set("top_values", std::move(values));
    return {};
  }

  // The product of four shares, each 1 where nothing is wrong; outliers weigh half, they may be true.
  void score() {
    const auto ratio = [](std::int64_t part, std::int64_t whole) {
      return whole <= 0 ? 0.0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
    };
    const double complete = 1 - ratio(missing_cells_, report_.total_rows * report_.total_columns);
    const double valid = 1 - ratio(violations_, checked_);
    const double fresh = 1 - ratio(report_.duplicate_rows, report_.total_rows);
    const double plain = 1 - 0.5 * ratio(outliers_, numeric_cells_);
    report_.quality_score = report_.total_rows == 0 ? 0 : complete * valid * fresh * plain;
    if (report_.total_rows == 0)
      add(IssueType::missing_values, Severity::error, "the table has a header but no rows", {}, 0);
  }

  tables::Table& table_;
  const ParsedSchema& schema_;
  const tables::Check& check_;
  std::vector<tables::ColumnInfo> infos_;
  std::vector<ColumnCounts> counts_;
  std::vector<NumericProfile> profiles_;
  QualityReport report_;
  std::int64_t missing_cells_ = 0;
  std::int64_t violations_ = 0;  // cells or rows that break the schema, once for each rule they break
  std::int64_t checked_ = 0;     // cells the schema speaks of
  std::int64_t numeric_cells_ = 0;
  std::int64_t outliers_ = 0;
};

bool named(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<tables::LoadColumn> load_plan(const ParsedSchema& schema,
                                          const std::vector<tables::ColumnInfo>& file,
                                          const std::vector<std::string>& numeric,
                                          const std::vector<std::string>& text) {
  std::vector<tables::LoadColumn> plan;
  for (const auto& info : file) {
    tables::LoadColumn column{info.name, info.type, true};
    if (const ColumnRule* rule = schema.find(info.name))
      column.type = rule->type;
    else if (named(numeric, info.name) && info.type == ColumnType::string)
      column.type = ColumnType::float64;
    else if (named(text, info.name))
      column.type = ColumnType::string;
    plan.push_back(std::move(column));
  }
  return plan;
}

std::vector<std::string> missing_columns(const ParsedSchema& schema,
                                         const std::vector<tables::ColumnInfo>& file) {
  std::vector<std::string> missing;
  for (const ColumnRule& rule : schema.columns)
    if (rule.required &&
        std::none_of(file.begin(), file.end(), [&](const auto& info) { return info.name == rule.name; }))
      missing.push_back(rule.name);
  return missing;
}

Result<QualityReport> assess(tables::Table& table, const ParsedSchema& schema,
                             const std::vector<std::string>& missing, const tables::Check& check) {
  return Assessment(table, schema, check).run(missing);
}

}  // namespace tracseq::data
