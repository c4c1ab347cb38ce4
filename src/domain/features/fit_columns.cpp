// SPDX-License-Identifier: MIT
#include "domain/features/fit_columns.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "domain/features/fit.h"
#include "domain/features/tokens.h"

namespace tracseq::features {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kFenceWidth = 1.5;  // interquartile ranges
// Median, both quartiles and where the fill lies, each of them in two places where there are gaps.
constexpr std::size_t kRanksWanted = 15;

Result<const tables::Column*> find_column(const tables::ColumnBatch& batch, const std::string& name) {
  const tables::Column* column = batch.find(name);
  if (column == nullptr) return fail_field(name, fmt::format("the table has no column '{}'", name));
  return column;
}

}  // namespace

Result<void> finite_numbers(const tables::Column& column, std::size_t rows, std::vector<double>& out) {
  out.clear();
  out.reserve(rows);
  const auto take = [&](auto at) {
    for (std::size_t r = 0; r < rows; ++r)
      if (const double value = at(r); column.present(r) && std::isfinite(value)) out.push_back(value);
  };
  switch (column.type) {
    case tables::ColumnType::float64:
      take([&](std::size_t r) { return column.doubles[r]; });
      return {};
    case tables::ColumnType::int64:
      take([&](std::size_t r) { return static_cast<double>(column.integers[r]); });
      return {};
    case tables::ColumnType::boolean:
      take([&](std::size_t r) { return static_cast<double>(column.booleans[r]); });
      return {};
    default:
      break;
  }
  return fail_field(column.name,
                    fmt::format("the column '{}' holds {} values; a numeric feature needs numbers",
                                column.name, tables::type_name(column.type)));
}

NumericFit::NumericFit(const FeatureConfig& config, std::string column)
    : config_(config), column_(std::move(column)) {
  if (config.clip_outliers || config.scaling_method == Scaling::robust ||
      config.numeric_imputation == NumericImputation::median)
    order_.emplace();
}

std::size_t NumericFit::bytes_most(std::int64_t rows) noexcept {
  return stats::OrderStatistics::bytes_most(rows, kRanksWanted);
}

Result<void> NumericFit::observe(const tables::ColumnBatch& batch) {
  TRACSEQ_TRY(const tables::Column* column, find_column(batch, column_));
  TRACSEQ_CHECK(finite_numbers(*column, batch.rows, finite_));
  step_.input_type = column->type;
  rows_ += static_cast<std::int64_t>(batch.rows);
  moments_.add_block(finite_);
  if (order_) order_->observe(finite_);
  if (config_.numeric_imputation == NumericImputation::mode) {
    for (const double value : finite_) ++counts_[value + 0.0];
    if (counts_.size() > kModeValuesMax)
      return fail_field(column_,
                        fmt::format("the column '{}' has more than {} distinct numbers; impute it by median "
                                    "or mean instead of mode",
                                    column_, kModeValuesMax));
  }
  return {};
}

double NumericFit::mode() const {
  double best = 0;
  std::int64_t count = 0;
  for (const auto& [value, n] : counts_)
    if (n > count || (n == count && value < best)) best = value, count = n;
  return best;
}

void NumericFit::finish_first_pass() {
  step_.column = column_;
  if (moments_.count == 0) {
    fill_ = 0;  // nothing to learn from: the column becomes a constant
    order_.reset();
    return;
  }
  switch (config_.numeric_imputation) {
    case NumericImputation::median:
      break;
    case NumericImputation::mean:
      fill_ = moments_.mean;
      break;
    case NumericImputation::mode:
      fill_ = mode();
      break;
    case NumericImputation::constant:
      fill_ = config_.numeric_fill_value;
      break;
  }
  if (!order_) return;
  order_->finish_pass();
  const std::int64_t n = moments_.count;
  order_->want((n - 1) / 2);
  order_->want(n / 2);
  if (fill_ && n < rows_) order_->want_place_of(*fill_);
  for (const double q : {0.25, 0.75}) {
    const std::int64_t low = stats::quantile_place(rows_, q).low;
    want_imputed(low);
    want_imputed(low + 1);
  }
  want_imputed((rows_ - 1) / 2);
  want_imputed(rows_ / 2);
}

// Among all rows, with the gaps filled, the ranks before the fill keep their place and those behind it move
// on by the number of gaps. Where the fill lies is known at once if it is the median; else both candidates
// are asked for.
void NumericFit::want_imputed(std::int64_t rank) {
  order_->want(rank);
  order_->want(rank - (rows_ - moments_.count));
}

double NumericFit::imputed_at(std::int64_t rank) const {
  const std::int64_t n = moments_.count;
  const std::int64_t gaps = rows_ - n;
  if (gaps == 0) return order_->at(rank);
  rank = std::min(rank, rows_ - 1);
  const std::int64_t before =
      config_.numeric_imputation == NumericImputation::median ? n / 2 : order_->count_below(*fill_);
  if (rank < before) return order_->at(rank);
  if (rank < before + gaps) return *fill_;
  return order_->at(rank - gaps);
}

Result<void> NumericFit::observe_quantiles(const tables::ColumnBatch& batch) {
  TRACSEQ_TRY(const tables::Column* column, find_column(batch, column_));
  TRACSEQ_CHECK(finite_numbers(*column, batch.rows, finite_));
  order_->observe(finite_);
  return {};
}

void NumericFit::finish_quantiles() { order_->finish_pass(); }

double NumericFit::clipped(double x) const noexcept {
  if (step_.low && x < *step_.low) x = *step_.low;
  if (step_.high && x > *step_.high) x = *step_.high;
  return x;
}

double NumericFit::quantile(double q) const {
  const stats::QuantilePlace place = stats::quantile_place(rows_, q);
  return stats::interpolate(clipped(imputed_at(place.low)), clipped(imputed_at(place.low + 1)),
                            place.fraction);
}

void NumericFit::learn_fences() {
  if (!order_) {
    step_.fill = *fill_;
    return;
  }
  const std::int64_t n = moments_.count;
  if (!fill_) fill_ = (order_->at((n - 1) / 2) + order_->at(n / 2)) / 2;
  step_.fill = *fill_;
  median_ = (imputed_at((rows_ - 1) / 2) + imputed_at(rows_ / 2)) / 2;
  quartile_low_ = quantile(0.25);
  quartile_high_ = quantile(0.75);
  // Half the values equal: the fences would flatten every other value, so there is no scale to judge outliers
  // by.
  const double width = quartile_high_ - quartile_low_;
  if (!config_.clip_outliers || !(width > 0)) return;
  step_.low = quartile_low_ - kFenceWidth * width;
  step_.high = quartile_high_ + kFenceWidth * width;
  // In a small table a quartile may lie between a value and an outlier, and moves when that is clipped.
  quartile_low_ = quantile(0.25);
  quartile_high_ = quantile(0.75);
}

void NumericFit::settle() {
  learn_fences();
  ordered_ = order_.has_value();
  order_.reset();
  counts_ = {};
  finite_ = {};
}

bool NumericFit::moments_needed() const noexcept { return config_.scaling_method == Scaling::standard; }

NumericStep NumericFit::step() const {
  NumericStep step = step_;
  if (config_.scaling_method == Scaling::standard) {
    step.center = scaled_.mean;
    const double variance = scaled_.variance();
    const auto n = static_cast<double>(scaled_.count);
    const double noise = n * scaled_.mean * kEpsilon;
    const bool constant = variance <= n * kEpsilon * variance + noise * noise;
    step.scale = constant || variance == 0 ? 1 : std::sqrt(variance);
  } else if (config_.scaling_method == Scaling::minmax) {
    double low = moments_.min;
    double high = moments_.max;
    if (moments_.count < rows_) low = std::min(low, step.fill), high = std::max(high, step.fill);
    low = clipped(low);
    high = clipped(high);
    step.factor = high - low < 10 * kEpsilon ? 1 : 1 / (high - low);
    step.offset = 0 - low * *step.factor;
  } else if (config_.scaling_method == Scaling::robust && ordered_) {
    const double width = quartile_high_ - quartile_low_;
    step.center = median_;
    step.scale = width < 10 * kEpsilon ? 1 : width;
  }
  return step;
}

Result<void> CategoricalFit::observe(const tables::ColumnBatch& batch) {
  TRACSEQ_TRY(const tables::Column* column, find_column(batch, column_));
  type_ = column->type;
  const bool text = column->type == tables::ColumnType::string;
  for (std::size_t r = 0; r < batch.rows; ++r) {
    if (!column->present(r)) {
      ++missing_;
      continue;
    }
    const auto number = static_cast<std::size_t>(text ? seen_.add(column->text(r))
                                                      : seen_.add(tables::value_text(*column, r)));
    if (number == counts_.size()) counts_.push_back(0);
    ++counts_[number];
  }
  const std::size_t allowed =
      config_.encoding_method == Encoding::onehot ? kOneHotCategoriesMax : kCategoriesMax;
  if (seen_.size() > allowed)
    return fail_field(column_,
                      fmt::format("the column '{}' has more than {} categories, which {} encoding does not "
                                  "take",
                                  column_, allowed, enum_name(config_.encoding_method)));
  return {};
}

Result<CategoricalStep> CategoricalFit::step() const {
  CategoricalStep step;
  step.column = column_;
  step.input_type = type_;
  step.encoding = config_.encoding_method;
  step.unknown_categories = config_.unknown_categories;
  const std::vector<std::int32_t> order = seen_.sorted();
  for (const std::int32_t number : order) step.categories.emplace_back(seen_.text(number));
  step.fill = config_.categorical_fill_value;
  if (config_.categorical_imputation == CategoricalImputation::mode && !order.empty()) {
    // The first of the largest in sorted order: ties go to the smallest text.
    const auto most = std::max_element(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
      return counts_[static_cast<std::size_t>(a)] < counts_[static_cast<std::size_t>(b)];
    });
    step.fill = std::string(seen_.text(*most));
  } else if (missing_ > 0) {
    const auto place = std::lower_bound(step.categories.begin(), step.categories.end(), step.fill);
    if (place == step.categories.end() || *place != step.fill) step.categories.insert(place, step.fill);
  }
  return step;
}

Result<void> TextFit::observe(const tables::ColumnBatch& batch) {
  TRACSEQ_TRY(const tables::Column* column, find_column(batch, column_));
  if (column->type != tables::ColumnType::string)
    return fail_field(column_, fmt::format("the column '{}' holds {} values; a text feature needs text",
                                           column_, tables::type_name(column->type)));
  for (std::size_t r = 0; r < batch.rows; ++r) {
    ++rows_;
    if (!column->present(r)) continue;
    lower_text(column->text(r), lowered_);
    each_token(lowered_, [&](std::string_view token) {
      const auto number = static_cast<std::size_t>(seen_.add(token));
      if (number == totals_.size()) totals_.push_back(0), documents_.push_back(0), last_row_.push_back(0);
      ++totals_[number];
      if (last_row_[number] != rows_) ++documents_[number], last_row_[number] = rows_;
    });
    if (seen_.size() > kTermsSeenMax)
      return fail_field(
          column_, fmt::format("the column '{}' has more than {} distinct words", column_, kTermsSeenMax));
  }
  return {};
}

TextStep TextFit::step() const {
  std::vector<std::int32_t> kept = seen_.sorted();
  const auto limit = static_cast<std::size_t>(config_.max_vocab_size);
  if (kept.size() > limit) {
    std::stable_sort(kept.begin(), kept.end(), [&](std::int32_t a, std::int32_t b) {
      return totals_[static_cast<std::size_t>(a)] > totals_[static_cast<std::size_t>(b)];
    });
    kept.resize(limit);
    std::sort(kept.begin(), kept.end(),
              [&](std::int32_t a, std::int32_t b) { return seen_.text(a) < seen_.text(b); });
  }
  TextStep step;
  step.column = column_;
  for (const std::int32_t number : kept) {
    step.terms.emplace_back(seen_.text(number));
    const auto documents = static_cast<double>(documents_[static_cast<std::size_t>(number)]);
    step.idf.push_back(std::log((1.0 + static_cast<double>(rows_)) / (1.0 + documents)) + 1.0);
  }
  return step;
}

}  // namespace tracseq::features
