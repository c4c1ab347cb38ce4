// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "base/json.h"

namespace tracseq::features {

inline constexpr std::size_t kFeaturesMax = 10'000;      // columns named by one configuration
inline constexpr std::int64_t kVocabularyMax = 100'000;  // terms of one text column

enum class Scaling { standard, minmax, robust, none };
TRACSEQ_DESCRIBE_ENUM(Scaling, standard, minmax, robust, none)
enum class Encoding { label, onehot, ordinal, target };
TRACSEQ_DESCRIBE_ENUM(Encoding, label, onehot, ordinal, target)
enum class NumericImputation { median, mean, mode, constant };
TRACSEQ_DESCRIBE_ENUM(NumericImputation, median, mean, mode, constant)
enum class CategoricalImputation { mode, constant };
TRACSEQ_DESCRIBE_ENUM(CategoricalImputation, mode, constant)
// What a category that was not seen in fitting becomes: one-hot zeros, label and ordinal −1, target the mean;
// or an error that names it.
enum class UnknownCategory { ignore, error };
TRACSEQ_DESCRIBE_ENUM(UnknownCategory, ignore, error)

// How a table becomes features.
struct FeatureConfig {
  std::string config_id;
  std::string name;
  std::vector<std::string> numeric_features;
  std::vector<std::string> categorical_features;
  std::vector<std::string> text_features;
  Scaling scaling_method = Scaling::standard;
  Encoding encoding_method = Encoding::label;
  bool feature_selection_enabled = true;
  std::optional<std::int64_t> max_features;
  double correlation_threshold = 0.95;
  std::string text_vectorization = "tfidf";
  std::int64_t max_vocab_size = 10'000;
  std::vector<Json> custom_transformations;  // {"name": a registered Python function, …}
  Timestamp created_at;
  std::string created_by;
  NumericImputation numeric_imputation = NumericImputation::median;
  CategoricalImputation categorical_imputation = CategoricalImputation::mode;
  double numeric_fill_value = 0;  // of `constant`
  std::string categorical_fill_value = "missing";
  bool clip_outliers = true;  // to 1.5 interquartile ranges beyond the quartiles
  bool drop_duplicates = true;
  UnknownCategory unknown_categories = UnknownCategory::ignore;
  std::string target_column;  // for target encoding and supervised selection; empty: found or none
  std::optional<double> target_smoothing;  // absent: scikit-learn's "auto"
  double variance_threshold = 0;
};
TRACSEQ_DESCRIBE(FeatureConfig,
                 (config_id, name, numeric_features, categorical_features, text_features, scaling_method,
                  encoding_method, feature_selection_enabled, max_features, correlation_threshold,
                  text_vectorization, max_vocab_size, custom_transformations, created_at, created_by,
                  numeric_imputation, categorical_imputation, numeric_fill_value, categorical_fill_value,
                  clip_outliers, drop_duplicates, unknown_categories, target_column, target_smoothing,
                  variance_threshold))

// What a single field cannot say: features named twice, in two kinds or not at all, a vectorisation we do not
// have, a transformation without a name. `invalid` names the field, the value and what is allowed.
Result<void> check_config(const FeatureConfig& config);

// The names of the Python functions, in order.
std::vector<std::string> python_steps(const FeatureConfig& config);

}  // namespace tracseq::features
