// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "storage/tables/duckdb/database.h"
#include "storage/tables/duckdb/repeats.h"

namespace tracseq::tables::duck {
namespace {

std::string missing_texts() {
  std::string list;
  for (const std::string_view text : kMissingTexts) list += (list.empty() ? "" : ", ") + quote(text);
  return list;
}

// `source` read as the type; null where it is none. `text`: the cells are texts; DuckDB would take 1_000 for
// a number, which no other reader does (cells.h).
std::string typed(std::string source, ColumnType type, bool text) {
  if (text && (type == ColumnType::int64 || type == ColumnType::float64))
    source = fmt::format("(CASE WHEN NOT contains(CAST({0} AS VARCHAR), '_') THEN {0} END)", source);
  switch (type) {
    case ColumnType::boolean:
      return fmt::format("TRY_CAST({} AS BOOLEAN)", source);
    // A cast of '3.7' would round it; only whole numbers are integers.
    case ColumnType::int64:
      return fmt::format(
          "CASE WHEN TRY_CAST({0} AS DOUBLE) = TRY_CAST({0} AS BIGINT) THEN TRY_CAST({0} AS BIGINT) END",
          source);
    case ColumnType::float64:
      return fmt::format("nullif(TRY_CAST({} AS DOUBLE), 'NaN'::DOUBLE)", source);
    case ColumnType::string:
      return fmt::format("CAST({} AS VARCHAR)", source);
    case ColumnType::timestamp:
      // Through TIMESTAMPTZ, which heeds an offset; without one the text is UTC, the session's zone.
      return fmt::format("TRY_CAST(TRY_CAST({} AS TIMESTAMPTZ) AS TIMESTAMP)", source);
  }
  return source;
}

std::string text_columns(const std::vector<std::string>& names) {
  std::string out = "{";
  for (const auto& name : names)
    out += fmt::format("{}{}: 'VARCHAR'", out.size() == 1 ? "" : ", ", quote(name));
  return out + "}";
}

// DuckDB takes names that differ only in case for one; where a column's place says which it is, it is called
// by that.
std::string place_name(std::size_t place) { return fmt::format("p{}", place); }
std::vector<std::string> place_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < count; ++c) names.push_back(place_name(c));
  return names;
}

// Keys of JSON lines are found by name, so that two which differ only in case cannot be told apart.
Result<void> check_case(const std::vector<std::string>& names) {
  std::map<std::string, const std::string*> seen;
  for (const auto& name : names) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto [found, is_new] = seen.emplace(std::move(lower), &name);
    if (!is_new)
      return fail(Code::invalid, fmt::format("the columns '{}' and '{}' differ only in upper and lower case; "
                                             "in JSON lines they cannot be told apart: rename one, or give "
                                             "the table as CSV",
                                             *found->second, name));
  }
  return {};
}

// What a load reads from: the text behind FROM and how the columns are called in it.
struct Scan {
  std::string sql;
  std::map<std::string, std::string, std::less<>> names;  // of the table's columns in it, where they differ
  std::set<std::string> texts;                            // columns whose cells are texts
  bool missing_texts = false;  // these may be texts of kMissingTexts (read_csv has taken them out itself)
};

// Every column of the table holds a block of this size for each thread that fills it. A wide table is filled
// by one thread, so that twice as many columns fit.
constexpr std::uint64_t kColumnBlockBytes = 256UL << 10;

EngineLimits for_columns(EngineLimits limits, const std::vector<LoadColumn>& columns) {
  std::uint64_t stored = 0;
  for (const auto& column : columns)
    stored += column.keep_mismatches && column.type != ColumnType::string ? 2 : 1;
  const auto threads = static_cast<std::uint64_t>(std::max(1, limits.threads));
  if (stored * kColumnBlockBytes * threads > limits.memory_bytes / 2) limits.threads = 1;
  return limits;
}

// What a thread reads at once. DuckDB's own 32 MiB a thread would be most of a small run's memory.
std::uint64_t csv_buffer(const EngineLimits& limits, std::uint64_t line_max) {
  const auto share = limits.memory_bytes / (16 * static_cast<std::uint64_t>(std::max(1, limits.threads)));
  return std::clamp(share, 2 * line_max, std::uint64_t{32} << 20);
}

std::string scan_of(const InputFile& file, const EngineLimits& limits) {
  const std::uint64_t line_max = kLineBytesMax + 16;
  switch (file.format) {
    case FileFormat::csv:
      // No new_line: DuckDB finds it, and naming \r\n together with nullstr loses every row (1.4.4).
      return fmt::format(
          "read_csv({}, auto_detect = false, header = true, delim = {}, quote = '\"', escape = '\"', "
          "nullstr = [{}], max_line_size = {}, buffer_size = {}, strict_mode = true, columns = {})",
          quote(file.path), quote(std::string_view(&file.delimiter, 1)), missing_texts(), line_max,
          csv_buffer(limits, line_max), text_columns(place_names(file.columns.size())));
    case FileFormat::json_lines:
      return fmt::format(
          "read_json({}, format = 'newline_delimited', maximum_object_size = {}, columns = {})",
          quote(file.path), line_max, text_columns(file.columns));
    case FileFormat::parquet:
      return fmt::format("read_parquet({})", quote(file.path));
  }
  return {};
}

// What DuckDB says of a file it cannot read, in words about that file: its own text names the path, so it is
// for the log. The line it names is kept, which may be one too far.
Error about(const InputFile& file, Error error) {
  if (error.code != Code::invalid) return error;
  const char* what = file.format == FileFormat::parquet      ? "Parquet"
                     : file.format == FileFormat::json_lines ? "JSON lines"
                                                             : "CSV";
  error.message = fmt::format("'{}' cannot be read as {}", file.name, what);
  constexpr std::string_view kLine = " line ";
  if (const auto at = error.detail.rfind(kLine);
      file.format != FileFormat::parquet && at != error.detail.npos) {
    const auto first = at + kLine.size();
    const auto end = std::min(error.detail.find_first_not_of("0123456789", first), error.detail.size());
    if (end > first) error.message += fmt::format(": near line {}", error.detail.substr(first, end - first));
  } else if (file.format == FileFormat::parquet) {
    error.message += ": it is damaged, or holds what is no table";
  }
  return error;
}

ColumnType type_of_sql(std::string_view name) {
  if (name == "BOOLEAN") return ColumnType::boolean;
  if (name == "FLOAT" || name == "DOUBLE" || name.starts_with("DECIMAL")) return ColumnType::float64;
  if (name.starts_with("TIMESTAMP") || name == "DATE") return ColumnType::timestamp;
  if (name.ends_with("INT") || name == "INTEGER" || name == "UINTEGER") return ColumnType::int64;
  return ColumnType::string;
}

class DuckTable final : public Table {
 public:
  static Result<std::unique_ptr<DuckTable>> make(const std::string& input, const std::string& folder,
                                                 const EngineLimits& limits) {
    std::unique_ptr<DuckTable> table(new DuckTable());
    table->limits_ = limits;
    TRACSEQ_TRY(table->database_, Database::open(input, folder, limits));
    TRACSEQ_TRY(table->connection_, table->database_->connect());
    TRACSEQ_CHECK(register_feed(*table->connection_, table->feed_));
    return table;
  }

  Result<void> load(const Scan& scan, const std::vector<LoadColumn>& columns, const Check& check) {
    std::string select;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto called = scan.names.find(columns[c].name);
      std::string source = quote_name(called == scan.names.end() ? columns[c].name : called->second);
      const bool text = scan.texts.contains(columns[c].name);
      if (text && scan.missing_texts)
        source = fmt::format("(CASE WHEN {0} NOT IN ({1}) THEN {0} END)", source, missing_texts());
      select += fmt::format("{}{} AS c{}", c == 0 ? "" : ", ", typed(source, columns[c].type, text), c);
      const bool keeps = columns[c].keep_mismatches && columns[c].type != ColumnType::string;
      // NaN in a Parquet file is a missing number, not a mismatch.
      if (keeps)
        select += fmt::format(
            ", CASE WHEN {1} IS NOT NULL AND {2} IS NULL AND lower(CAST({1} AS VARCHAR)) <> 'nan' "
            "THEN CAST({1} AS VARCHAR) END AS x{0}",
            c, source, typed(source, columns[c].type, text));
      infos_.push_back({columns[c].name, columns[c].type});
      mismatches_.push_back(keeps);
      places_[columns[c].name] = c;
    }
    TRACSEQ_CHECK(
        connection_->execute(fmt::format("CREATE TABLE data AS SELECT {} FROM {}", select, scan.sql), check));
    return count();
  }

  Result<void> load(const std::vector<ColumnInfo>& columns, BatchReader& reader, const Check& check) {
    std::vector<LoadColumn> loads;
    Scan scan;
    scan.sql = "tracseq_batches()";
    for (const auto& column : columns) {
      scan.names[column.name] = place_name(loads.size());
      loads.push_back({column.name, column.type, false});
    }
    start_feed(columns, reader);
    return feed_result(load(scan, loads, check));
  }

  [[nodiscard]] std::vector<ColumnInfo> columns() const override { return infos_; }
  [[nodiscard]] std::int64_t rows() const override { return rows_; }
  [[nodiscard]] std::string sql(std::string_view column) const override {
    const auto found = places_.find(column);
    TRACSEQ_ENSURE(found != places_.end());
    return fmt::format("c{}", found->second);
  }
  [[nodiscard]] std::string mismatch_sql(std::string_view column) const override {
    const auto found = places_.find(column);
    TRACSEQ_ENSURE(found != places_.end());
    return mismatches_[found->second] ? fmt::format("x{}", found->second) : "CAST(NULL AS VARCHAR)";
  }

  Result<std::unique_ptr<BatchReader>> open(const std::vector<std::string>& names) override {
    std::vector<std::string> wanted = names;
    if (wanted.empty())
      for (const auto& info : infos_) wanted.push_back(info.name);
    std::string select;
    for (const auto& name : wanted) {
      const auto found = places_.find(name);
      if (found == places_.end())
        return fail(Code::not_found, fmt::format("the table has no column '{}'", name));
      select += fmt::format("{}c{}", select.empty() ? "" : ", ", found->second);
    }
    TRACSEQ_TRY(auto connection, database_->connect());
    TRACSEQ_TRY(std::unique_ptr<QueryReader> reader,
                Connection::stream(std::move(connection), fmt::format("SELECT {} FROM data", select)));
    reader->rename(wanted);
    return reader;
  }

  Result<void> query(const std::string& text, FunctionRef<Result<void>(const ColumnBatch&)> visit,
                     const Check& check) override {
    TRACSEQ_TRY(auto connection, database_->connect());
    TRACSEQ_TRY(const auto reader, Connection::stream(std::move(connection), text, check));
    while (true) {
      if (check) TRACSEQ_CHECK(check());
      TRACSEQ_TRY(const ColumnBatch* batch, reader->next());
      if (batch == nullptr) return {};
      TRACSEQ_CHECK(visit(*batch));
    }
  }

  Result<std::int64_t> repeats(const std::vector<std::string>& columns, const Check& check) override {
    std::string cells;
    std::string present;
    for (const auto& column : columns) {
      cells += fmt::format("{}{}", cells.empty() ? "" : ", ", sql(column));
      present += fmt::format("{}{} IS NOT NULL", present.empty() ? "" : " AND ", sql(column));
    }
    RepeatSearch search(*connection_, cells, present, "some_", limits_);
    TRACSEQ_TRY(const std::int64_t found, search.run(rows_, check));
    TRACSEQ_CHECK(search.clear());
    return found;
  }

  Result<std::int64_t> duplicates(const Check& check) override {
    if (duplicates_) return *duplicates_;
    std::string cells;
    for (std::size_t c = 0; c < infos_.size(); ++c)
      cells += fmt::format("{}c{}{}", c == 0 ? "" : ", ", c, mismatches_[c] ? fmt::format(", x{}", c) : "");
    whole_rows_.emplace(*connection_, cells, "", "", limits_);
    TRACSEQ_TRY(duplicates_, whole_rows_->run(rows_, check));
    return *duplicates_;
  }

  Result<std::int64_t> drop_duplicates(const Check& check) override {
    TRACSEQ_TRY(const std::int64_t repeats, duplicates(check));
    TRACSEQ_CHECK(whole_rows_->drop(check));
    TRACSEQ_CHECK(whole_rows_->clear());
    duplicates_.reset();
    whole_rows_.reset();
    TRACSEQ_CHECK(count());
    return repeats;
  }

  Result<void> write_parquet(const std::vector<ColumnInfo>& columns, BatchReader& reader,
                             const std::string& path) override {
    std::string select;
    for (std::size_t c = 0; c < columns.size(); ++c)
      select += fmt::format("{}{} AS {}", c == 0 ? "" : ", ", place_name(c), quote_name(columns[c].name));
    start_feed(columns, reader);
    return feed_result(connection_->execute(
        fmt::format("COPY (SELECT {} FROM tracseq_batches()) TO {} (FORMAT parquet)", select, quote(path))));
  }

 private:
  DuckTable() = default;

  void start_feed(const std::vector<ColumnInfo>& columns, BatchReader& reader) {
    const Lock lock(feed_.mutex);
    feed_.columns.clear();
    for (const ColumnInfo& column : columns)
      feed_.columns.push_back({place_name(feed_.columns.size()), column.type});
    feed_.reader = &reader;
    feed_.batch = nullptr;
    feed_.row = 0;
    feed_.error.reset();
  }
  // The reader's own error says more than what DuckDB made of it.
  Result<void> feed_result(Result<void> result) {
    const Lock lock(feed_.mutex);
    feed_.reader = nullptr;
    if (!result && feed_.error) return fail(*feed_.error);
    return result;
  }

  Result<void> count() {
    TRACSEQ_TRY(const auto found, connection_->numbers("SELECT count(*) FROM data"));
    rows_ = found.front();
    return {};
  }

  EngineLimits limits_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
  BatchFeed feed_;
  std::vector<ColumnInfo> infos_;
  std::vector<bool> mismatches_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::int64_t rows_ = 0;
  std::optional<RepeatSearch> whole_rows_;
  std::optional<std::int64_t> duplicates_;
};

class DuckEngine final : public TableEngine {
 public:
  Result<std::vector<ColumnInfo>> describe(const InputFile& file) override {
    std::vector<ColumnInfo> infos;
    if (file.format != FileFormat::parquet) {
      if (file.format == FileFormat::json_lines) TRACSEQ_CHECK(check_case(file.columns));
      for (const auto& name : file.columns) infos.push_back({name, ColumnType::string});
      return infos;
    }
    TRACSEQ_TRY(const auto table, DuckTable::make(file.path, file.path + ".d", {}));
    const auto sql =
        fmt::format("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {})", scan_of(file, {}));
    auto asked = table->query(
        sql,
        [&](const ColumnBatch& batch) -> Result<void> {
          for (std::size_t r = 0; r < batch.rows; ++r)
            infos.push_back({std::string(batch.columns[0].text(r)), type_of_sql(batch.columns[1].text(r))});
          return {};
        },
        {});
    if (!asked) return fail(about(file, std::move(asked.error())));
    return infos;
  }

  Result<std::unique_ptr<Table>> load(const InputFile& file, const std::vector<LoadColumn>& columns,
                                      const std::string& folder, const EngineLimits& limits,
                                      const Check& check) override {
    TRACSEQ_TRY(const auto known, describe(file));
    for (const auto& column : columns)
      if (std::none_of(known.begin(), known.end(),
                       [&](const ColumnInfo& i) { return i.name == column.name; }))
        return fail(
            Error{Code::not_found, fmt::format("the file has no column '{}'", column.name), {}, column.name});
    const EngineLimits own = for_columns(limits, columns);
    TRACSEQ_TRY(std::unique_ptr<DuckTable> table, DuckTable::make(file.path, folder, own));
    Scan scan;
    scan.sql = scan_of(file, own);
    scan.missing_texts = file.format != FileFormat::csv;
    for (const auto& info : known)
      if (info.type == ColumnType::string) scan.texts.insert(info.name);
    if (file.format == FileFormat::csv)
      for (std::size_t c = 0; c < known.size(); ++c) scan.names[known[c].name] = place_name(c);
    if (auto loaded = table->load(scan, columns, check); !loaded) {
      if (loaded.error().code == Code::resource_exhausted)
        loaded.error().message +=
            fmt::format(" ({} MiB for {} columns); give the worker more, or leave columns out",
                        limits.memory_bytes >> 20, columns.size());
      return fail(about(file, std::move(loaded.error())));
    }
    return table;
  }

  Result<std::unique_ptr<Table>> load(const std::vector<ColumnInfo>& columns, BatchReader& reader,
                                      const std::string& folder, const EngineLimits& limits,
                                      const Check& check) override {
    TRACSEQ_TRY(std::unique_ptr<DuckTable> table, DuckTable::make({}, folder, limits));
    TRACSEQ_CHECK(table->load(columns, reader, check));
    return table;
  }
};

}  // namespace
}  // namespace tracseq::tables::duck

// The module's one door; see table_engine.cpp.
extern "C" __attribute__((visibility("default"))) tracseq::tables::TableEngine* tracseq_table_engine();
tracseq::tables::TableEngine* tracseq_table_engine() {
  static tracseq::tables::duck::DuckEngine engine;
  return &engine;
}
