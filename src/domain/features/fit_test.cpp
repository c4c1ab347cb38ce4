// SPDX-License-Identifier: MIT
#include "domain/features/fit.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tracseq::features {
namespace {

tables::Column numbers(std::string name, std::vector<double> values) {
  tables::Column column;
  column.name = std::move(name);
  column.doubles = std::move(values);
  return column;
}

// 100 rows: `kind` a or b, an integer class 0 or 1 that is the same as `kind`, missing in every fifth row.
tables::ColumnBatch with_nullable_target() {
  tables::ColumnBatch batch;
  batch.rows = 100;
  tables::Column kind;
  kind.name = "kind";
  kind.type = tables::ColumnType::string;
  tables::Column label;
  label.name = "label";
  label.type = tables::ColumnType::int64;
  for (std::size_t r = 0; r < batch.rows; ++r) {
    kind.append_text(r % 2 == 0 ? "a" : "b");
    label.integers.push_back(static_cast<std::int64_t>(r % 2));
  }
  for (std::size_t r = 0; r < batch.rows; r += 5) label.set_missing(r, batch.rows);
  batch.columns = {std::move(kind), std::move(label)};
  return batch;
}

TEST(TargetEncoding, LeavesRowsWithoutAClassOut) {
  const std::vector<tables::ColumnBatch> table{with_nullable_target()};
  tables::MemorySource source(table);
  FeatureConfig config;
  config.categorical_features = {"kind"};
  config.target_column = "label";
  config.encoding_method = Encoding::target;
  config.target_smoothing = 0;
  config.feature_selection_enabled = false;
  auto fitted = fit(config, source);
  ASSERT_TRUE(fitted) << fitted.error().message;
  const auto& step = fitted->transformation().document().categorical.front();
  // Were a missing class the smallest one, b would be 0.8 and the mean 0.4.
  EXPECT_EQ(step.values, (std::vector<double>{0, 1}));
  EXPECT_EQ(step.unknown_values, (std::vector<double>{0.5}));
}

TEST(Selection, APerfectFeatureRanksFirst) {
  // The classes are told apart without any spread within them; sums of such numbers are rounded.
  for (const bool continuous : {false, true}) {
    for (int seed = 1; seed <= 40; ++seed) {
      tables::ColumnBatch batch;
      batch.rows = 997;
      std::vector<double> perfect;
      std::vector<double> noisy;
      std::vector<double> label;
      for (std::size_t r = 0; r < batch.rows; ++r) {
        const bool second = (r * 7) % 3 == 0;
        const double y = continuous ? std::sin(static_cast<double>(r)) : (second ? 1 : 0);
        label.push_back(y);
        perfect.push_back(0.1 * seed + y * 0.3);
        noisy.push_back(y + std::cos(static_cast<double>(r * 13)));
      }
      batch.columns = {numbers("noisy", noisy), numbers("perfect", perfect), numbers("label", label)};
      const std::vector<tables::ColumnBatch> table{batch};
      tables::MemorySource source(table);
      FeatureConfig config;
      config.numeric_features = {"noisy", "perfect"};
      config.target_column = "label";
      config.clip_outliers = false;
      config.correlation_threshold = 1;
      config.max_features = 1;
      auto fitted = fit(config, source);
      ASSERT_TRUE(fitted) << fitted.error().message;
      EXPECT_EQ(fitted->transformation().output_names(), (std::vector<std::string>{"perfect"}))
          << continuous << seed;
    }
  }
}

// A thousand numeric columns, learned one by one in a small memory, give what they give all at once.
TEST(Fit, OfManyColumnsStaysWithinItsMemory) {
  constexpr std::size_t kColumns = 1'000;
  std::vector<tables::ColumnBatch> table(2);
  FeatureConfig config;
  for (std::size_t c = 0; c < kColumns; ++c) config.numeric_features.push_back(fmt::format("c{}", c));
  config.feature_selection_enabled = false;
  std::uint64_t state = 7;
  for (auto& batch : table) {
    batch.rows = 50;
    for (const auto& name : config.numeric_features) {
      std::vector<double> values;
      for (std::size_t r = 0; r < batch.rows; ++r) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        values.push_back(state >> 60 == 0 ? NAN : static_cast<double>(state >> 40));
      }
      batch.columns.push_back(numbers(name, std::move(values)));
    }
  }
  tables::MemorySource source(table);
  FitOptions small;
  small.memory_bytes = 4 << 20;
  std::size_t passes = 0;
  small.step = [&](std::string_view) -> Result<void> {
    ++passes;
    return {};
  };
  auto by_groups = fit(config, source, small);
  ASSERT_TRUE(by_groups) << by_groups.error().message;
  EXPECT_GT(passes, kColumns / 5);  // 1.3 MB a column: three together at most
  FitOptions large;
  large.memory_bytes = 4UL << 30;
  auto together = fit(config, source, large);
  ASSERT_TRUE(together);
  EXPECT_EQ(by_groups->transformation().to_text(), together->transformation().to_text());
}

TEST(Fit, SaysWhichColumnsValuesNoLongerFit) {
  std::vector<tables::ColumnBatch> table(1);
  table.front().rows = 2'000;
  tables::Column column;
  column.name = "barcode";
  column.type = tables::ColumnType::string;
  for (int i = 0; i < 2'000; ++i) column.append_text(fmt::format("{:01000}", i));
  table.front().columns.push_back(std::move(column));
  tables::MemorySource source(table);
  FeatureConfig config;
  config.categorical_features = {"barcode"};
  FitOptions options;
  options.memory_bytes = 1 << 20;
  const auto refused = fit(config, source, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::resource_exhausted);
  EXPECT_EQ(refused.error().field, "barcode");
}

TEST(Fit, CanBeStoppedWithinAPass) {
  std::vector<tables::ColumnBatch> table(3);
  for (auto& batch : table) {
    batch.rows = 2;
    batch.columns.push_back(numbers("x", {1, 2}));
  }
  tables::MemorySource source(table);
  FeatureConfig config;
  config.numeric_features = {"x"};
  FitOptions options;
  int asked = 0;
  options.check = [&]() -> Result<void> {
    if (++asked == 2) return fail(Code::cancelled, "the call was cancelled");
    return {};
  };
  const auto stopped = fit(config, source, options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::cancelled);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace tracseq::features
