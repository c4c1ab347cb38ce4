// SPDX-License-Identifier: MIT
#include "domain/features/transformation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "domain/features/fit.h"

namespace tracseq::features {
namespace {

tables::Column numbers(std::string name, const std::vector<double>& values) {
  tables::Column column;
  column.name = std::move(name);
  column.doubles = values;
  return column;
}

tables::Column texts(std::string name, const std::vector<const char*>& values) {
  tables::Column column;
  column.name = std::move(name);
  column.type = tables::ColumnType::string;
  for (std::size_t r = 0; r < values.size(); ++r) {
    column.append_text(values[r] == nullptr ? "" : values[r]);
    if (values[r] == nullptr) column.set_missing(r, values.size());
  }
  return column;
}

std::vector<tables::ColumnBatch> laboratory() {
  tables::ColumnBatch batch;
  batch.rows = 6;
  batch.columns = {numbers("concentration", {10, 20, 30, 40, 50, NAN}),
                   texts("sample_type", {"blood", "urine", "blood", nullptr, "tissue", "blood"}),
                   texts("note", {"fresh sample", "old sample", "frozen", "", "fresh", nullptr})};
  return {batch};
}

FeatureConfig config() {
  FeatureConfig config;
  config.numeric_features = {"concentration"};
  config.categorical_features = {"sample_type"};
  config.text_features = {"note"};
  config.encoding_method = Encoding::onehot;
  config.feature_selection_enabled = false;
  return config;
}

FittedTransformation fitted(const FeatureConfig& config, const std::vector<tables::ColumnBatch>& table) {
  tables::MemorySource source(table);
  auto made = fit(config, source);
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made->transformation();
}

TEST(Transformation, NamesItsOutputs) {
  EXPECT_EQ(fitted(config(), laboratory()).output_names(),
            (std::vector<std::string>{"concentration", "sample_type_blood", "sample_type_tissue",
                                      "sample_type_urine", "note_tfidf_fresh", "note_tfidf_frozen",
                                      "note_tfidf_old", "note_tfidf_sample"}));
}

TEST(Transformation, TakesARecordByColumnName) {
  const auto transformation = fitted(config(), laboratory());
  const auto record =
      parse_json(R"({"note": "Fresh!", "sample_type": "urine", "concentration": null, "unknown": [1]})");
  const auto out = transformation.transform_record(*record);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(*out, (std::vector<double>{0, 0, 0, 1, 1, 0, 0, 0}));
}

TEST(Transformation, NamesAMissingColumnAndAWrongType) {
  const auto transformation = fitted(config(), laboratory());
  const auto missing = transformation.transform_record(*parse_json(R"({"note": "x", "concentration": 1})"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::invalid);
  EXPECT_EQ(missing.error().field, "sample_type");
  EXPECT_NE(missing.error().message.find("'sample_type' is missing"), std::string::npos);
  const auto wrong = transformation.transform_record(
      *parse_json(R"({"note": "x", "concentration": "much", "sample_type": "blood"})"));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("wants a number; got the text 'much'"), std::string::npos);
  tables::ColumnBatch table = laboratory().front();
  table.columns.erase(table.columns.begin());
  const auto batch = transformation.transform(table);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().field, "concentration");
}

TEST(Transformation, UnknownCategoriesAreZerosOrAnError) {
  const Json record = *parse_json(R"({"note": "", "concentration": 30, "sample_type": "saliva"})");
  EXPECT_EQ(*fitted(config(), laboratory()).transform_record(record), (std::vector<double>(8, 0.0)));
  FeatureConfig strict = config();
  strict.unknown_categories = UnknownCategory::error;
  const auto refused = fitted(strict, laboratory()).transform_record(record);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("'saliva'"), std::string::npos);
}

TEST(Transformation, InfinityAndNaNAreMissingValues) {
  FeatureConfig plain = config();
  plain.numeric_imputation = NumericImputation::mean;
  plain.scaling_method = Scaling::none;
  auto table = laboratory();
  table.front().columns[0].doubles[0] = std::numeric_limits<double>::infinity();
  const auto transformation = fitted(plain, table);
  EXPECT_EQ(transformation.document().numeric[0].fill, 35);
  for (const char* value : {"null", R"({"$number": "NaN"})", R"({"$number": "-Infinity"})"}) {
    const auto out = transformation.transform_record(
        *parse_json(std::string(R"({"note": "", "sample_type": "blood", "concentration": )") + value + "}"));
    ASSERT_TRUE(out) << value << out.error().message;
    EXPECT_EQ(out->front(), 35) << value;
  }
}

TEST(Transformation, OfANumberColumnTheCategoryIsItsText) {
  tables::ColumnBatch batch;
  batch.rows = 3;
  batch.columns = {numbers("plate", {3, 12, 3})};
  FeatureConfig plates;
  plates.categorical_features = {"plate"};
  plates.feature_selection_enabled = false;
  const std::vector<tables::ColumnBatch> table{batch};
  const auto transformation = fitted(plates, table);
  EXPECT_EQ(transformation.document().categorical[0].categories, (std::vector<std::string>{"12", "3"}));
  EXPECT_EQ(transformation.transform_record(*parse_json(R"({"plate": 3})"))->front(), 1);
  EXPECT_EQ(transformation.transform_record(*parse_json(R"({"plate": 3.0})"))->front(), 1);
  EXPECT_EQ(transformation.transform_record(*parse_json(R"({"plate": "12"})"))->front(), 0);
}

TEST(Transformation, WithAPythonStepIsForTablesOnly) {
  FeatureConfig with_python = config();
  with_python.custom_transformations = {*parse_json(R"({"name": "dilute", "factor": 2})")};
  const auto transformation = fitted(with_python, laboratory());
  EXPECT_EQ(transformation.offline_only(), "dilute");
  const auto refused = transformation.transform_record(
      *parse_json(R"({"note": "", "concentration": 30, "sample_type": "blood"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unsupported);
  EXPECT_NE(refused.error().message.find("'dilute'"), std::string::npos);
}

TEST(Transformation, RefusesADocumentThatContradictsItself) {
  const auto transformation = fitted(config(), laboratory());
  const auto broken = [&](auto change) {
    TransformationDocument document = transformation.document();
    change(document);
    return FittedTransformation::from_document(std::move(document));
  };
  EXPECT_FALSE(broken([](auto& d) { d.format = "other"; }));
  EXPECT_EQ(broken([](auto& d) { d.version = 99; }).error().code, Code::unsupported);
  EXPECT_FALSE(broken([](auto& d) { d.numeric[0].scale = 0; }));
  EXPECT_FALSE(broken([](auto& d) { d.numeric[0].factor = 1; }));
  EXPECT_FALSE(broken([](auto& d) { d.outputs[0].step = 5; }));
  EXPECT_FALSE(broken([](auto& d) { d.outputs[1].part = -1; }));
  EXPECT_FALSE(
      broken([](auto& d) { std::swap(d.categorical[0].categories[0], d.categorical[0].categories[1]); }));
  EXPECT_FALSE(broken([](auto& d) { d.text[0].idf.pop_back(); }));
  // Each of these would make a NaN of a number, or leave a feature at 0.
  EXPECT_FALSE(broken([](auto& d) { d.text[0].idf[0] = 1e200; }));
  EXPECT_FALSE(broken([](auto& d) { d.text[0].idf[0] = NAN; }));
  EXPECT_FALSE(broken([](auto& d) { d.numeric[0].low = NAN; }));
  EXPECT_FALSE(broken([](auto& d) {
    d.numeric[0].low = 2;
    d.numeric[0].high = 1;
  }));
  EXPECT_FALSE(broken([](auto& d) {
    d.outputs.push_back(d.outputs[0]);
    d.outputs.back().name = "again";
  }));
  EXPECT_FALSE(broken([](auto& d) { d.outputs.push_back(d.outputs[0]); }));
  EXPECT_FALSE(FittedTransformation::from_text("{}"));
}

TEST(Fit, NamesWhatIsWrongWithTheTable) {
  const auto fails = [](const FeatureConfig& config, const std::vector<tables::ColumnBatch>& table) {
    tables::MemorySource source(table);
    auto made = fit(config, source);
    return made ? std::string() : made.error().message;
  };
  FeatureConfig unknown = config();
  unknown.numeric_features = {"volume"};
  EXPECT_NE(fails(unknown, laboratory()).find("'volume'"), std::string::npos);
  FeatureConfig twice = config();
  twice.categorical_features.push_back("note");
  EXPECT_NE(fails(twice, laboratory()).find("named already in"), std::string::npos);
  FeatureConfig text_as_number = config();
  text_as_number.numeric_features = {"sample_type"};
  text_as_number.categorical_features.clear();
  EXPECT_NE(fails(text_as_number, laboratory()).find("needs numbers"), std::string::npos);
  FeatureConfig target = config();
  target.encoding_method = Encoding::target;
  EXPECT_NE(fails(target, laboratory()).find("target_column"), std::string::npos);
  FeatureConfig vectors = config();
  vectors.text_vectorization = "bert";
  EXPECT_NE(fails(vectors, laboratory()).find("'bert' needs a Python package"), std::string::npos);
  EXPECT_FALSE(fails(config(), {}).empty());
}

TEST(Fit, AColumnWithoutAnyValueBecomesAConstant) {
  auto table = laboratory();
  for (double& value : table.front().columns[0].doubles) value = NAN;
  for (const Scaling scaling : {Scaling::standard, Scaling::minmax, Scaling::robust, Scaling::none}) {
    FeatureConfig plain = config();
    plain.scaling_method = scaling;
    const auto made = fitted(plain, table).transform(table.front());
    ASSERT_TRUE(made) << made.error().message;
    for (const double value : made->columns[0].doubles) EXPECT_TRUE(std::isfinite(value));
  }
  FeatureConfig selecting = config();
  selecting.feature_selection_enabled = true;
  EXPECT_EQ(fitted(selecting, table).document().dropped.front().name, "concentration");
}

}  // namespace
}  // namespace tracseq::features
