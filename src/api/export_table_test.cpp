// SPDX-License-Identifier: MIT
#include "api/export_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tracseq::api {

struct ExportPart {
  double score = 0;
  std::optional<std::int64_t> count;
};
TRACSEQ_DESCRIBE(ExportPart, (score, count))
TRACSEQ_DEFINE_TYPE(ExportPart)

struct ExportRow {
  std::string id;
  bool done = false;
  std::optional<ExportPart> part;
  std::map<std::string, double> metrics;
  std::vector<std::string> tags;
  Timestamp at;
};
TRACSEQ_DESCRIBE(ExportRow, (id, done, part, metrics, tags, at))
TRACSEQ_DEFINE_TYPE(ExportRow)

namespace {

ExportTable learned(const std::vector<Json>& items) {
  ExportTable table;
  for (const Json& item : items) table.learn(item);
  return table;
}

std::vector<Json> rows() {
  return {*parse_json(R"({"id": 1, "name": "a, \"b\"", "metrics": {"auc": 0.5}, "tags": ["x"]})"),
          *parse_json(R"({"id": 2, "name": "c", "metrics": {"auc": "NaN", "f1": 1}, "done": true})")};
}

TEST(ExportTable, RowsOfDifferentShapeFitOneTable) {
  const auto items = rows();
  const ExportTable table = learned(items);
  EXPECT_EQ(table.csv_header(), "id,name,metrics.auc,tags,metrics.f1,done\r\n");
  EXPECT_EQ(table.csv_row(items[0]), "1,\"a, \"\"b\"\"\",0.5,\"[\"\"x\"\"]\",,\r\n");
  EXPECT_EQ(table.csv_row(items[1]), "2,c,NaN,,1,true\r\n");
}

TEST(ExportTable, ColumnsHaveTheTypeOfTheirValues) {
  std::vector<tables::ColumnType> types;
  for (const auto& info : learned(rows()).columns()) types.push_back(info.type);
  using enum tables::ColumnType;
  EXPECT_EQ(types, (std::vector{int64, string, float64, string, int64, boolean}));
}

TEST(ExportTable, WithoutRowsTheDescriptionSaysTheColumns) {
  ExportTable table;
  EXPECT_EQ(table.csv_header(), "");
  table.learn(type_info<ExportRow>());
  EXPECT_EQ(table.csv_header(), "id,done,part.score,part.count,tags,at\r\n");
  std::vector<tables::ColumnType> types;
  for (const auto& info : table.columns()) types.push_back(info.type);
  using enum tables::ColumnType;
  EXPECT_EQ(types, (std::vector{string, boolean, float64, int64, string, string}));
}

TEST(ExportTable, BatchesKnowWhatIsMissingBeyondOneWord) {
  std::vector<Json> items(130, *parse_json(R"({"a": 1, "b": 2.5})"));
  items[70] = *parse_json(R"({"a": 1})");
  items[129] = *parse_json(R"({"b": "NaN"})");
  const ExportTable table = learned(items);
  auto batch = table.empty_batch();
  for (const Json& item : items) table.add_row(batch, item);
  EXPECT_EQ(batch.rows, 130U);
  EXPECT_FALSE(batch.columns[1].present(70));
  EXPECT_TRUE(batch.columns[1].present(71));
  EXPECT_TRUE(batch.columns[1].present(128));
  EXPECT_TRUE(std::isnan(batch.columns[1].doubles[129]));
  EXPECT_FALSE(batch.columns[0].present(129));
}

}  // namespace
}  // namespace tracseq::api
