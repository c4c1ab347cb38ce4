// SPDX-License-Identifier: MIT
#include "stats/order_statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/result.h"

namespace tracseq::stats {
namespace {

constexpr int kTopBits = 16;   // sign, exponent, four bits of the mantissa
constexpr int kNextBits = 12;  // 16 + 4 × 12 = 64: five passes at most
constexpr std::int64_t kKeepMax = 1 << 18;

// Unsigned integers that sort as the doubles do.
std::uint64_t ordered_of(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // −0 becomes 0
  return (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
}

double value_of(std::uint64_t ordered) noexcept {
  return std::bit_cast<double>((ordered >> 63) != 0 ? ordered & ~(std::uint64_t{1} << 63) : ~ordered);
}

std::uint64_t prefix_of(std::uint64_t ordered, int bits) noexcept { return ordered >> (64 - bits); }

}  // namespace

OrderStatistics::OrderStatistics() : histogram_(std::size_t{1} << kTopBits, 0) {}

std::size_t OrderStatistics::bytes_most(std::int64_t values, std::size_t ranks) noexcept {
  const std::size_t tables = (std::size_t{1} << kTopBits) * (sizeof(std::int64_t) + sizeof(std::int32_t));
  const auto kept = static_cast<std::size_t>(std::clamp<std::int64_t>(values, 0, kKeepMax));
  // Ranges are disjoint: together they hold no more than all values, and each no more than kKeepMax.
  const std::size_t together =
      std::min(ranks * kept, static_cast<std::size_t>(std::max<std::int64_t>(values, 0)));
  return tables + sizeof(double) * together + ranks * (sizeof(std::int64_t) << kNextBits);
}

void OrderStatistics::observe(std::span<const double> values) {
  if (first_pass_) {
    count_ += static_cast<std::int64_t>(values.size());
    for (const double value : values) ++histogram_[prefix_of(ordered_of(value), kTopBits)];
    return;
  }
  for (const double value : values) {
    const std::uint64_t ordered = ordered_of(value);
    const std::uint64_t top = prefix_of(ordered, kTopBits);
    const std::int32_t first = lookup_[top];
    if (first < 0) continue;
    for (auto i = static_cast<std::size_t>(first); i < ranges_.size(); ++i) {
      Range& range = ranges_[i];
      if (range.prefix >> (range.bits - kTopBits) != top) break;
      if (prefix_of(ordered, range.bits) != range.prefix) continue;
      if (range.done) break;
      if (range.histogram.empty())
        range.values.push_back(value);
      else
        ++range.histogram[prefix_of(ordered, range.bits + kNextBits) & ((1U << kNextBits) - 1)];
      break;
    }
  }
}

bool OrderStatistics::wanted(std::uint64_t prefix, int bits, std::int64_t below, std::int64_t count) const {
  for (const std::int64_t rank : wanted_ranks_)
    if (rank >= below && rank < below + count) return true;
  for (const std::uint64_t place : wanted_places_)
    if (prefix_of(place, bits) == prefix) return true;
  return false;
}

void OrderStatistics::want_range(std::uint64_t prefix, int bits, std::int64_t below, std::int64_t count) {
  for (const Range& range : ranges_)
    if (range.bits == bits && range.prefix == prefix) return;
  Range range;
  range.prefix = prefix;
  range.bits = bits;
  range.below = below;
  range.count = count;
  if (bits == 64) {
    range.values.assign(1, value_of(prefix));  // all `count` values are this one
    range.done = true;
  } else if (count == 0) {
    range.done = true;
  } else if (count > kKeepMax) {
    range.histogram.assign(std::size_t{1} << kNextBits, 0);
  } else {
    range.values.reserve(static_cast<std::size_t>(count));
  }
  ranges_.push_back(std::move(range));
}

void OrderStatistics::split(const Range& range) {
  std::int64_t below = range.below;
  for (std::size_t i = 0; i < range.histogram.size(); ++i) {
    const std::uint64_t prefix = (range.prefix << kNextBits) | i;
    const int bits = range.bits + kNextBits;
    if (wanted(prefix, bits, below, range.histogram[i])) want_range(prefix, bits, below, range.histogram[i]);
    below += range.histogram[i];
  }
}

void OrderStatistics::index_ranges() {
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
    return a.prefix << (64 - a.bits) < b.prefix << (64 - b.bits);
  });
  lookup_.assign(std::size_t{1} << kTopBits, -1);
  for (std::size_t i = ranges_.size(); i-- > 0;)
    lookup_[ranges_[i].prefix >> (ranges_[i].bits - kTopBits)] = static_cast<std::int32_t>(i);
}

void OrderStatistics::finish_pass() {
  if (first_pass_) {
    first_pass_ = false;
    return;
  }
  std::vector<Range> before = std::move(ranges_);
  ranges_.clear();
  for (Range& range : before) {
    if (!range.done && !range.histogram.empty()) {
      split(range);
      continue;
    }
    if (!range.done) std::sort(range.values.begin(), range.values.end());
    range.done = true;
    ranges_.push_back(std::move(range));
  }
  index_ranges();
}

void OrderStatistics::want(std::int64_t rank) {
  if (count_ == 0) return;
  rank = std::clamp<std::int64_t>(rank, 0, count_ - 1);
  wanted_ranks_.push_back(rank);
  std::int64_t below = 0;
  for (std::size_t i = 0; i < histogram_.size(); ++i) {
    if (rank < below + histogram_[i]) {
      want_range(i, kTopBits, below, histogram_[i]);
      break;
    }
    below += histogram_[i];
  }
  index_ranges();
}

void OrderStatistics::want_place_of(double value) {
  const std::uint64_t place = ordered_of(value);
  wanted_places_.push_back(place);
  const std::uint64_t top = prefix_of(place, kTopBits);
  std::int64_t below = 0;
  for (std::size_t i = 0; i < top; ++i) below += histogram_[i];
  want_range(top, kTopBits, below, histogram_[top]);
  index_ranges();
}

bool OrderStatistics::pass_needed() const noexcept {
  return std::any_of(ranges_.begin(), ranges_.end(), [](const Range& range) { return !range.done; });
}

double OrderStatistics::at(std::int64_t rank) const {
  rank = std::clamp<std::int64_t>(rank, 0, count_ - 1);
  for (const Range& range : ranges_) {
    if (rank < range.below || rank >= range.below + range.count) continue;
    TRACSEQ_ENSURE(range.done);
    return range.bits == 64 ? range.values.front()
                            : range.values[static_cast<std::size_t>(rank - range.below)];
  }
  TRACSEQ_ENSURE(false && "the rank was not wanted");
  return 0;
}

const OrderStatistics::Range* OrderStatistics::find(std::uint64_t ordered) const {
  for (const Range& range : ranges_)
    if (prefix_of(ordered, range.bits) == range.prefix) return &range;
  return nullptr;
}

std::int64_t OrderStatistics::count_below(double value) const {
  const Range* range = find(ordered_of(value));
  TRACSEQ_ENSURE(range != nullptr && range->done);
  if (range->bits == 64) return range->below;
  const auto first = std::lower_bound(range->values.begin(), range->values.end(), value);
  return range->below + (first - range->values.begin());
}

QuantilePlace quantile_place(std::int64_t n, double q) noexcept {
  const double virtual_index = static_cast<double>(n - 1) * q;
  const double low = std::floor(virtual_index);
  return {static_cast<std::int64_t>(low), virtual_index - low};
}

double interpolate(double a, double b, double fraction) noexcept {
  const double difference = b - a;
  if (std::isinf(difference) && std::isfinite(a) && std::isfinite(b))
    return a * (1 - fraction) + b * fraction;
  return fraction >= 0.5 ? b - difference * (1 - fraction) : a + difference * fraction;
}

}  // namespace tracseq::stats
