// SPDX-License-Identifier: MIT
#include "domain/features/fit.h"

#include <fmt/core.h>

#include <limits>
#include <set>
#include <span>

#include "domain/features/fit_columns.h"
#include "domain/features/selection.h"
#include "domain/features/transformation_values.h"

namespace tracseq::features {

// Leads the columns through the passes over the table.
class Fitter {
 public:
  Fitter(const FeatureConfig& config, tables::BatchSource& table, const FitOptions& options)
      : config_(config),
        table_(table),
        options_(options),
        names_(options.reserved.begin(), options.reserved.end()) {
    for (const auto& name : config.numeric_features)
      numeric_.emplace_back(config, name), columns_.push_back(name);
    for (const auto& name : config.categorical_features)
      categorical_.emplace_back(config, name), others_.push_back(name);
    for (const auto& name : config.text_features) text_.emplace_back(config, name), others_.push_back(name);
    if (!config.target_column.empty()) {
      target_ = std::make_shared<Target>(config.target_column);
      others_.push_back(config.target_column);
    }
    columns_.insert(columns_.end(), others_.begin(), others_.end());
  }

  Result<Fitted> run() {
    if (config_.encoding_method == Encoding::target && !config_.categorical_features.empty() && !target_)
      return fail_field("target_column", "target_column: target encoding needs the column it learns from");
    TRACSEQ_CHECK(learn());
    TRACSEQ_CHECK(settle());
    name_outputs();
    TRACSEQ_CHECK(scale_pass());
    TRACSEQ_TRY(Fitted fitted, make());
    if (!config_.feature_selection_enabled) return fitted;
    return select(std::move(fitted));
  }

 private:
  template <class F>
  Result<void> pass(std::string_view what, const std::vector<std::string>& columns, F&& each) {
    if (options_.step) TRACSEQ_CHECK(options_.step(what));
    TRACSEQ_TRY(const std::unique_ptr<tables::BatchReader> reader, table_.open(columns));
    while (true) {
      if (options_.check) TRACSEQ_CHECK(options_.check());
      TRACSEQ_TRY(const tables::ColumnBatch* batch, reader->next());
      if (batch == nullptr) return {};
      TRACSEQ_CHECK(each(*batch));
    }
  }

  // Categories, words and the target, with the first group of numeric columns; then the other groups.
  Result<void> learn() {
    std::size_t end = std::min(numeric_.size(), group_size());
    TRACSEQ_CHECK(first_pass(0, end));
    if (rows_ == 0) return fail(Code::invalid, "the table has no rows to fit on");
    if (target_) TRACSEQ_CHECK(target_->finish());
    TRACSEQ_CHECK(quantile_passes(0, end));
    while (end < numeric_.size()) {
      const std::size_t start = end;
      end = std::min(numeric_.size(), start + group_size());
      TRACSEQ_CHECK(first_pass(start, end));
      TRACSEQ_CHECK(quantile_passes(start, end));
    }
    return {};
  }

  // How many numeric columns are learned together; the rows are known after the first group.
  [[nodiscard]] std::size_t group_size() const {
    const std::int64_t rows = rows_ > 0 ? rows_ : std::numeric_limits<std::int64_t>::max();
    return std::max<std::size_t>(1, options_.memory_bytes / NumericFit::bytes_most(rows));
  }

  Result<void> first_pass(std::size_t start, std::size_t end) {
    const auto columns = std::span(numeric_).subspan(start, end - start);
    std::vector<std::string> names;
    for (const NumericFit& column : columns) names.push_back(column.column());
    if (start == 0) names.insert(names.end(), others_.begin(), others_.end());
    TRACSEQ_CHECK(pass("counting", names, [&](const tables::ColumnBatch& batch) -> Result<void> {
      for (auto& column : columns) TRACSEQ_CHECK(column.observe(batch));
      if (start > 0) return {};
      rows_ += static_cast<std::int64_t>(batch.rows);
      for (auto& column : categorical_) TRACSEQ_CHECK(column.observe(batch));
      for (auto& column : text_) TRACSEQ_CHECK(column.observe(batch));
      if (target_) TRACSEQ_CHECK(target_->observe(batch));
      return check_memory();
    }));
    for (auto& column : columns) column.finish_first_pass();
    return {};
  }

  // Distinct categories and words stay until the end; together they have a limit.
  Result<void> check_memory() const {
    std::uint64_t held = 0;
    const std::string* largest = nullptr;
    std::uint64_t most = 0;
    const auto count = [&](const auto& column) {
      held += column.bytes();
      if (column.bytes() > most) most = column.bytes(), largest = &column.column();
    };
    for (const auto& column : categorical_) count(column);
    for (const auto& column : text_) count(column);
    if (held <= options_.memory_bytes) return {};
    return fail(
        Error{Code::resource_exhausted,
              fmt::format("the distinct values of the columns take more than {} MiB, most of them those "
                          "of '{}'; leave it out or give the worker more memory",
                          options_.memory_bytes >> 20, *largest),
              {},
              *largest});
  }

  Result<void> quantile_passes(std::size_t start, std::size_t end) {
    while (true) {
      std::vector<NumericFit*> open;
      std::vector<std::string> names;
      for (std::size_t c = start; c < end; ++c) {
        if (!numeric_[c].quantiles_needed()) continue;
        open.push_back(&numeric_[c]);
        names.push_back(numeric_[c].column());
      }
      if (open.empty()) break;
      TRACSEQ_CHECK(pass("quantiles", names, [&](const tables::ColumnBatch& batch) -> Result<void> {
        for (NumericFit* column : open) TRACSEQ_CHECK(column->observe_quantiles(batch));
        return {};
      }));
      for (NumericFit* column : open) column->finish_quantiles();
    }
    for (std::size_t c = start; c < end; ++c) numeric_[c].settle();
    return {};
  }

  Result<void> settle() {
    document_.fitted_rows = rows_;
    document_.python_steps = python_steps(config_);
    for (auto& column : numeric_) {
      NumericStep step = column.step();
      step.center = 0;  // what the scale pass sees is imputed and clipped only
      step.scale = 1;
      step.factor.reset();
      step.offset.reset();
      document_.numeric.push_back(std::move(step));
    }
    for (const auto& column : categorical_) {
      TRACSEQ_TRY(CategoricalStep step, column.step());
      if (step.encoding == Encoding::target) {
        if (target_->channels() > 1) step.classes = target_->classes();
        step.values.assign(step.categories.size() * target_->channels(), 0);
        step.unknown_values.assign(target_->channels(), 0);
      }
      document_.categorical.push_back(std::move(step));
    }
    for (const auto& column : text_) document_.text.push_back(column.step());
    return {};
  }

  void add_output(std::string name, StepKind kind, std::size_t step, std::size_t part) {
    std::string free = name;
    for (int copy = 2; !names_.insert(free).second; ++copy) free = fmt::format("{}_{}", name, copy);
    document_.outputs.push_back(
        {std::move(free), kind, static_cast<std::int32_t>(step), static_cast<std::int32_t>(part)});
  }

  void name_outputs() {
    for (std::size_t s = 0; s < document_.numeric.size(); ++s)
      add_output(document_.numeric[s].column, StepKind::numeric, s, 0);
    for (std::size_t s = 0; s < document_.categorical.size(); ++s) {
      const CategoricalStep& step = document_.categorical[s];
      const auto& parts = step.encoding == Encoding::onehot ? step.categories : step.classes;
      if (parts.empty()) add_output(step.column, StepKind::categorical, s, 0);
      for (std::size_t p = 0; p < parts.size(); ++p)
        add_output(fmt::format("{}_{}", step.column, parts[p]), StepKind::categorical, s, p);
    }
    for (std::size_t s = 0; s < document_.text.size(); ++s)
      for (std::size_t t = 0; t < document_.text[s].terms.size(); ++t)
        add_output(fmt::format("{}_tfidf_{}", document_.text[s].column, document_.text[s].terms[t]),
                   StepKind::text, s, t);
  }

  // stats::Moments of the imputed and clipped numbers; the target by category and fold.
  Result<void> scale_pass() {
    const bool scales = !numeric_.empty() && config_.scaling_method == Scaling::standard;
    const bool targets = config_.encoding_method == Encoding::target && !categorical_.empty();
    if (scales || targets) {
      TransformationDocument plain = document_;
      if (!targets) plain.categorical.clear();
      if (!scales) plain.numeric.clear();
      plain.text.clear();
      plain.outputs.clear();
      TRACSEQ_TRY(const FittedTransformation imputing, FittedTransformation::from_document(std::move(plain)));
      std::optional<FoldAssigner> folds;
      if (targets) {
        folds.emplace(*target_);
        for (const auto& step : document_.categorical)
          statistics_.emplace_back(*target_, step.categories.size());
      }
      Encoded encoded;
      TRACSEQ_CHECK(pass("scaling", columns_, [&](const tables::ColumnBatch& batch) -> Result<void> {
        TRACSEQ_CHECK(imputing.encode(batch, nullptr, encoded));
        for (std::size_t s = 0; s < encoded.numeric.size(); ++s)
          numeric_[s].observe_scaled(encoded.numeric[s]);
        if (!targets) return {};
        const tables::Column& target = *batch.find(target_->column());
        for (std::size_t r = 0; r < batch.rows; ++r) {
          const int fold = folds->next(target, r);
          for (std::size_t s = 0; s < statistics_.size(); ++s)
            statistics_[s].add(fold, encoded.codes[s][r], target, r);
        }
        return {};
      }));
    }
    for (std::size_t s = 0; s < numeric_.size(); ++s) document_.numeric[s] = numeric_[s].step();
    for (std::size_t s = 0; s < statistics_.size(); ++s) {
      TargetStatistics::Encodings encodings = statistics_[s].encodings(config_.target_smoothing);
      document_.categorical[s].values = std::move(encodings.values);
      document_.categorical[s].unknown_values = std::move(encodings.unknown);
    }
    return {};
  }

  Result<Fitted> make() {
    TRACSEQ_TRY(FittedTransformation transformation, FittedTransformation::from_document(document_));
    Fitted fitted(std::move(transformation));
    if (statistics_.empty()) return fitted;
    fitted.target_ = target_;
    fitted.cross_ = std::make_shared<CrossFit>(*target_);
    for (std::size_t s = 0; s < statistics_.size(); ++s) {
      std::vector<TargetStatistics::Encodings> encodings;
      for (int fold = 0; fold < kFolds; ++fold)
        encodings.push_back(statistics_[s].encodings(config_.target_smoothing, fold));
      fitted.cross_->add_step(s, std::move(encodings));
    }
    return fitted;
  }

  Result<Fitted> select(Fitted all) {
    Selection selection(config_, document_, target_.get());
    Encoded encoded;
    TRACSEQ_CHECK(pass("selecting", columns_, [&](const tables::ColumnBatch& batch) -> Result<void> {
      TRACSEQ_CHECK(all.encode_training(batch, encoded));
      selection.observe(encoded, batch);
      return {};
    }));
    TRACSEQ_TRY(Selection::Choice choice, selection.select());
    TransformationDocument chosen = document_;
    chosen.outputs = std::move(choice.kept);
    chosen.dropped = std::move(choice.dropped);
    TRACSEQ_TRY(FittedTransformation transformation, FittedTransformation::from_document(std::move(chosen)));
    all.transformation_ = std::move(transformation);
    all.restart();
    return all;
  }

  const FeatureConfig& config_;
  tables::BatchSource& table_;
  const FitOptions& options_;
  std::vector<std::string> columns_;
  std::vector<std::string> others_;  // of them, what is not numeric
  std::vector<NumericFit> numeric_;
  std::vector<CategoricalFit> categorical_;
  std::vector<TextFit> text_;
  std::shared_ptr<Target> target_;
  std::vector<TargetStatistics> statistics_;
  TransformationDocument document_;
  std::set<std::string> names_;
  std::int64_t rows_ = 0;
};

std::vector<std::string> Fitted::columns() const {
  std::vector<std::string> names = transformation_.inputs();
  if (target_) names.push_back(target_->column());
  return names;
}

Result<void> Fitted::encode_training(const tables::ColumnBatch& batch, Encoded& out) {
  return transformation_.encode(batch, cross_.get(), out);
}

void Fitted::restart() {
  if (cross_) cross_->restart();
}

Result<Fitted> fit(const FeatureConfig& config, tables::BatchSource& table, const FitOptions& options) {
  TRACSEQ_CHECK(check_config(config));
  return Fitter(config, table, options).run();
}

}  // namespace tracseq::features
