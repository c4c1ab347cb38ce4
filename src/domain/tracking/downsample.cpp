// SPDX-License-Identifier: MIT
#include "domain/tracking/downsample.h"

#include <algorithm>
#include <cmath>

namespace tracseq::tracking {
namespace {

constexpr std::size_t kKeptPerBucket = 4;

// The indices of a bucket [begin, end) that stay, in order.
void keep(const std::vector<double>& values, std::size_t begin, std::size_t end,
          std::vector<std::size_t>& kept) {
  std::size_t low = end;
  std::size_t high = end;
  for (std::size_t i = begin; i < end; ++i) {
    if (std::isnan(values[i])) continue;
    if (low == end || values[i] < values[low]) low = i;
    if (high == end || values[i] > values[high]) high = i;
  }
  std::size_t chosen[kKeptPerBucket] = {begin, end - 1, low == end ? begin : low, high == end ? begin : high};
  std::sort(std::begin(chosen), std::end(chosen));
  for (const std::size_t index : chosen)
    if (kept.empty() || kept.back() != index) kept.push_back(index);
}

template <class T>
void select(std::vector<T>& column, const std::vector<std::size_t>& kept) {
  for (std::size_t i = 0; i < kept.size(); ++i) column[i] = column[kept[i]];
  column.resize(kept.size());
}

}  // namespace

void downsample(Series& series, std::size_t max_points) {
  const std::size_t count = series.values.size();
  if (max_points == 0 || count <= std::max(max_points, kKeptPerBucket)) return;
  const std::size_t buckets = std::max<std::size_t>(1, max_points / kKeptPerBucket);
  std::vector<std::size_t> kept;
  kept.reserve(buckets * kKeptPerBucket);
  for (std::size_t b = 0; b < buckets; ++b)
    keep(series.values, count * b / buckets, count * (b + 1) / buckets, kept);
  select(series.steps, kept);
  select(series.epochs, kept);
  select(series.times, kept);
  select(series.values, kept);
}

}  // namespace tracseq::tracking
