// SPDX-License-Identifier: MIT
#include "domain/data/profile.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tracseq::data {
namespace {

constexpr std::size_t kRanksWanted = 6;  // two for each quartile

// Integers that a double holds exactly are shown as integers.
Json number(const tables::ColumnInfo& column, double value) {
  if (column.type == tables::ColumnType::int64 && value == std::floor(value) && std::fabs(value) < 9e15)
    return Json(static_cast<std::int64_t>(value));
  return Json(value);
}

// These columns alone, in as many passes as they need.
Result<void> profile_group(tables::Table& table, std::span<NumericProfile> profiles,
                           const tables::Check& check) {
  std::vector<std::string> names;
  names.reserve(profiles.size());
  for (const NumericProfile& profile : profiles) names.push_back(profile.column().name);
  bool more = true;
  while (more) {
    TRACSEQ_TRY(const auto reader, table.open(names));
    while (true) {
      if (check) TRACSEQ_CHECK(check());
      TRACSEQ_TRY(const tables::ColumnBatch* batch, reader->next());
      if (batch == nullptr) break;
      for (std::size_t c = 0; c < profiles.size(); ++c) profiles[c].observe(batch->columns[c], batch->rows);
    }
    more = false;
    for (auto& profile : profiles) more = profile.finish_pass() || more;
  }
  return {};
}

}  // namespace

std::size_t NumericProfile::bytes_most(std::int64_t rows) noexcept {
  return stats::OrderStatistics::bytes_most(rows, kRanksWanted);
}

void NumericProfile::observe(const tables::Column& column, std::size_t rows) {
  if (stage_ == Stage::done) return;
  if (!order_) order_.emplace();
  finite_.clear();
  for (std::size_t r = 0; r < rows; ++r) {
    if (!column.present(r)) continue;
    const double value = column.type == tables::ColumnType::float64 ? column.doubles[r]
                                                                    : static_cast<double>(column.integers[r]);
    if (std::isfinite(value))
      finite_.push_back(value);
    else if (stage_ == Stage::moments)
      ++infinite_;
  }
  if (stage_ == Stage::histogram) {
    count_bins();
    return;
  }
  order_->observe(finite_);
  if (stage_ == Stage::moments) moments_.add_block(finite_);
}

bool NumericProfile::finish_pass() {
  if (stage_ == Stage::done) return false;
  if (stage_ == Stage::histogram || moments_.count == 0) {
    stage_ = Stage::done;
    order_.reset();
    finite_ = {};
    return false;
  }
  order_->finish_pass();
  const std::int64_t n = moments_.count;
  if (stage_ == Stage::moments) {
    stage_ = Stage::quartiles;
    for (const double q : {0.25, 0.5, 0.75}) {
      const auto place = stats::quantile_place(n, q);
      order_->want(place.low);
      order_->want(place.low + 1);
    }
  }
  if (!order_->pass_needed()) begin_histogram();
  return true;
}

void NumericProfile::begin_histogram() {
  stage_ = Stage::histogram;
  const auto quantile = [&](double q) {
    const auto place = stats::quantile_place(moments_.count, q);
    return stats::interpolate(order_->at(place.low), order_->at(place.low + 1), place.fraction);
  };
  q25_ = quantile(0.25);
  median_ = quantile(0.5);
  q75_ = quantile(0.75);
  const auto n = static_cast<double>(moments_.count);
  deviation_ = moments_.count > 1 ? std::sqrt(moments_.m2 / (n - 1)) : 0;
  bins_.assign(moments_.max > moments_.min ? kHistogramBins : 1, 0);
}

double NumericProfile::unit() const noexcept { return std::isfinite(moments_.max - moments_.min) ? 1 : 0.5; }

double NumericProfile::bin_width() const noexcept {
  return (moments_.max * unit() - moments_.min * unit()) / static_cast<double>(bins_.size());
}

void NumericProfile::count_bins() {
  const double width = bin_width();
  const double scale = unit();
  const auto last = static_cast<double>(bins_.size() - 1);
  const double fence = kFenceWidth * (q75_ - q25_);
  const double low = fence > 0 ? q25_ - fence : -std::numeric_limits<double>::infinity();
  const double high = fence > 0 ? q75_ + fence : std::numeric_limits<double>::infinity();
  for (const double value : finite_) {
    const double place = width > 0 ? (value * scale - moments_.min * scale) / width : 0;
    ++bins_[static_cast<std::size_t>(std::clamp(place, 0.0, last))];
    outliers_ += value < low || value > high ? 1 : 0;
    outliers_z_ += std::fabs(value - moments_.mean) > kZScoreLimit * deviation_ ? 1 : 0;
  }
}

void NumericProfile::describe(Json& stats) const {
  stats.set("infinite", infinite_);
  if (moments_.count == 0) return;
  stats.set("mean", moments_.mean);
  stats.set("std", moments_.count > 1 ? Json(deviation_) : Json());
  stats.set("min", number(column_, moments_.min));
  stats.set("max", number(column_, moments_.max));
  stats.set("q25", q25_);
  stats.set("median", median_);
  stats.set("q75", q75_);
  stats.set("outliers", outliers_);
  stats.set("outliers_z", outliers_z_);
  Json edges = Json::array();
  Json counts = Json::array();
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    edges.push_back((moments_.min * unit() + bin_width() * static_cast<double>(i)) / unit());
    counts.push_back(bins_[i]);
  }
  edges.push_back(moments_.max);
  Json histogram = Json::object();
  histogram.set("edges", std::move(edges));
  histogram.set("counts", std::move(counts));
  stats.set("histogram", std::move(histogram));
}

Result<std::vector<NumericProfile>> profile_numbers(tables::Table& table, const tables::Check& check) {
  std::vector<NumericProfile> profiles;
  for (const auto& info : table.columns())
    if (info.type == tables::ColumnType::float64 || info.type == tables::ColumnType::int64)
      profiles.emplace_back(info);
  const std::size_t together =
      std::max<std::size_t>(1, kProfileBytesMax / NumericProfile::bytes_most(table.rows()));
  for (std::size_t start = 0; start < profiles.size(); start += together) {
    const std::size_t count = std::min(together, profiles.size() - start);
    TRACSEQ_CHECK(profile_group(table, std::span(profiles).subspan(start, count), check));
  }
  return profiles;
}

}  // namespace tracseq::data
