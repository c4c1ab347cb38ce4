// SPDX-License-Identifier: MIT
#include "domain/features/cell_values.h"

#include <gtest/gtest.h>

#include "domain/features/fit.h"
#include "domain/features/testing.h"

// Booleans, integers and times: the same numbers for a cell of a file and for a value of a request.
namespace tracseq::features {
namespace {

class CellValues : public testing::FileTest {
 protected:
  // One-hot, not scaled, nothing left out.
  static FittedTransformation fitted(const std::vector<tables::ColumnBatch>& table,
                                     std::vector<std::string> numeric, std::vector<std::string> categorical) {
    FeatureConfig config;
    config.numeric_features = std::move(numeric);
    config.categorical_features = std::move(categorical);
    config.encoding_method = Encoding::onehot;
    config.feature_selection_enabled = false;
    config.scaling_method = Scaling::none;
    tables::MemorySource source(table);
    auto made = fit(config, source);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    // What is served has been stored and read again.
    auto stored = FittedTransformation::from_text(made->transformation().to_text());
    EXPECT_TRUE(stored) << (stored ? "" : stored.error().message);
    return std::move(*stored);
  }

  static std::vector<double> row_of(const tables::ColumnBatch& table, std::size_t row) {
    std::vector<double> out;
    for (const auto& column : table.columns) out.push_back(column.doubles[row]);
    return out;
  }
};

Json of(const char* column, Json value) {
  Json record = Json::object();
  record.set(column, std::move(value));
  return record;
}

TEST_F(CellValues, ABooleanHasOneValueInEverySpelling) {
  const std::vector<std::string> spellings{"True",  "true",  "TRUE",  "1", "t", "T", "yes", "Yes", "Y", "y",
                                           "False", "false", "FALSE", "0", "f", "F", "no",  "No",  "N", "n"};
  for (const std::string format : {"csv", "jsonl"}) {
    std::string content = format == "csv" ? "c,x\n" : "";
    for (const auto& word : spellings)
      content += format == "csv" ? word + ",1\n" : R"({"c": ")" + word + R"(", "x": 1})" + "\n";
    const auto table = load("booleans." + format, content, {{"c", tables::ColumnType::boolean, false}});
    const auto categories = fitted(table, {}, {"c"});
    const auto numbers = fitted(table, {"c"}, {});
    EXPECT_EQ(categories.output_names(), (std::vector<std::string>{"c_false", "c_true"}));
    const auto offline = categories.transform(table.front());
    ASSERT_TRUE(offline) << offline.error().message;
    const auto same = [&](const Json& value, std::size_t row) {
      const auto online = categories.transform_record(of("c", value));
      ASSERT_TRUE(online) << dump_json(value) << online.error().message;
      EXPECT_EQ(*online, row_of(*offline, row)) << format << " " << dump_json(value);
      const auto number = numbers.transform_record(of("c", value));
      ASSERT_TRUE(number) << dump_json(value) << number.error().message;
      EXPECT_EQ(number->front(), row < 10 ? 1 : 0) << dump_json(value);
    };
    for (std::size_t r = 0; r < spellings.size(); ++r) same(Json(spellings[r]), r);
    for (const Json& truth : {Json(true), Json(1), Json(1.0)}) same(truth, 0);
    for (const Json& lie : {Json(false), Json(0), Json(0.0)}) same(lie, 10);
    for (const Json& other : {Json("maybe"), Json("on"), Json(2), Json(0.5), Json(" true")}) {
      const auto refused = categories.transform_record(of("c", other));
      ASSERT_FALSE(refused) << dump_json(other);
      EXPECT_EQ(refused.error().field, "c");
      EXPECT_NE(refused.error().message.find("wants true or false"), std::string::npos);
      EXPECT_FALSE(numbers.transform_record(of("c", other))) << dump_json(other);
    }
    // A table whose column is text, as another program wrote it.
    const auto texts = load("texts." + format, content, {{"c", tables::ColumnType::string, false}});
    const auto again = categories.transform(texts.front());
    ASSERT_TRUE(again) << again.error().message;
    for (std::size_t r = 0; r < spellings.size(); ++r) EXPECT_EQ(row_of(*again, r), row_of(*offline, r));
  }
}

TEST_F(CellValues, ATextOfANumberIsThatNumberAndABooleanIsNone) {
  const auto table =
      load("numbers.csv", "x,n\n50,50\n 7.5 ,3.0\n+1e2,1e2\n1,1\n",
           {{"x", tables::ColumnType::float64, false}, {"n", tables::ColumnType::int64, false}});
  const auto numbers = fitted(table, {"x", "n"}, {});
  const auto online = [&](Json x, Json n) {
    Json record = of("x", std::move(x));
    record.set("n", std::move(n));
    return numbers.transform_record(record);
  };
  const auto offline = numbers.transform(table.front());
  ASSERT_TRUE(offline) << offline.error().message;
  const char* cells[][2] = {{"50", "50"}, {" 7.5 ", "3.0"}, {"+1e2", "1e2"}};
  for (std::size_t r = 0; r < 3; ++r) {
    const auto out = online(cells[r][0], cells[r][1]);
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(*out, row_of(*offline, r));
  }
  EXPECT_EQ(online(2.5, 4)->front(), 2.5);
  for (const Json& x : {Json(true), Json(false), Json("true"), Json("1_000"), Json("0x10")}) {
    const auto refused = online(x, 1);
    ASSERT_FALSE(refused) << dump_json(x);
    EXPECT_NE(refused.error().message.find("'x' wants a number; got"), std::string::npos);
  }
  for (const Json& n : {Json("3.7"), Json(3.7), Json("inf"), Json("Infinity"), Json("1e400"), Json(1e300)}) {
    const auto refused = online(1, n);
    ASSERT_FALSE(refused) << dump_json(n);
    EXPECT_NE(refused.error().message.find("'n' wants a whole number; got"), std::string::npos);
  }
}

TEST_F(CellValues, NanInAnyCaseIsAMissingValueOfEveryTypeButText) {
  const auto table = load("nan.csv", "x,n,b,at\n2,3,true,2024-01-02\n2,3,true,2024-01-02\nNAN,nAn,NAN,NAN\n",
                          {{"x", tables::ColumnType::float64, false},
                           {"n", tables::ColumnType::int64, false},
                           {"b", tables::ColumnType::boolean, false},
                           {"at", tables::ColumnType::timestamp, false}});
  const Json record = *parse_json(R"({"x": "NAN", "n": "nAn", "b": "NAN", "at": "NAN"})");
  for (const bool numbers : {true, false}) {
    const auto transformation =
        numbers ? fitted(table, {"x", "n", "b"}, {"at"}) : fitted(table, {}, {"x", "n", "b", "at"});
    const auto offline = transformation.transform(table.front());
    ASSERT_TRUE(offline) << offline.error().message;
    const auto online = transformation.transform_record(record);
    ASSERT_TRUE(online) << online.error().message;
    EXPECT_EQ(*online, row_of(*offline, 2));
    EXPECT_FALSE(transformation.transform_record(
        *parse_json(R"({"x": "-nan", "n": 3, "b": true, "at": "2024-01-02"})")));
  }
}

// A table of other types is read by the rules of requests, whether the column is a number or a category.
TEST_F(CellValues, ATableOfOtherTypesIsReadAsARequestIs) {
  using enum tables::ColumnType;
  const auto table =
      load("typed.csv", "b,n\ntrue,1\nfalse,2\n", {{"b", boolean, false}, {"n", int64, false}});
  const auto texts = load("texts.csv", "b,n\nyes,1.0\nNo,2\n", {{"b", string, false}, {"n", string, false}});
  const auto doubles = load("doubles.csv", "b,n\n1,1\n0,2\n", {{"b", float64, false}, {"n", float64, false}});
  const auto broken = load("broken.csv", "b,n\n1,1\n0,3.5\n", {{"b", float64, false}, {"n", float64, false}});
  for (const bool numbers : {true, false}) {
    const auto transformation = numbers ? fitted(table, {"b", "n"}, {}) : fitted(table, {}, {"b", "n"});
    const auto own = transformation.transform(table.front());
    ASSERT_TRUE(own) << own.error().message;
    for (const auto* other : {&texts, &doubles}) {
      const auto made = transformation.transform(other->front());
      ASSERT_TRUE(made) << made.error().message;
      for (std::size_t r = 0; r < 2; ++r) EXPECT_EQ(row_of(*made, r), row_of(*own, r));
    }
    const auto refused = transformation.transform(broken.front());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().field, "n");
    EXPECT_NE(refused.error().message.find("wants a whole number; got 3.5"), std::string::npos);
  }
}

TEST_F(CellValues, CategoriesOfNumbersAndTimesAreThoseOfTheFile) {
  const auto table =
      load("mixed.csv", "n,at\n9007199254740993,2024-01-02\n3.0,2024-01-02T03:04:05+02:00\n",
           {{"n", tables::ColumnType::int64, false}, {"at", tables::ColumnType::timestamp, false}});
  const auto transformation = fitted(table, {}, {"n", "at"});
  const auto offline = transformation.transform(table.front());
  ASSERT_TRUE(offline) << offline.error().message;
  const auto same = [&](Json n, const char* at, std::size_t row) {
    Json record = of("n", std::move(n));
    record.set("at", at);
    const auto online = transformation.transform_record(record);
    ASSERT_TRUE(online) << online.error().message;
    EXPECT_EQ(*online, row_of(*offline, row));
  };
  same(std::int64_t{9007199254740993}, "2024-01-02", 0);
  same("9007199254740993", "2024-01-02T00:00:00", 0);
  same(3, "2024-01-02T01:04:05Z", 1);
  same("3.0", "2024-01-02T03:04:05+02:00", 1);
  for (const char* record : {R"({"n": true, "at": null})", R"({"n": 3.5, "at": null})",
                             R"({"n": "x", "at": null})", R"({"n": 3, "at": "yesterday"})",
                             R"({"n": 3, "at": "2024/01/02"})", R"({"n": 3, "at": "2024-01-02T03:04Z"})"})
    EXPECT_FALSE(transformation.transform_record(*parse_json(record))) << record;
}

TEST_F(CellValues, ADocumentWithoutTypesIsReadAsBefore) {
  const auto table =
      load("old.csv", "c,x\ntrue,1\nfalse,3\n",
           {{"c", tables::ColumnType::boolean, false}, {"x", tables::ColumnType::float64, false}});
  TransformationDocument document = fitted(table, {"x"}, {"c"}).document();
  document.numeric[0].input_type.reset();
  document.categorical[0].input_type.reset();
  const auto made = FittedTransformation::from_document(document);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->to_text().find("input_type"), std::string::npos);
  const auto old = FittedTransformation::from_text(made->to_text());
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_EQ(*old->transform_record(*parse_json(R"({"c": true, "x": true})")), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(*old->transform_record(*parse_json(R"({"c": "True", "x": "Infinity"})")),
            (std::vector<double>{2, 0, 0}));
  EXPECT_FALSE(old->transform_record(*parse_json(R"({"c": "true", "x": "50"})")));
}

}  // namespace
}  // namespace tracseq::features
