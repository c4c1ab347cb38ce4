// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "domain/features/config.h"
#include "domain/features/target_encoding.h"
#include "domain/features/transformation.h"
#include "storage/tables/columns.h"
#include "storage/tables/inspect.h"

namespace tracseq::features {

inline constexpr std::size_t kOneHotCategoriesMax = 10'000;  // of one column: they become columns
inline constexpr std::size_t kCategoriesMax = 5'000'000;     // of one column otherwise
inline constexpr std::size_t kTermsSeenMax = 5'000'000;      // distinct words of one text column
inline constexpr std::size_t kModeValuesMax = 1'000'000;     // distinct numbers where the mode fills the gaps

// Told before each pass over the table; an error ends the fit (cancellation).
using FitStep = std::function<Result<void>(std::string_view what)>;

struct FitOptions {
  FitStep step;
  tables::Check check;                     // asked before each batch
  std::uint64_t memory_bytes = 1UL << 30;  // for what is learned: order statistics, categories, words
  std::vector<std::string> reserved;       // names that no output may have
};

// What a fit leaves: the transformation to keep, and how the very table it was fitted on is transformed
// (which differs where target encoding is cross-fitted).
class Fitted {
 public:
  [[nodiscard]] const FittedTransformation& transformation() const noexcept { return transformation_; }
  // Columns of the table that transform_training needs: the inputs, and the target where there is one.
  [[nodiscard]] std::vector<std::string> columns() const;
  // Encodes the next batch of the training table; batches must come from the first to the last, in order.
  Result<void> encode_training(const tables::ColumnBatch& batch, Encoded& out);
  // Begins with the first batch again.
  void restart();

 private:
  friend class Fitter;
  explicit Fitted(FittedTransformation transformation) : transformation_(std::move(transformation)) {}
  FittedTransformation transformation_;
  std::shared_ptr<Target> target_;
  std::shared_ptr<CrossFit> cross_;
};

// Fits the configured steps on a table, in a few passes whose memory does not grow with its rows (but with
// distinct categories and words, which are bounded, together by the memory of the options). Numeric columns
// are learned in groups that fit into that memory. Numbers agree with scikit-learn's to 1e-9 where it has the
// step. `invalid` names a missing column, a column of a wrong type, too many categories, an empty table;
// `resource_exhausted` the column whose categories or words no longer fit.
Result<Fitted> fit(const FeatureConfig& config, tables::BatchSource& table, const FitOptions& options = {});

}  // namespace tracseq::features
