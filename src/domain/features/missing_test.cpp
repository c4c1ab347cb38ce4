// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "domain/features/fit.h"
#include "domain/features/testing.h"

// What is missing in a file is missing in a request: a text gives the same numbers on both ways.
namespace tracseq::features {
namespace {

class MissingTexts : public testing::FileTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(MissingTexts, GiveTheSameNumbersInAFileAndInARequest) {
  FeatureConfig config;
  config.numeric_features = {"x"};
  config.categorical_features = {"kind"};
  config.text_features = {"note"};
  config.encoding_method = Encoding::onehot;
  config.feature_selection_enabled = false;
  config.scaling_method = Scaling::none;
  const std::string word = GetParam();
  for (const std::string format : {"csv", "jsonl"}) {
    const auto row = [&](const std::string& x, const std::string& kind, const std::string& note) {
      return format == "csv"
                 ? x + "," + kind + "," + note + "\n"
                 : R"({"x": ")" + x + R"(", "kind": ")" + kind + R"(", "note": ")" + note + "\"}\n";
    };
    std::string content = format == "csv" ? "x,kind,note\n" : "";
    content += row("1", "blood", "null na none nan") + row("5", "blood", "fresh");
    content += row("9", "urine", "old null") + row(word, word, word);
    const std::vector<tables::ColumnBatch> table = load("table." + format, content,
                                                        {{"x", tables::ColumnType::float64, false},
                                                         {"kind", tables::ColumnType::string, false},
                                                         {"note", tables::ColumnType::string, false}});
    tables::MemorySource source(table);
    auto fitted = fit(config, source);
    ASSERT_TRUE(fitted) << fitted.error().message;
    const auto offline = fitted->transformation().transform(table.front());
    ASSERT_TRUE(offline) << offline.error().message;
    Json record = Json::object();
    for (const char* column : {"x", "kind", "note"}) record.set(column, word);
    const auto online = fitted->transformation().transform_record(record);
    ASSERT_TRUE(online) << format << " '" << word << "': " << online.error().message;
    ASSERT_EQ(online->size(), offline->columns.size());
    for (std::size_t c = 0; c < online->size(); ++c)
      EXPECT_EQ((*online)[c], offline->columns[c].doubles[3]) << format << " " << offline->columns[c].name;
    EXPECT_EQ(online->front(), 5) << "the median";
    EXPECT_EQ((*online)[1], 1) << "the most frequent kind";
  }
}
INSTANTIATE_TEST_SUITE_P(All, MissingTexts,
                         ::testing::Values("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"));

TEST_F(MissingTexts, AndNonFiniteNumbersAreImputedInARequest) {
  tables::ColumnBatch batch;
  batch.rows = 3;
  batch.columns.resize(1);
  batch.columns[0].name = "x";
  batch.columns[0].doubles = {1, 5, 9};
  const std::vector<tables::ColumnBatch> table{batch};
  tables::MemorySource source(table);
  FeatureConfig config;
  config.numeric_features = {"x"};
  config.feature_selection_enabled = false;
  config.scaling_method = Scaling::none;
  auto fitted = fit(config, source);
  ASSERT_TRUE(fitted);
  for (const char* text : {"\"Infinity\"", "\"-Infinity\"", "\"NaN\"", R"({"$number": "NaN"})"}) {
    const auto out =
        fitted->transformation().transform_record(*parse_json(std::string(R"({"x": )") + text + "}"));
    ASSERT_TRUE(out) << text << out.error().message;
    EXPECT_EQ(out->front(), 5) << text;
  }
  EXPECT_FALSE(fitted->transformation().transform_record(*parse_json(R"({"x": "much"})")));
}

}  // namespace
}  // namespace tracseq::features
