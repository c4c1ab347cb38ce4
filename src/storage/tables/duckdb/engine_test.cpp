// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "storage/tables/cells.h"
#include "storage/tables/table_engine.h"

namespace tracseq::tables {
namespace {

class Engine : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tracseq-tables-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto engine = table_engine();
    ASSERT_TRUE(engine) << engine.error().message << engine.error().detail;
    engine_ = *engine;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // The error of inspecting and loading all columns as text, or nothing.
  std::string error_of(const std::string& name, const std::string& content) {
    auto table = load(write(name, content));
    return table ? "" : table.error().message;
  }
  Result<std::unique_ptr<Table>> load(const std::string& path, std::vector<LoadColumn> columns = {},
                                      const EngineLimits& limits = {}) {
    TRACSEQ_TRY(const InputFile file, inspect_file(path));
    if (columns.empty()) {
      TRACSEQ_TRY(const auto infos, engine_->describe(file));
      for (const auto& info : infos) columns.push_back({info.name, info.type, true});
    }
    return engine_->load(file, columns, folder_, limits, {});
  }
  // All rows as text, "~" for missing.
  static std::vector<std::string> rows(Table& table, const std::vector<std::string>& names = {}) {
    std::vector<std::string> out;
    auto reader = table.open(names);
    EXPECT_TRUE(reader) << (reader ? "" : reader.error().message);
    while (true) {
      auto batch = (*reader)->next();
      EXPECT_TRUE(batch) << (batch ? "" : batch.error().message);
      if (!batch || *batch == nullptr) return out;
      for (std::size_t r = 0; r < (*batch)->rows; ++r) {
        std::string row;
        for (const Column& column : (*batch)->columns)
          row += (row.empty() ? "" : "|") + (column.present(r) ? value_text(column, r) : std::string("~"));
        out.push_back(row);
      }
    }
  }

  std::string folder_;
  TableEngine* engine_ = nullptr;
};

TEST_F(Engine, ReadsTypesAndKeepsWhatDoesNotFit) {
  const auto path = write("a.csv",
                          "id,n,x,ok,at\n"
                          "a,1,1.5,true,2024-01-02\n"
                          "b,2.0,nan,False,2024-01-02T03:04:05Z\n"
                          "c,3.7,abc,maybe,2024-01-02 03:04:05+02:00\n"
                          "\"d,\"\"e\",NA,,1,yesterday\n");
  auto table = load(path, {{"n", ColumnType::int64, true},
                           {"x", ColumnType::float64, true},
                           {"ok", ColumnType::boolean, true},
                           {"at", ColumnType::timestamp, true},
                           {"id", ColumnType::string, true}});
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  EXPECT_EQ((*table)->rows(), 4);
  EXPECT_EQ(rows(**table),
            (std::vector<std::string>{"1|1.5|true|2024-01-02T00:00:00.000000Z|a",
                                      "2|~|false|2024-01-02T03:04:05.000000Z|b",
                                      "~|~|~|2024-01-02T01:04:05.000000Z|c", "~|~|true|~|d,\"e"}));
  std::string mismatches;
  const auto sql =
      fmt::format("SELECT {}, {}, {}, {} FROM data", (*table)->mismatch_sql("n"), (*table)->mismatch_sql("x"),
                  (*table)->mismatch_sql("ok"), (*table)->mismatch_sql("at"));
  const auto done = (*table)->query(sql,
                                    [&](const ColumnBatch& batch) -> Result<void> {
                                      for (std::size_t r = 0; r < batch.rows; ++r)
                                        for (const Column& column : batch.columns)
                                          if (column.present(r))
                                            mismatches += std::string(column.text(r)) + ";";
                                      return {};
                                    },
                                    {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(mismatches, "3.7;abc;maybe;yesterday;");
}

TEST_F(Engine, ReadsEverySaneDialect) {
  const std::vector<std::string> expected{"1|a b", "2|~", "3|x"};
  for (const char* content :
       {"n,s\n1,a b\n2,\n3,x\n", "n;s\r\n1;a b\r\n2;\r\n3;x\r\n", "n\ts\n1\ta b\n2\t\n3\tx",
        "n|s\n1|\"a b\"\n2|\n3|x\n", "\xEF\xBB\xBFn,s\n1,a b\n2,\n3,x\n", "n,s\r1,a b\r2,\r3,x\r",
        "\"n\",\"s\"\n\"1\",\"a b\"\n\"2\",\"\"\n\"3\",\"x\"\n", "n,s\n\n1,a b\n2,\n\n3,x\n\n"}) {
    auto table = load(write("d.csv", content));
    ASSERT_TRUE(table) << content << table.error().message << table.error().detail;
    EXPECT_EQ(rows(**table, {"n", "s"}), expected) << content;
  }
  auto quoted = load(write("q.csv", "n,s\n1,\"two\nlines, \"\"quoted\"\"\"\n2,in\"side\n"));
  ASSERT_TRUE(quoted) << quoted.error().message << quoted.error().detail;
  EXPECT_EQ(rows(**quoted), (std::vector<std::string>{"1|two\nlines, \"quoted\"", "2|in\"side"}));
}

TEST_F(Engine, TellsColumnsApartThatDifferInCase) {
  auto table = load(
      write("a.csv", "a,A,y\n1,2,3\n4,5,6\n"),
      {{"A", ColumnType::int64, true}, {"y", ColumnType::string, true}, {"a", ColumnType::float64, true}});
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  EXPECT_EQ(rows(**table), (std::vector<std::string>{"2|3|1", "5|6|4"}));
  auto reader = (*table)->open({"a", "A"});
  ASSERT_TRUE(reader);
  auto copy =
      engine_->load({{"a", ColumnType::float64}, {"A", ColumnType::int64}}, **reader, folder_, {}, {});
  ASSERT_TRUE(copy) << copy.error().message << copy.error().detail;
  EXPECT_EQ(rows(**copy), (std::vector<std::string>{"1|2", "4|5"}));
  reader = (*copy)->open({});
  const auto written = (*copy)->write_parquet((*copy)->columns(), **reader, folder_ + "/case.parquet");
  ASSERT_TRUE(written) << written.error().message << written.error().detail;
  auto again = load(folder_ + "/case.parquet");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(rows(**again), (std::vector<std::string>{"1|2", "4|5"}));
  EXPECT_NE(error_of("a.jsonl", "{\"name\": 1, \"Name\": 2}\n").find("'name' and 'Name' differ only in"),
            std::string::npos);
}

// The same text in a file and in a request is the same value.
TEST_F(Engine, ReadsCellsAsARequestIsRead) {
  constexpr std::string_view kCells =
      "true|TRUE|tRuE|True|t|T|1|y|Yes|yes|on|off|no|NO|n|N|f|F|0|false|False|FALSE| true|true |"
      " 1|1 |1.0|01|2|-1|+1|0.0|1_0|50| 50|50 |+50|-50|++5|- 5|5.|.5|.|5e|5e3|5E+3|5e-3|e5|"
      "1e400|1e-400|-1e400|inf|INF|-inf|+inf|infinity|-Infinity|infi|0x10|_1|1__0|1,5|1f|1.5e|"
      "0.1e1.5|1e5.|00012|-0|1e|1 2|0b11|-|+|1.e5|.e5|+.5|-.5|3.7|3.0|15e-1|10e-1|12.5e1|much|"
      "maybe|9223372036854775807|9223372036854775808|-9223372036854775808|9007199254740993|"
      "9007199254740993.00|123456789012345678901234567890|";
  std::vector<std::string> cells;
  for (std::size_t from = 0, to = 0; from < kCells.size(); from = to + 1) {
    to = kCells.find('|', from);
    cells.emplace_back(kCells.substr(from, to - from));
  }
  std::string content = "b,x,n\n";
  for (const auto& cell : cells) content += fmt::format("\"{0}\",\"{0}\",\"{0}\"\n", cell);
  auto table = load(write("cells.csv", content), {{"b", ColumnType::boolean, false},
                                                  {"x", ColumnType::float64, false},
                                                  {"n", ColumnType::int64, false}});
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  const auto loaded = rows(**table);
  ASSERT_EQ(loaded.size(), cells.size());
  const auto shown = [](const auto& value, auto text) { return value ? text(*value) : std::string("~"); };
  for (std::size_t r = 0; r < cells.size(); ++r)
    EXPECT_EQ(loaded[r],
              shown(boolean_cell(cells[r]), [](bool b) { return std::string(b ? "true" : "false"); }) + "|" +
                  shown(number_cell(cells[r]), number_text) + "|" +
                  shown(integer_cell(cells[r]), [](std::int64_t n) { return std::to_string(n); }))
        << "'" << cells[r] << "'";
}

// A time that a request may have is the same instant in a file; a file may have more.
TEST_F(Engine, ReadsEveryTimeOfARequest) {
  const std::vector<std::pair<std::string, std::string>> cells{
      {"2024-01-02", "2024-01-02T00:00:00.000000Z"},
      {"0001-01-01", "0001-01-01T00:00:00.000000Z"},
      {"1582-10-10", "1582-10-10T00:00:00.000000Z"},
      {"2024-02-29", "2024-02-29T00:00:00.000000Z"},
      {"2024-01-02T03:04", "2024-01-02T03:04:00.000000Z"},
      {"2024-01-02 03:04:05", "2024-01-02T03:04:05.000000Z"},
      {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05.000000Z"},
      {"2024-01-02T03:04:05.1", "2024-01-02T03:04:05.100000Z"},
      {"2024-01-02T03:04:05.9999999Z", "2024-01-02T03:04:05.999999Z"},
      {"1969-12-31T23:59:59.9999995Z", "1969-12-31T23:59:59.999999Z"},
      {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"},
      {"2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05.000000Z"},
      {"2024-01-02 03:04:05.25-0230", "2024-01-02T05:34:05.250000Z"},
      {"1234-05-06T07:08:09+23:59", "1234-05-05T07:09:09.000000Z"}};
  const std::vector<std::string> in_neither{
      "2024-01-02t03:04:05Z",  "2024-01-02T03:04:05z",  "2024-01-02T03:04Z", "2024-01-02 03:04+02:00",
      "2024-01-02T03:04+0200", "2024-01-02Z",           "2024-01-02T",       "2024-02-30",
      "2024-01-02T23:59:60Z",  "2024-01-02T03:04:05 Z", "yesterday"};
  const std::vector<std::string> in_a_file{"2024-1-2", "2024/01/02", "2024-01-02 3:04:05",
                                           "2024-01-02T03:04:05+02", " 2024-01-02"};
  std::string content = "t\n";
  for (const auto& [cell, time] : cells) content += "\"" + cell + "\"\n";
  for (const auto* more : {&in_neither, &in_a_file})
    for (const auto& cell : *more) content += "\"" + cell + "\"\n";
  auto table = load(write("times.csv", content), {{"t", ColumnType::timestamp, false}});
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  const auto loaded = rows(**table);
  ASSERT_EQ(loaded.size(), cells.size() + in_neither.size() + in_a_file.size());
  auto row = loaded.begin();
  for (const auto& [cell, time] : cells) {
    EXPECT_EQ(*row++, time) << cell;
    const auto read = timestamp_cell(cell);
    EXPECT_EQ(read ? format_rfc3339(*read) : "~", time) << cell;
  }
  for (const auto& cell : in_neither) {
    EXPECT_EQ(*row++, "~") << cell;
    EXPECT_FALSE(timestamp_cell(cell)) << cell;
  }
  for (const auto& cell : in_a_file) {
    EXPECT_NE(*row++, "~") << cell;
    EXPECT_FALSE(timestamp_cell(cell)) << cell;
  }
}

TEST_F(Engine, AnUnderscoreIsNoPartOfANumber) {
  for (const auto& [name, content] :
       {std::pair("u.csv", "x,n\n1_000,1_0\n1000,10\n"), std::pair("u.jsonl",
                                                                   "{\"x\": \"1_000\", \"n\": \"1_0\"}\n"
                                                                   "{\"x\": 1000, \"n\": 10}\n")}) {
    auto table =
        load(write(name, content), {{"x", ColumnType::float64, true}, {"n", ColumnType::int64, true}});
    ASSERT_TRUE(table) << table.error().message << table.error().detail;
    EXPECT_EQ(rows(**table), (std::vector<std::string>{"~|~", "1000|10"})) << name;
    std::vector<std::string> kept;
    const auto asked = (*table)->query(
        fmt::format("SELECT {}, {} FROM data", (*table)->mismatch_sql("x"), (*table)->mismatch_sql("n")),
        [&](const ColumnBatch& batch) -> Result<void> {
          for (const Column& column : batch.columns) kept.emplace_back(column.text(0));
          return {};
        },
        {});
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(kept, (std::vector<std::string>{"1_000", "1_0"})) << name;
  }
}

TEST_F(Engine, ReadsJsonLines) {
  auto table = load(
      write("a.jsonl", "{\"n\": 1, \"s\": \"a\"}\n\n{\"s\": null, \"x\": 2.5}\n"),
      {{"n", ColumnType::int64, true}, {"s", ColumnType::string, true}, {"x", ColumnType::float64, true}});
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  EXPECT_EQ(rows(**table), (std::vector<std::string>{"1|a|~", "~|~|2.5"}));
  EXPECT_NE(error_of("b.jsonl", "{\"n\": 1}\n{\"n\": \n")
                .find("line 2 is not valid JSON: expected a value, found the end at column 7"),
            std::string::npos);
  EXPECT_NE(error_of("c.jsonl", "[1]\n").find("no JSON object"), std::string::npos);
}

TEST_F(Engine, ReadsAColumnThatComesLateInJsonLines) {
  std::string content;
  for (int i = 0; i < 1'500; ++i) content += fmt::format("{{\"n\": {}}}\n", i);
  content += "{\"n\": 1500, \"la\\u0074e\": 7.5}\n";
  const auto path = write("late.jsonl", content);
  const auto file = inspect_file(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->columns, (std::vector<std::string>{"n", "late"}));
  auto table = load(path, {{"late", ColumnType::float64, true}});
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  EXPECT_EQ(rows(**table).back(), "7.5");
  EXPECT_NE(error_of("a.jsonl", content + "[1]\n").find("line 1502 is no JSON object"), std::string::npos);
  EXPECT_NE(error_of("b.jsonl", content + "{\"n\"\n").find("line 1502 is not valid JSON: expected ':'"),
            std::string::npos)
      << error_of("b.jsonl", content + "{\"n\"\n");
  for (int i = 0; i < 17'000; ++i) content += fmt::format("{{\"k{}\": 1}}\n", i);
  EXPECT_NE(error_of("c.jsonl", content).find("more than 16384 columns"), std::string::npos);
}

TEST_F(Engine, WritesParquetAndReadsItAgain) {
  auto table = load(write("a.csv", "n,x,ok,s\n1,0.1,true,a\n,,,\n3,1e300,false,\"b c\"\n"),
                    {{"n", ColumnType::int64, false},
                     {"x", ColumnType::float64, false},
                     {"ok", ColumnType::boolean, false},
                     {"s", ColumnType::string, false}});
  ASSERT_TRUE(table) << table.error().message;
  const auto expected = rows(**table);
  auto reader = (*table)->open({});
  ASSERT_TRUE(reader);
  const auto written = (*table)->write_parquet((*table)->columns(), **reader, folder_ + "/out.parquet");
  ASSERT_TRUE(written) << written.error().message << written.error().detail;
  auto again = load(folder_ + "/out.parquet");
  ASSERT_TRUE(again) << again.error().message << again.error().detail;
  EXPECT_EQ(rows(**again), expected);
  EXPECT_EQ((*again)->columns()[0].type, ColumnType::int64);
  auto more = (*again)->open({});
  auto copy = engine_->load((*again)->columns(), **more, folder_, {}, {});
  ASSERT_TRUE(copy) << copy.error().message << copy.error().detail;
  EXPECT_EQ(rows(**copy), expected);
}

TEST_F(Engine, DropsRepeatedRowsAndKeepsTheOrder) {
  auto table = load(write("a.csv", "n,s\n2,b\n1,a\n2,b\nx,a\ny,a\n,a\n,a\n2,b\n"),
                    {{"n", ColumnType::int64, true}, {"s", ColumnType::string, true}});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(*(*table)->duplicates({}), 3);
  EXPECT_EQ(*(*table)->drop_duplicates({}), 3);
  EXPECT_EQ((*table)->rows(), 5);
  EXPECT_EQ(rows(**table), (std::vector<std::string>{"2|b", "1|a", "~|a", "~|a", "~|a"}));
}

// More rows than a small memory can group at once, and more repeats than it can compare at once.
TEST_F(Engine, FindsRepeatedRowsInPartsWhereMemoryIsSmall) {
  constexpr std::int64_t kRows = 1'200'000;
  const auto path = folder_ + "/repeats.csv";
  {
    std::ofstream file(path, std::ios::binary);
    file << "n,s\n";
    for (std::int64_t i = 0; i < kRows; ++i)
      file << i % 700'000 << "," << (i % 700'000 == 5 ? "" : "text") << "\n";
  }
  EngineLimits limits;
  limits.memory_bytes = 48UL << 20;
  auto table = load(path, {{"n", ColumnType::int64, true}, {"s", ColumnType::string, true}}, limits);
  ASSERT_TRUE(table) << table.error().message << table.error().detail;
  const auto repeats = (*table)->duplicates({});
  ASSERT_TRUE(repeats) << repeats.error().message << repeats.error().detail;
  EXPECT_EQ(*repeats, 500'000);
  const auto some = (*table)->repeats({"n", "s"}, {});
  ASSERT_TRUE(some) << some.error().message << some.error().detail;
  EXPECT_EQ(*some, 499'999);  // one of them has a missing cell
  EXPECT_EQ(*(*table)->drop_duplicates({}), 500'000);
  EXPECT_EQ((*table)->rows(), 700'000);
  auto reader = (*table)->open({"n"});
  ASSERT_TRUE(reader);
  std::int64_t expected = 0;
  while (const ColumnBatch* batch = *(*reader)->next())
    for (std::size_t r = 0; r < batch->rows; ++r) ASSERT_EQ(batch->columns[0].integers[r], expected++);
  EXPECT_EQ(expected, 700'000);
}

// 8,192 rows of 20 KB are 160 MB; a batch holds what kBatchBytesMax allows.
TEST_F(Engine, BatchesOfLongTextsAndManyColumnsStaySmall) {
  std::string content = "n,s\n";
  for (int i = 0; i < 5'000; ++i)
    content += fmt::format("{},{}\n", i, std::string(20'000, static_cast<char>('a' + i % 26)));
  const auto look = [&](Table& table, const std::vector<std::string>& names) {
    auto reader = table.open(names);
    EXPECT_TRUE(reader);
    std::size_t batches = 0;
    std::int64_t expected = 0;
    while (const ColumnBatch* batch = *(*reader)->next()) {
      ++batches;
      std::size_t bytes = 0;
      for (const Column& column : batch->columns)
        bytes += column.bytes.size() + 8 * (column.doubles.size() + column.integers.size());
      EXPECT_LE(bytes, kBatchBytesMax);
      for (std::size_t r = 0; r < batch->rows; ++r, ++expected) {
        EXPECT_EQ(batch->columns[0].integers[r], expected);
        EXPECT_EQ(batch->columns[0].present(r), true);
        const Column& last = batch->columns.back();
        if (last.type == ColumnType::string)
          EXPECT_EQ(last.text(r).front(), 'a' + static_cast<char>(expected % 26));
        else
          EXPECT_EQ(last.present(r), expected % 3 != 0);
      }
    }
    EXPECT_EQ(expected, table.rows());
    return batches;
  };
  auto texts =
      load(write("long.csv", content), {{"n", ColumnType::int64, false}, {"s", ColumnType::string, false}});
  ASSERT_TRUE(texts) << texts.error().message << texts.error().detail;
  EXPECT_GE(look(**texts, {}), 3U);
  std::string header = "n";
  for (int c = 0; c < 1'000; ++c) header += fmt::format(",c{}", c);
  content = header + "\n";
  for (int i = 0; i < 6'000; ++i) {
    content += std::to_string(i);
    for (int c = 0; c < 999; ++c) content += ",1";
    content += i % 3 == 0 ? ",\n" : ",2\n";
  }
  std::vector<LoadColumn> columns{{"n", ColumnType::int64, false}};
  for (int c = 0; c < 1'000; ++c) columns.push_back({fmt::format("c{}", c), ColumnType::float64, false});
  auto wide = load(write("wide.csv", content), columns);
  ASSERT_TRUE(wide) << wide.error().message << wide.error().detail;
  EXPECT_GE(look(**wide, {}), 2U);
}

TEST_F(Engine, SaysWhatIsWrongWithAFile) {
  EXPECT_NE(error_of("empty.csv", "").find("empty"), std::string::npos);
  const auto ragged = error_of("ragged.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n");
  EXPECT_NE(ragged.find("2 rows have not the 2 fields of the header: line 3 has 1, line 4 has 3"),
            std::string::npos)
      << ragged;
  EXPECT_NE(error_of("twice.csv", "a,b,a\n1,2,3\n").find("'a' twice (columns 1 and 3)"), std::string::npos);
  EXPECT_NE(error_of("latin.csv", "a,b\n1,M\xFCller\n").find("line 2 holds the byte 0xFC"),
            std::string::npos);
  EXPECT_NE(error_of("latin.csv", "a,b\n1,M\xFCller\n").find("Latin-1"), std::string::npos);
  EXPECT_NE(error_of("utf16.csv", std::string("\xFF\xFE"
                                              "a\0,\0b\0\n\0",
                                              10))
                .find("UTF-16"),
            std::string::npos);
  EXPECT_NE(error_of("utf16.csv", std::string("a\0,\0b\0\n\0", 8)).find("UTF-16"), std::string::npos);
  EXPECT_NE(error_of("nul.csv", std::string("a,b\n1,x\0yzyzyz\n", 15)).find("line 2 holds a NUL byte"),
            std::string::npos);
  EXPECT_NE(
      error_of("long.csv", "a,b\n1," + std::string(10 << 20, 'x') + "\n").find("line 2 is longer than 2 MiB"),
      std::string::npos)
      << error_of("long.csv", "a,b\n1," + std::string(10 << 20, 'x') + "\n");
  EXPECT_NE(error_of("open.csv", "a,b\n1,\"x\n2,y\n").find("line 2 is never closed"), std::string::npos);
  EXPECT_NE(error_of("single.csv", "'id','x'\n'a,b','1'\n").find("in single quotes ('id')"),
            std::string::npos);
  EXPECT_EQ(error_of("one.csv", "'id',x\na,1\n"), "");  // a name like another
  EXPECT_NE(error_of("after.csv", "a,b\n1,\"x\"y\n").find("line 2: text follows a closing quote"),
            std::string::npos);
  EXPECT_NE(error_of("a.csv.gz", "\x1F\x8B\x08").find("compressed"), std::string::npos);
  EXPECT_NE(error_of("a.parquet", "PAR1abc").find("not complete"), std::string::npos);
  EXPECT_EQ(error_of("b.parquet", "PAR1 0123456789 PAR1"),
            "'b.parquet' cannot be read as Parquet: it is damaged, or holds what is no table");
  std::string late;
  for (int i = 0; i < 1'500; ++i) late += fmt::format("{{\"n\": {}}}\n", i);
  EXPECT_EQ(error_of("late.jsonl", late + "{\"n\": tru}\n"),
            "'late.jsonl' cannot be read as JSON lines: near line 1502");
  EXPECT_EQ(load(folder_ + "/none.csv").error().code, Code::not_found);
  const auto missing = load(write("m.csv", "a,b\n1,2\n"), {{"c", ColumnType::string, false}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().field, "c");
}

TEST_F(Engine, TouchesNothingButItsFileAndFolder) {
  auto table = load(write("a.csv", "a\n1\n"));
  ASSERT_TRUE(table) << table.error().message;
  const auto outside = std::filesystem::temp_directory_path() / "tracseq-outside.csv";
  std::ofstream(outside) << "a\n1\n";
  const auto ignore = [](const ColumnBatch&) -> Result<void> { return {}; };
  for (const std::string& sql :
       {"SELECT count(*) FROM read_csv(" + quote(outside.string()) + ")",
        std::string("SELECT count(*) FROM read_text('/etc/passwd')"),
        std::string("COPY data TO '/tmp/tracseq-escape.csv'"),
        std::string("SET enable_external_access = true"), std::string("SET memory_limit = '1TB'"),
        std::string("INSTALL httpfs"), std::string("ATTACH '/tmp/tracseq-escape.db'")}) {
    const auto done = (*table)->query(sql, ignore, {});
    EXPECT_FALSE(done) << sql;
  }
  EXPECT_FALSE(std::filesystem::exists("/tmp/tracseq-escape.csv"));
  std::filesystem::remove(outside);
}

TEST_F(Engine, StopsWhenAsked) {
  std::string content = "a\n";
  for (int i = 0; i < 200'000; ++i) content += std::to_string(i) + "\n";
  TRACSEQ_ENSURE(!folder_.empty());
  const auto file = inspect_file(write("a.csv", content));
  ASSERT_TRUE(file);
  const auto table = engine_->load(*file, {{"a", ColumnType::int64, false}}, folder_, {}, [] {
    return Result<void>(fail(Code::cancelled, "the run was cancelled"));
  });
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Code::cancelled);
  // So does all work on a loaded table.
  const auto loaded = engine_->load(*file, {{"a", ColumnType::int64, false}}, folder_, {}, {});
  ASSERT_TRUE(loaded);
  const Check stop = [] { return Result<void>(fail(Code::cancelled, "the run was cancelled")); };
  const auto ignore = [](const ColumnBatch&) -> Result<void> { return {}; };
  EXPECT_EQ((*loaded)->duplicates(stop).error().code, Code::cancelled);
  EXPECT_EQ((*loaded)->drop_duplicates(stop).error().code, Code::cancelled);
  EXPECT_EQ((*loaded)->repeats({"a"}, stop).error().code, Code::cancelled);
  EXPECT_EQ((*loaded)->query("SELECT c0 FROM data", ignore, stop).error().code, Code::cancelled);
  EXPECT_EQ(*(*loaded)->duplicates({}), 0);
}

}  // namespace
}  // namespace tracseq::tables
