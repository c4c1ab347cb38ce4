// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "domain/features/fit.h"

// Compares with what scikit-learn made of the same tables: tests/golden/make_features.py wrote the files.
namespace tracseq::features {
namespace {

constexpr double kTolerance = 1e-9;

Json read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  auto json = parse_json(text.str());
  EXPECT_TRUE(json) << path << (json ? "" : json.error().message);
  return json ? *json : Json{};
}

tables::Column column_from(const std::string& name, const Json::Array& values) {
  tables::Column column;
  column.name = name;
  column.type = tables::ColumnType::float64;
  for (const Json& value : values) {
    if (value.is_bool()) column.type = tables::ColumnType::boolean;
    if (value.is_string()) column.type = tables::ColumnType::string;
  }
  for (std::size_t r = 0; r < values.size(); ++r) {
    column.doubles.push_back(values[r].number_or(0));
    column.booleans.push_back(values[r].bool_or(false) ? 1 : 0);
    column.append_text(values[r].string_or(""));
    if (values[r].is_null()) column.set_missing(r, values.size());
  }
  return column;
}

// In batches of a few rows, so that merging is tested too.
std::vector<tables::ColumnBatch> table_from(const Json& table, std::size_t batch_rows) {
  std::vector<tables::ColumnBatch> batches;
  const std::size_t rows = table.as_object()->front().second.as_array()->size();
  for (std::size_t start = 0; start < rows; start += batch_rows) {
    const std::size_t end = std::min(rows, start + batch_rows);
    tables::ColumnBatch batch;
    batch.rows = end - start;
    for (const auto& [name, values] : *table.as_object()) {
      const Json::Array& all = *values.as_array();
      batch.columns.push_back(column_from(name, {all.begin() + static_cast<std::ptrdiff_t>(start),
                                                 all.begin() + static_cast<std::ptrdiff_t>(end)}));
      // The type is that of the whole column.
      batch.columns.back().type = column_from(name, all).type;
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

// NaN in the file would be null; there is none in an expected output.
void expect_equal(const Json& expected, const std::vector<tables::ColumnBatch>& got,
                  const std::string& name) {
  ASSERT_EQ(expected.as_object()->size(), got.front().columns.size()) << name;
  for (std::size_t c = 0; c < expected.as_object()->size(); ++c) {
    const auto& [column, values] = (*expected.as_object())[c];
    ASSERT_EQ(column, got.front().columns[c].name) << name;
    std::size_t row = 0;
    for (const auto& batch : got) {
      for (std::size_t r = 0; r < batch.rows; ++r, ++row) {
        const double wanted = (*values.as_array())[row].number_or(NAN);
        const double difference = std::fabs(batch.columns[c].doubles[r] - wanted);
        ASSERT_LE(difference, kTolerance * std::max(1.0, std::fabs(wanted)))
            << name << " column " << column << " row " << row << ": " << batch.columns[c].doubles[r]
            << " for " << wanted;
      }
    }
    ASSERT_EQ(row, values.as_array()->size()) << name;
  }
}

void expect_rows_equal(const FittedTransformation& transformation, const tables::ColumnBatch& batch,
                       const tables::ColumnBatch& features) {
  RowScratch scratch;
  std::vector<double> out(transformation.output_count());
  for (std::size_t r = 0; r < batch.rows; ++r) {
    std::vector<Value> values;
    for (const auto& name : transformation.inputs()) {
      const tables::Column& column = *batch.find(name);
      if (!column.present(r))
        values.emplace_back();
      else if (column.type == tables::ColumnType::string)
        values.push_back(Value::of(column.text(r)));
      else
        values.push_back(Value::of(column.doubles[r]));
    }
    const auto done = transformation.transform_row(values, scratch, out);
    ASSERT_TRUE(done) << done.error().message;
    for (std::size_t c = 0; c < out.size(); ++c) ASSERT_EQ(out[c], features.columns[c].doubles[r]);
  }
}

void run_case(const std::string& name, const Json& json, std::size_t batch_rows) {
  const auto config = from_document<FeatureConfig>(*json.find("config"));
  ASSERT_TRUE(config) << name << config.error().message;
  const auto table = table_from(*json.find("table"), batch_rows);
  tables::MemorySource source(table);
  auto fitted = fit(*config, source);
  ASSERT_TRUE(fitted) << name << ": " << fitted.error().message;
  std::vector<tables::ColumnBatch> features;
  for (const auto& batch : table) {
    Encoded encoded;
    const auto done = fitted->encode_training(batch, encoded);
    ASSERT_TRUE(done) << name << done.error().message;
    fitted->transformation().lay_out(encoded, 0, batch.rows, features.emplace_back());
  }
  expect_equal(*json.find("expect"), features, name);
  if (json.find("other") == nullptr) return;
  // Through the stored form, which must lose nothing.
  const auto stored = FittedTransformation::from_text(fitted->transformation().to_text());
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->to_text(), fitted->transformation().to_text());
  const auto other = table_from(*json.find("other"), batch_rows);
  std::vector<tables::ColumnBatch> others;
  for (const auto& batch : other) {
    auto made = stored->transform(batch);
    ASSERT_TRUE(made) << name << made.error().message;
    expect_rows_equal(*stored, batch, *made);
    others.push_back(std::move(*made));
  }
  expect_equal(*json.find("expect_other"), others, name + " other");
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, AgreesWithScikitLearn) {
  const Json cases =
      read_file(std::filesystem::path(TRACSEQ_GOLDEN_DIR) / (std::string(GetParam()) + ".json"));
  ASSERT_NE(cases.as_object(), nullptr);
  ASSERT_FALSE(cases.as_object()->empty());
  for (const auto& [name, json] : *cases.as_object()) {
    run_case(name, json, 7);
    run_case(name, json, 10'000);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(ScikitLearn, Golden,
                         testing::Values("scale", "onehot", "ordinal", "label", "target", "tfidf", "select"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tracseq::features
