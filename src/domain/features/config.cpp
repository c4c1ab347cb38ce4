// SPDX-License-Identifier: MIT
#include "domain/features/config.h"

#include <fmt/core.h>

#include <cmath>
#include <map>

namespace tracseq::features {

TRACSEQ_DEFINE_ENUM(Scaling)
TRACSEQ_DEFINE_ENUM(Encoding)
TRACSEQ_DEFINE_ENUM(NumericImputation)
TRACSEQ_DEFINE_ENUM(CategoricalImputation)
TRACSEQ_DEFINE_ENUM(UnknownCategory)
TRACSEQ_DEFINE_TYPE(
    FeatureConfig, {.name = "config_id", .text = "Made when left out.", .length_max = 128},
    {.name = "name", .text = "What people call it.", .length_max = 500},
    {.name = "numeric_features",
     .text = "Columns that are imputed, clipped and scaled.",
     .length_max = kFeaturesMax},
    {.name = "categorical_features",
     .text = "Columns that are imputed and encoded.",
     .length_max = kFeaturesMax},
    {.name = "text_features", .text = "Columns that become tf-idf terms.", .length_max = kFeaturesMax},
    {.name = "max_features", .text = "Keep at most this many of the best columns.", .min = 1},
    {.name = "correlation_threshold",
     .text = "Of two columns beyond it the later one is dropped.",
     .min = 0,
     .max = 1},
    {.name = "text_vectorization", .text = "tfidf.", .length_max = 32},
    {.name = "max_vocab_size",
     .text = "Terms kept of a text column, the most frequent first.",
     .min = 1,
     .max = static_cast<double>(kVocabularyMax)},
    {.name = "custom_transformations",
     .text = "Python functions by name, run in order before the fit.",
     .length_max = 100},
    {.name = "created_by", .length_max = 256},
    {.name = "target_column", .text = "The column that target encoding and supervised selection learn from."},
    {.name = "target_smoothing",
     .text = "Weight of the overall mean; absent: from the data (empirical Bayes).",
     .min = 0},
    {.name = "variance_threshold", .text = "Columns whose variance is not larger are dropped.", .min = 0})

namespace {

Result<void> check_names(const FeatureConfig& config) {
  std::map<std::string, const char*> seen;
  const auto add = [&](const char* field, const std::vector<std::string>& names) -> Result<void> {
    for (const auto& name : names) {
      if (name.empty()) return fail_field(field, fmt::format("{}: a column name is empty", field));
      const auto [place, fresh] = seen.emplace(name, field);
      if (!fresh)
        return fail_field(
            field, fmt::format("{}: the column '{}' is named already in {}; a column is one feature", field,
                               name, place->second));
    }
    return {};
  };
  TRACSEQ_CHECK(add("numeric_features", config.numeric_features));
  TRACSEQ_CHECK(add("categorical_features", config.categorical_features));
  TRACSEQ_CHECK(add("text_features", config.text_features));
  if (seen.empty())
    return fail_field("numeric_features",
                      "no feature is named: give numeric_features, categorical_features or text_features");
  if (!config.target_column.empty() && seen.contains(config.target_column))
    return fail_field("target_column", fmt::format("target_column: '{}' is a feature itself ({})",
                                                   config.target_column, seen[config.target_column]));
  return {};
}

}  // namespace

Result<void> check_config(const FeatureConfig& config) {
  TRACSEQ_CHECK(check_names(config));
  if (config.text_vectorization != "tfidf") {
    if (config.text_vectorization == "word2vec" || config.text_vectorization == "bert")
      return fail(
          Error{Code::unsupported,
                fmt::format("text_vectorization: '{}' needs a Python package that is not installed; use "
                            "'tfidf', or register a transformation of your own",
                            config.text_vectorization),
                {},
                "text_vectorization"});
    return fail_field(
        "text_vectorization",
        fmt::format("text_vectorization: '{}' is not known; allowed is tfidf", config.text_vectorization));
  }
  if (!std::isfinite(config.numeric_fill_value))
    return fail_field("numeric_fill_value", "numeric_fill_value: must be a finite number");
  for (std::size_t i = 0; i < config.custom_transformations.size(); ++i) {
    const Json* name = config.custom_transformations[i].find("name");
    if (name == nullptr || name->as_string() == nullptr || name->as_string()->empty())
      return fail_field(
          "custom_transformations",
          fmt::format("custom_transformations[{}]: needs \"name\", the name of a registered function", i));
  }
  return {};
}

std::vector<std::string> python_steps(const FeatureConfig& config) {
  std::vector<std::string> names;
  for (const Json& step : config.custom_transformations)
    if (const Json* name = step.find("name")) names.push_back(name->string_or(""));
  return names;
}

}  // namespace tracseq::features
