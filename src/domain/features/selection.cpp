// SPDX-License-Identifier: MIT
#include "domain/features/selection.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tracseq::features {
namespace {

// Four sums at once: the additions need not wait for one another.
double dot(const std::vector<double>& a, const std::vector<double>& b) noexcept {
  double sums[4] = {0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 4 <= a.size(); i += 4)
    for (std::size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
  for (; i < a.size(); ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

Selection::Selection(const FeatureConfig& config, const TransformationDocument& document,
                     const Target* target)
    : config_(config), document_(document), target_(target) {
  const std::size_t count = document.outputs.size();
  cross_of_.assign(count, -1);
  shift_.assign(count, 0);
  sum_.assign(count, 0);
  squares_.assign(count, 0);
  min_.assign(count, std::numeric_limits<double>::infinity());
  max_.assign(count, -std::numeric_limits<double>::infinity());
  place_candidates();
  cross_.assign(cross_columns_ * cross_columns_, 0);
  if (target == nullptr) return;
  const std::size_t classes = target->continuous() ? 1 : target->classes().size();
  target_sums_.assign(classes * count, 0);
  target_counts_.assign(classes, 0);
  target_x_.assign(count, 0);
  target_xx_.assign(count, 0);
}

void Selection::place_candidates() {
  text_first_.assign(document_.text.size(), 0);
  const auto& outputs = document_.outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto step = static_cast<std::size_t>(outputs[i].step);
    const auto part = static_cast<std::size_t>(outputs[i].part);
    if (outputs[i].kind == StepKind::text) {
      if (part == 0) text_first_[step] = i;
    } else if (outputs[i].kind == StepKind::categorical &&
               document_.categorical[step].encoding == Encoding::onehot) {
      if (part == 0) groups_.push_back({step, i, 0, document_.categorical[step].categories.size()});
    } else {
      const std::size_t parts = outputs[i].kind == StepKind::numeric
                                    ? 1
                                    : std::max<std::size_t>(document_.categorical[step].classes.size(), 1);
      dense_.push_back({i, outputs[i].kind, step, part, parts});
    }
  }
  if (dense_.size() > kCorrelationColumnsMax) return;
  for (const Dense& dense : dense_)
    cross_of_[dense.candidate] = static_cast<std::ptrdiff_t>(cross_columns_++);
  for (Group& group : groups_) {
    group.first_cross = cross_columns_;
    if (cross_columns_ + group.size > kCorrelationColumnsMax) {
      group.first_cross = std::numeric_limits<std::size_t>::max();
      continue;
    }
    for (std::size_t c = 0; c < group.size; ++c)
      cross_of_[group.first + c] = static_cast<std::ptrdiff_t>(cross_columns_++);
  }
}

void Selection::gather(const Encoded& encoded) {
  values_.resize(dense_.size());
  for (std::size_t d = 0; d < dense_.size(); ++d) {
    const Dense& dense = dense_[d];
    auto& values = values_[d];
    values.resize(encoded.rows);
    if (dense.kind == StepKind::numeric) {
      values = encoded.numeric[dense.step];
    } else {
      for (std::size_t r = 0; r < encoded.rows; ++r)
        values[r] = encoded.encoded[dense.step][r * dense.parts + dense.part];
    }
    if (rows_ == 0 && !values.empty())
      shift_[dense.candidate] =
          std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    for (double& value : values) value -= shift_[dense.candidate];
  }
}

void Selection::observe(const Encoded& encoded, const tables::ColumnBatch& batch) {
  if (encoded.rows == 0) return;
  gather(encoded);
  observe_target(encoded, batch);
  observe_dense();
  observe_groups(encoded);
  observe_text(encoded);
  rows_ += static_cast<std::int64_t>(encoded.rows);
}

void Selection::observe_target(const Encoded& encoded, const tables::ColumnBatch& batch) {
  classes_.assign(encoded.rows, -1);
  if (target_ == nullptr) return;
  const tables::Column& column = *batch.find(target_->column());
  if (target_->continuous()) targets_.assign(encoded.rows, 0);
  for (std::size_t r = 0; r < encoded.rows; ++r) {
    if (!target_->continuous()) {
      classes_[r] = target_->class_of(column, r);
      if (classes_[r] >= 0) ++target_counts_[static_cast<std::size_t>(classes_[r])], ++target_rows_;
      continue;
    }
    const double y = Target::number_of(column, r);
    if (!std::isfinite(y)) continue;
    if (target_rows_ == 0) target_shift_ = y;
    classes_[r] = 0;
    targets_[r] = y - target_shift_;
    target_sum_ += targets_[r];
    target_squares_ += targets_[r] * targets_[r];
    ++target_rows_;
  }
}

void Selection::add_to_target(std::size_t candidate, std::size_t row, double value) {
  if (target_ == nullptr || classes_[row] < 0) return;
  const std::size_t place = static_cast<std::size_t>(classes_[row]) * document_.outputs.size() + candidate;
  target_sums_[place] += target_->continuous() ? value * targets_[row] : value;
  target_x_[candidate] += value;
  target_xx_[candidate] += value * value;
}

void Selection::observe_dense() {
  for (std::size_t d = 0; d < dense_.size(); ++d) {
    const std::size_t candidate = dense_[d].candidate;
    const auto& values = values_[d];
    double sum = 0;
    for (const double value : values) {
      sum += value;
      min_[candidate] = std::min(min_[candidate], value);
      max_[candidate] = std::max(max_[candidate], value);
    }
    sum_[candidate] += sum;
    squares_[candidate] += dot(values, values);
    if (target_ != nullptr)
      for (std::size_t r = 0; r < values.size(); ++r) add_to_target(candidate, r, values[r]);
    if (cross_of_[candidate] < 0) continue;
    for (std::size_t e = 0; e < d; ++e)
      cross_[static_cast<std::size_t>(cross_of_[dense_[e].candidate]) * cross_columns_ +
             static_cast<std::size_t>(cross_of_[candidate])] += dot(values_[e], values);
  }
}

void Selection::observe_groups(const Encoded& encoded) {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const auto& codes = encoded.codes[group.step];
    for (std::size_t r = 0; r < codes.size(); ++r) {
      if (codes[r] < 0) continue;
      const std::size_t candidate = group.first + static_cast<std::size_t>(codes[r]);
      sum_[candidate] += 1;
      add_to_target(candidate, r, 1);
    }
    if (group.first_cross == std::numeric_limits<std::size_t>::max()) continue;
    for (std::size_t d = 0; d < dense_.size(); ++d) {
      double* row = &cross_[static_cast<std::size_t>(cross_of_[dense_[d].candidate]) * cross_columns_ +
                            group.first_cross];
      for (std::size_t r = 0; r < codes.size(); ++r)
        if (codes[r] >= 0) row[codes[r]] += values_[d][r];
    }
    for (std::size_t h = 0; h < g; ++h) {
      if (groups_[h].first_cross == std::numeric_limits<std::size_t>::max()) continue;
      const auto& others = encoded.codes[groups_[h].step];
      for (std::size_t r = 0; r < codes.size(); ++r)
        if (codes[r] >= 0 && others[r] >= 0)
          cross_[(groups_[h].first_cross + static_cast<std::size_t>(others[r])) * cross_columns_ +
                 group.first_cross + static_cast<std::size_t>(codes[r])] += 1;
    }
  }
}

void Selection::observe_text(const Encoded& encoded) {
  for (std::size_t s = 0; s < encoded.text.size(); ++s) {
    const SparseRows& rows = encoded.text[s];
    for (std::size_t r = 0; r < encoded.rows; ++r) {
      for (std::size_t i = rows.starts[r]; i < rows.starts[r + 1]; ++i) {
        const std::size_t candidate = text_first_[s] + static_cast<std::size_t>(rows.terms[i]);
        sum_[candidate] += rows.values[i];
        squares_[candidate] += rows.values[i] * rows.values[i];
        max_[candidate] = std::max(max_[candidate], rows.values[i]);
        min_[candidate] = std::min(min_[candidate], rows.values[i]);
        add_to_target(candidate, r, rows.values[i]);
      }
    }
  }
}

double Selection::variance(std::size_t candidate) const {
  const auto n = static_cast<double>(rows_);
  const OutputColumn& output = document_.outputs[candidate];
  const bool onehot =
      output.kind == StepKind::categorical &&
      document_.categorical[static_cast<std::size_t>(output.step)].encoding == Encoding::onehot;
  const double squares = onehot ? sum_[candidate] : squares_[candidate];
  if (output.kind != StepKind::text && !onehot && min_[candidate] == max_[candidate]) return 0;
  return std::max(0.0, (squares - sum_[candidate] * sum_[candidate] / n) / n);
}

double Selection::correlation(std::size_t a, std::size_t b) const {
  const auto n = static_cast<double>(rows_);
  const auto row = static_cast<std::size_t>(std::min(cross_of_[a], cross_of_[b]));
  const auto column = static_cast<std::size_t>(std::max(cross_of_[a], cross_of_[b]));
  const double covariance = (cross_[row * cross_columns_ + column] - sum_[a] * sum_[b] / n) / n;
  return covariance / std::sqrt(variance(a) * variance(b));
}

double Selection::class_score(std::size_t candidate) const {
  const auto n = static_cast<double>(target_rows_);
  const double whole = target_x_[candidate] * target_x_[candidate] / n;
  double between = -whole;
  std::size_t classes = 0;
  for (std::size_t k = 0; k < target_counts_.size(); ++k) {
    if (target_counts_[k] == 0) continue;
    const double sum = target_sums_[k * document_.outputs.size() + candidate];
    between += sum * sum / static_cast<double>(target_counts_[k]);
    ++classes;
  }
  // Rounding may leave a little less than nothing, where a feature tells the classes apart perfectly.
  between = std::max(0.0, between);
  const double within = std::max(0.0, target_xx_[candidate] - whole - between);
  return (between / static_cast<double>(classes - 1)) / (within / (n - static_cast<double>(classes)));
}

double Selection::score(std::size_t candidate) const {
  if (target_ == nullptr) {
    // One-hot columns and terms lie in 0…1 already; only the others have a range.
    const double range = max_[candidate] - min_[candidate];
    const bool ranged = document_.outputs[candidate].kind != StepKind::text && range > 0;
    return ranged ? variance(candidate) / (range * range) : variance(candidate);
  }
  if (!target_->continuous()) return class_score(candidate);
  const auto n = static_cast<double>(target_rows_);
  const double xy = target_sums_[candidate] - target_x_[candidate] * target_sum_ / n;
  const double xx = target_xx_[candidate] - target_x_[candidate] * target_x_[candidate] / n;
  const double yy = target_squares_ - target_sum_ * target_sum_ / n;
  double r2 = xy * xy / (xx * yy);
  if (r2 > 1) r2 = 1;  // by rounding; not a NaN
  return r2 / (1 - r2) * (n - 2);
}

Result<Selection::Choice> Selection::select() const {
  const std::size_t count = document_.outputs.size();
  std::vector<std::string> reasons(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double spread = variance(i);
    if (!(spread > config_.variance_threshold))
      reasons[i] =
          spread > 0 ? fmt::format("variance {:.6g} is not above {:.6g}", spread, config_.variance_threshold)
                     : std::string("constant");
  }
  // As the field's usual recipe has it, an earlier column counts even if it was itself dropped for
  // correlation.
  for (std::size_t j = 0; j < count; ++j) {
    if (cross_of_[j] < 0 || !reasons[j].empty()) continue;
    for (std::size_t i = 0; i < j; ++i) {
      if (cross_of_[i] < 0 || variance(i) == 0) continue;
      const double r = correlation(i, j);
      if (!(std::fabs(r) > config_.correlation_threshold)) continue;
      reasons[j] = fmt::format("correlation {:.4f} with {}", r, document_.outputs[i].name);
      break;
    }
  }
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < count; ++i)
    if (reasons[i].empty()) left.push_back(i);
  if (left.empty())
    return fail(Code::invalid,
                "feature selection leaves no column: all are constant or below variance_threshold");
  if (config_.max_features && left.size() > static_cast<std::size_t>(*config_.max_features)) {
    std::vector<double> scores(count, -std::numeric_limits<double>::infinity());
    for (const std::size_t i : left)
      if (const double value = score(i); !std::isnan(value)) scores[i] = value;
    std::stable_sort(left.begin(), left.end(),
                     [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    for (std::size_t i = static_cast<std::size_t>(*config_.max_features); i < left.size(); ++i)
      reasons[left[i]] =
          fmt::format("not among the best {} (score {:.6g})", *config_.max_features, scores[left[i]]);
  }
  Choice choice;
  for (std::size_t i = 0; i < count; ++i) {
    if (reasons[i].empty())
      choice.kept.push_back(document_.outputs[i]);
    else
      choice.dropped.push_back({document_.outputs[i].name, reasons[i]});
  }
  return choice;
}

}  // namespace tracseq::features
