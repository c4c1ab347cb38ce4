// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "stats/moments.h"
#include "stats/order_statistics.h"
#include "storage/tables/table_engine.h"

namespace tracseq::data {

inline constexpr std::size_t kHistogramBins = 30;
inline constexpr std::size_t kProfileBytesMax = 128UL << 20;  // held by the columns of one pass
inline constexpr double kFenceWidth = 1.5;                    // interquartile ranges beyond the quartiles
inline constexpr double kZScoreLimit = 3.0;                   // sample standard deviations from the mean

// What is learned of one numeric column, in three passes or more over its batches.
class NumericProfile {
 public:
  explicit NumericProfile(tables::ColumnInfo column) : column_(std::move(column)) {}
  // What a column of so many rows holds at most between its passes.
  static std::size_t bytes_most(std::int64_t rows) noexcept;
  [[nodiscard]] const tables::ColumnInfo& column() const noexcept { return column_; }

  void observe(const tables::Column& column, std::size_t rows);
  // Ends a pass; true while another one is needed.
  bool finish_pass();

  [[nodiscard]] std::int64_t count() const noexcept { return moments_.count; }  // finite ones
  [[nodiscard]] std::int64_t infinite() const noexcept { return infinite_; }
  // By the fences of the quartiles; 0 where the quartiles are equal and there is no scale to judge by.
  [[nodiscard]] std::int64_t outliers() const noexcept { return outliers_; }
  [[nodiscard]] std::int64_t outliers_z() const noexcept { return outliers_z_; }
  // mean, std, min, max, quartiles, histogram; empty without a finite value.
  void describe(Json& stats) const;

 private:
  enum class Stage { moments, quartiles, histogram, done } stage_ = Stage::moments;
  void begin_histogram();
  void count_bins();
  // The extent of all bins may be more than a double holds; then everything is measured in halves.
  [[nodiscard]] double unit() const noexcept;
  [[nodiscard]] double bin_width() const noexcept;

  tables::ColumnInfo column_;
  std::vector<double> finite_;
  stats::Moments moments_;
  std::optional<stats::OrderStatistics> order_;  // until the histogram is there
  std::int64_t infinite_ = 0;
  double q25_ = 0, median_ = 0, q75_ = 0, deviation_ = 0;
  std::vector<std::int64_t> bins_;
  std::int64_t outliers_ = 0;
  std::int64_t outliers_z_ = 0;
};

// Profiles of all numeric columns of a table: as many columns in the same passes as kProfileBytesMax allows.
Result<std::vector<NumericProfile>> profile_numbers(tables::Table& table, const tables::Check& check);

}  // namespace tracseq::data
