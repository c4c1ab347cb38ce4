// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/features/string_index.h"
#include "stats/moments.h"
#include "storage/tables/columns.h"

namespace tracseq::features {

inline constexpr int kFolds = 5;
inline constexpr std::size_t kTargetClassesMax = 100;
inline constexpr std::size_t kNumericClassesMax =
    20;  // whole numbers with more values than this are continuous

// What the first pass learns of the target column: its classes in the order they appear, or that it is
// continuous. Booleans and texts are classes; numbers are classes if they are whole and few.
class Target {
 public:
  explicit Target(std::string column) : column_(std::move(column)) {}
  // `invalid` if the column is no target: too many distinct texts, a time.
  Result<void> observe(const tables::ColumnBatch& batch);
  // After the pass. `invalid` if there are not enough rows or classes to learn from.
  Result<void> finish();

  [[nodiscard]] const std::string& column() const noexcept { return column_; }
  [[nodiscard]] bool continuous() const noexcept { return continuous_; }
  // The classes sorted (numbers by value, texts by code point); empty if continuous.
  [[nodiscard]] const std::vector<std::string>& classes() const noexcept { return class_names_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  // Channels that are encoded: one for a continuous or binary target, one for each of more classes.
  [[nodiscard]] std::size_t channels() const noexcept {
    return class_names_.size() > 2 ? class_names_.size() : 1;
  }
  // The row's class (sorted order), or -1 if it is missing. Only for classes.
  [[nodiscard]] std::int32_t class_of(const tables::Column& column, std::size_t row) const;
  // The row's value, NaN if it is missing. Only for continuous targets.
  static double number_of(const tables::Column& column, std::size_t row);
  // The value of a channel: the number, or 1 where the row is of that class (binary: of the second).
  [[nodiscard]] std::optional<double> channel(const tables::Column& column, std::size_t row,
                                              std::size_t channel) const;

 private:
  friend class FoldAssigner;
  std::string column_;
  bool continuous_ = false;
  bool texts_ = false;
  std::int64_t rows_ = 0;
  StringIndex seen_;  // classes in order of appearance
  std::vector<double> seen_numbers_;
  std::map<double, std::int32_t> number_class_;
  std::vector<std::int64_t> seen_counts_;
  std::vector<std::int32_t> sorted_of_seen_;  // appearance -> sorted
  std::vector<std::string> class_names_;
  std::optional<tables::ColumnType> type_;
};

// The fold of each row, in the order of the table: scikit-learn's KFold (continuous) and StratifiedKFold,
// unshuffled, so that the same table always gives the same folds.
class FoldAssigner {
 public:
  explicit FoldAssigner(const Target& target);
  void restart();
  // -1 for a row without a target.
  int next(const tables::Column& column, std::size_t row);

 private:
  const Target& target_;
  std::vector<std::vector<std::int64_t>>
      ends_;  // by class in order of appearance: rank at which each fold ends
  std::vector<std::int64_t> ranks_;
};

// Collects, for each fold and category, count, mean and spread of each channel of the target.
class TargetStatistics {
 public:
  TargetStatistics(const Target& target, std::size_t categories);
  void add(int fold, std::int32_t category, const tables::Column& column, std::size_t row);

  struct Encodings {
    std::vector<double> values;   // category-major over channels
    std::vector<double> unknown;  // by channel: the mean
  };
  // From all rows, or from all but those of `left_out`. `smoothing` absent: empirical Bayes.
  [[nodiscard]] Encodings encodings(std::optional<double> smoothing, int left_out = -1) const;

 private:
  [[nodiscard]] stats::Moments merged(std::size_t channel, std::size_t category, int left_out) const;
  [[nodiscard]] std::size_t place(int fold, std::size_t channel, std::size_t category) const noexcept {
    return (static_cast<std::size_t>(fold) * channels_ + channel) * categories_ + category;
  }
  const Target& target_;
  std::size_t channels_;
  std::size_t categories_;
  std::vector<stats::Moments> moments_;
};

// Gives the rows a target encoding was learned from the encodings learned without their own fold, so that a
// model trained on them does not see its answer. Follows a table from its first batch to its last; restart()
// begins anew.
class CrossFit {
 public:
  explicit CrossFit(const Target& target) : target_(target), folds_(target) {}
  // `encodings`: one for each fold.
  void add_step(std::size_t step, std::vector<TargetStatistics::Encodings> encodings);
  void restart() { folds_.restart(); }

  Result<void> assign_folds(const tables::ColumnBatch& batch);
  void replace(std::size_t step, const std::vector<std::int32_t>& codes, std::vector<double>& encoded) const;

 private:
  const Target& target_;
  FoldAssigner folds_;
  std::vector<int> batch_folds_;
  std::map<std::size_t, std::vector<TargetStatistics::Encodings>> steps_;
};

}  // namespace tracseq::features
