// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/features/target_encoding.h"
#include "domain/features/transformation.h"

namespace tracseq::features {

// The correlation matrix is kept for this many columns at most; beyond, one-hot columns are left out of it.
inline constexpr std::size_t kCorrelationColumnsMax = 1'000;

// Sums over the encoded table, from which columns are chosen: by variance, by correlation with an earlier
// column, by the strength of their relation to the target (F statistics), or without a target by variance
// after scaling to 0…1. Fed once with every batch, in order; then select().
class Selection {
 public:
  // `document` lists all candidates as its outputs and outlives this; `target` may be null.
  Selection(const FeatureConfig& config, const TransformationDocument& document, const Target* target);
  void observe(const Encoded& encoded, const tables::ColumnBatch& batch);

  struct Choice {
    std::vector<OutputColumn> kept;
    std::vector<DroppedColumn> dropped;
  };
  // `invalid` if nothing is left.
  [[nodiscard]] Result<Choice> select() const;

 private:
  struct Group {  // the one-hot columns of a step
    std::size_t step;
    std::size_t first;        // candidate of category 0
    std::size_t first_cross;  // its row in the cross products
    std::size_t size;
  };
  struct Dense {
    std::size_t candidate;
    StepKind kind;
    std::size_t step;
    std::size_t part;
    std::size_t parts;
  };
  void place_candidates();
  void gather(const Encoded& encoded);
  void observe_target(const Encoded& encoded, const tables::ColumnBatch& batch);
  void observe_dense();
  void observe_groups(const Encoded& encoded);
  void observe_text(const Encoded& encoded);
  void add_to_target(std::size_t candidate, std::size_t row, double value);
  [[nodiscard]] double variance(std::size_t candidate) const;
  [[nodiscard]] double correlation(std::size_t a, std::size_t b) const;
  [[nodiscard]] double score(std::size_t candidate) const;
  [[nodiscard]] double class_score(std::size_t candidate) const;

  const FeatureConfig& config_;
  const TransformationDocument& document_;
  const Target* target_;
  std::int64_t rows_ = 0;
  std::vector<Dense> dense_;
  std::vector<Group> groups_;
  std::vector<std::size_t> text_first_;  // candidate of each text step's first term
  std::size_t cross_columns_ = 0;
  std::vector<std::ptrdiff_t> cross_of_;  // candidate -> row in the cross products, or -1
  std::vector<double> shift_;             // close to the mean, so that sums of squares lose nothing
  std::vector<double> sum_, squares_, min_, max_;
  std::vector<double> cross_;                // upper triangle of Σ x y, shifted
  std::vector<std::vector<double>> values_;  // the batch's dense columns, shifted
  std::vector<std::int32_t> classes_;        // the batch's target
  std::vector<double> targets_;
  std::vector<double> target_sums_;           // class-major over candidates, or Σ x y
  std::vector<double> target_x_, target_xx_;  // Σ x, Σ x² over the rows that have a target
  std::vector<std::int64_t> target_counts_;   // by class
  double target_shift_ = 0, target_sum_ = 0, target_squares_ = 0;
  std::int64_t target_rows_ = 0;
};

}  // namespace tracseq::features
