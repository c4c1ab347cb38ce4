// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/features/config.h"
#include "domain/features/string_index.h"
#include "domain/features/transformation.h"
#include "stats/moments.h"
#include "stats/order_statistics.h"
#include "storage/tables/columns.h"

// What is learned of one column; fit.cpp leads all of them through the passes.
namespace tracseq::features {

// Fills `out` with the finite numbers of a column, in order. `invalid` for a text or time column.
Result<void> finite_numbers(const tables::Column& column, std::size_t rows, std::vector<double>& out);

// A distinct text beside its bytes: its slots, hash, place and counts.
inline constexpr std::size_t kEntryBytes = 64;

class NumericFit {
 public:
  NumericFit(const FeatureConfig& config, std::string column);
  // What one over so many rows holds at most until settle().
  static std::size_t bytes_most(std::int64_t rows) noexcept;
  // First pass.
  Result<void> observe(const tables::ColumnBatch& batch);
  void finish_first_pass();
  // Further passes while needed: exact quantiles.
  [[nodiscard]] bool quantiles_needed() const noexcept { return order_ && order_->pass_needed(); }
  Result<void> observe_quantiles(const tables::ColumnBatch& batch);
  void finish_quantiles();
  // Fill and fences are known now; what they were learned from is given up.
  void settle();
  // One more pass where the scale is that of the imputed and clipped values.
  [[nodiscard]] bool moments_needed() const noexcept;
  void observe_scaled(std::span<const double> imputed) { scaled_.add_block(imputed); }
  [[nodiscard]] NumericStep step() const;
  [[nodiscard]] const std::string& column() const noexcept { return column_; }

 private:
  void learn_fences();
  [[nodiscard]] double imputed_at(std::int64_t rank) const;
  void want_imputed(std::int64_t rank);
  [[nodiscard]] double clipped(double x) const noexcept;
  [[nodiscard]] double quantile(double q) const;
  [[nodiscard]] double mode() const;

  const FeatureConfig& config_;
  std::string column_;
  std::int64_t rows_ = 0;
  stats::Moments moments_;
  std::optional<stats::OrderStatistics> order_;      // until settle()
  bool ordered_ = false;                             // there was one
  std::unordered_map<double, std::int64_t> counts_;  // for the mode
  std::optional<double> fill_;                       // known before the quantiles unless it is the median
  NumericStep step_;
  double quartile_low_ = 0, quartile_high_ = 0, median_ = 0;
  stats::Moments scaled_;
  std::vector<double> finite_;
};

class CategoricalFit {
 public:
  CategoricalFit(const FeatureConfig& config, std::string column)
      : config_(config), column_(std::move(column)) {}
  Result<void> observe(const tables::ColumnBatch& batch);
  // Categories sorted, the fill among them; target encodings come later.
  Result<CategoricalStep> step() const;
  [[nodiscard]] const std::string& column() const noexcept { return column_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return seen_.bytes() + seen_.size() * kEntryBytes; }

 private:
  const FeatureConfig& config_;
  std::string column_;
  std::optional<tables::ColumnType> type_;  // after the first rows
  StringIndex seen_;
  std::vector<std::int64_t> counts_;
  std::int64_t missing_ = 0;
};

class TextFit {
 public:
  TextFit(const FeatureConfig& config, std::string column) : config_(config), column_(std::move(column)) {}
  Result<void> observe(const tables::ColumnBatch& batch);
  [[nodiscard]] TextStep step() const;
  [[nodiscard]] const std::string& column() const noexcept { return column_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return seen_.bytes() + seen_.size() * kEntryBytes; }

 private:
  const FeatureConfig& config_;
  std::string column_;
  StringIndex seen_;
  std::vector<std::int64_t> totals_;     // occurrences
  std::vector<std::int64_t> documents_;  // rows that have the term
  std::vector<std::int64_t> last_row_;
  std::int64_t rows_ = 0;
  std::string lowered_;
};

}  // namespace tracseq::features
