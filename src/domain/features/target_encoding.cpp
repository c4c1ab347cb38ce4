// SPDX-License-Identifier: MIT
#include "domain/features/target_encoding.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tracseq::features {
namespace {

std::string class_text(const tables::Column& column, std::size_t row) {
  return tables::value_text(column, row);
}

bool is_text(tables::ColumnType type) noexcept {
  return type == tables::ColumnType::string || type == tables::ColumnType::boolean;
}

}  // namespace

double Target::number_of(const tables::Column& column, std::size_t row) {
  if (!column.present(row)) return NAN;
  if (column.type == tables::ColumnType::float64) return column.doubles[row];
  return static_cast<double>(column.integers[row]);
}

Result<void> Target::observe(const tables::ColumnBatch& batch) {
  const tables::Column* column = batch.find(column_);
  if (column == nullptr)
    return fail_field("target_column", fmt::format("target_column: the table has no column '{}'", column_));
  if (column->type == tables::ColumnType::timestamp)
    return fail_field("target_column",
                      fmt::format("target_column: '{}' holds times; a target is a number, a boolean "
                                  "or a text",
                                  column_));
  type_ = column->type;
  texts_ = is_text(column->type);
  for (std::size_t r = 0; r < batch.rows; ++r) {
    if (texts_) {
      if (!column->present(r)) continue;
      const auto number = static_cast<std::size_t>(seen_.add(class_text(*column, r)));
      if (number == seen_counts_.size()) seen_counts_.push_back(0);
      ++seen_counts_[number];
      ++rows_;
      if (seen_.size() > kTargetClassesMax)
        return fail_field("target_column",
                          fmt::format("target_column: '{}' has more than {} distinct texts; a target "
                                      "of classes may have {}",
                                      column_, kTargetClassesMax, kTargetClassesMax));
      continue;
    }
    const double value = number_of(*column, r);
    if (!std::isfinite(value)) continue;
    ++rows_;
    if (continuous_) continue;
    const auto [place, fresh] = number_class_.emplace(value, static_cast<std::int32_t>(number_class_.size()));
    if (fresh) {
      seen_numbers_.push_back(value);
      seen_counts_.push_back(0);
    }
    ++seen_counts_[static_cast<std::size_t>(place->second)];
    continuous_ = value != std::floor(value) || number_class_.size() > kNumericClassesMax;
  }
  return {};
}

Result<void> Target::finish() {
  if (rows_ < kFolds)
    return fail_field("target_column",
                      fmt::format("target_column: '{}' has {} values; at least {} are needed to learn "
                                  "from",
                                  column_, rows_, kFolds));
  if (continuous_) return {};
  std::vector<std::int32_t> order;
  if (texts_) {
    order = seen_.sorted();
  } else {
    order.resize(seen_numbers_.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
      return seen_numbers_[static_cast<std::size_t>(a)] < seen_numbers_[static_cast<std::size_t>(b)];
    });
  }
  if (order.size() < 2)
    return fail_field("target_column", fmt::format("target_column: '{}' has one value only", column_));
  sorted_of_seen_.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto seen = static_cast<std::size_t>(order[i]);
    sorted_of_seen_[seen] = static_cast<std::int32_t>(i);
    class_names_.push_back(texts_ ? std::string(seen_.text(order[i]))
                                  : tables::number_text(seen_numbers_[seen]));
  }
  return {};
}

std::int32_t Target::class_of(const tables::Column& column, std::size_t row) const {
  std::int32_t seen = -1;
  if (texts_) {
    if (column.present(row)) seen = seen_.find(class_text(column, row));
  } else if (const double number = number_of(column, row); std::isfinite(number)) {
    // Looked up only where it is a number: a NaN is equivalent to every key of a map.
    if (const auto found = number_class_.find(number); found != number_class_.end()) seen = found->second;
  }
  return seen < 0 ? -1 : sorted_of_seen_[static_cast<std::size_t>(seen)];
}

std::optional<double> Target::channel(const tables::Column& column, std::size_t row,
                                      std::size_t channel) const {
  if (continuous_) {
    const double value = number_of(column, row);
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
  }
  const std::int32_t found = class_of(column, row);
  if (found < 0) return std::nullopt;
  const std::size_t wanted = class_names_.size() == 2 ? 1 : channel;
  return static_cast<std::size_t>(found) == wanted ? 1.0 : 0.0;
}

FoldAssigner::FoldAssigner(const Target& target) : target_(target) {
  // Both rules give each class (or the whole table) to the folds in blocks; only the sizes of the blocks
  // differ.
  const std::size_t groups = target.continuous_ ? 1 : target.seen_counts_.size();
  std::int64_t start = 0;
  for (std::size_t k = 0; k < groups; ++k) {
    const std::int64_t count = target.continuous_ ? target.rows_ : target.seen_counts_[k];
    std::vector<std::int64_t> ends(kFolds);
    std::int64_t end = 0;
    for (std::int64_t fold = 0; fold < kFolds; ++fold) {
      if (target.continuous_) {
        end += count / kFolds + (fold < count % kFolds ? 1 : 0);
      } else {
        // How many of the positions start … start + count − 1 are `fold` modulo the number of folds.
        const auto upto = [fold](std::int64_t n) { return n > fold ? (n - fold - 1) / kFolds + 1 : 0; };
        end += upto(start + count) - upto(start);
      }
      ends[static_cast<std::size_t>(fold)] = end;
    }
    ends_.push_back(std::move(ends));
    start += count;
  }
  restart();
}

void FoldAssigner::restart() { ranks_.assign(ends_.size(), 0); }

int FoldAssigner::next(const tables::Column& column, std::size_t row) {
  std::size_t group = 0;
  if (target_.continuous_) {
    if (!std::isfinite(Target::number_of(column, row))) return -1;
  } else {
    const std::int32_t found = target_.class_of(column, row);
    if (found < 0) return -1;
    const auto seen = std::find(target_.sorted_of_seen_.begin(), target_.sorted_of_seen_.end(), found);
    group = static_cast<std::size_t>(seen - target_.sorted_of_seen_.begin());
  }
  const std::int64_t rank = ranks_[group]++;
  int fold = 0;
  while (fold < kFolds - 1 && rank >= ends_[group][static_cast<std::size_t>(fold)]) ++fold;
  return fold;
}

TargetStatistics::TargetStatistics(const Target& target, std::size_t categories)
    : target_(target),
      channels_(target.channels()),
      categories_(categories),
      moments_(static_cast<std::size_t>(kFolds) * channels_ * categories) {}

void TargetStatistics::add(int fold, std::int32_t category, const tables::Column& column, std::size_t row) {
  if (fold < 0 || category < 0) return;
  for (std::size_t channel = 0; channel < channels_; ++channel)
    if (const auto value = target_.channel(column, row, channel))
      moments_[place(fold, channel, static_cast<std::size_t>(category))].add(*value);
}

stats::Moments TargetStatistics::merged(std::size_t channel, std::size_t category, int left_out) const {
  stats::Moments all;
  for (int fold = 0; fold < kFolds; ++fold)
    if (fold != left_out) all.merge(moments_[place(fold, channel, category)]);
  return all;
}

TargetStatistics::Encodings TargetStatistics::encodings(std::optional<double> smoothing, int left_out) const {
  Encodings made;
  made.values.resize(categories_ * channels_);
  for (std::size_t channel = 0; channel < channels_; ++channel) {
    stats::Moments whole;
    for (std::size_t category = 0; category < categories_; ++category)
      whole.merge(merged(channel, category, left_out));
    made.unknown.push_back(whole.mean);
    for (std::size_t category = 0; category < categories_; ++category) {
      const stats::Moments own = merged(channel, category, left_out);
      const auto n = static_cast<double>(own.count);
      double value = whole.mean;
      if (smoothing) {
        if (n + *smoothing > 0) value = (own.mean * n + *smoothing * whole.mean) / (n + *smoothing);
      } else if (own.count > 0) {
        const double weight = whole.variance() * n;
        const double lambda = weight / (weight + own.m2 / n);
        if (!std::isnan(lambda)) value = lambda * own.mean + (1 - lambda) * whole.mean;
      }
      made.values[category * channels_ + channel] = value;
    }
  }
  return made;
}

void CrossFit::add_step(std::size_t step, std::vector<TargetStatistics::Encodings> encodings) {
  steps_.emplace(step, std::move(encodings));
}

Result<void> CrossFit::assign_folds(const tables::ColumnBatch& batch) {
  const tables::Column* column = batch.find(target_.column());
  if (column == nullptr)
    return fail_field("target_column", fmt::format("the table has no column '{}'", target_.column()));
  batch_folds_.resize(batch.rows);
  for (std::size_t r = 0; r < batch.rows; ++r) batch_folds_[r] = folds_.next(*column, r);
  return {};
}

void CrossFit::replace(std::size_t step, const std::vector<std::int32_t>& codes,
                       std::vector<double>& encoded) const {
  const auto& folds = steps_.at(step);
  const std::size_t channels = target_.channels();
  for (std::size_t r = 0; r < codes.size(); ++r) {
    if (batch_folds_[r] < 0) continue;
    const auto& encodings = folds[static_cast<std::size_t>(batch_folds_[r])];
    for (std::size_t c = 0; c < channels; ++c)
      encoded[r * channels + c] = codes[r] < 0
                                      ? encodings.unknown[c]
                                      : encodings.values[static_cast<std::size_t>(codes[r]) * channels + c];
  }
}

}  // namespace tracseq::features
