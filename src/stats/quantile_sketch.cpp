// SPDX-License-Identifier: MIT
#include "stats/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tracseq::stats {
namespace {

constexpr double kZeroBelow = 1e-12;
constexpr std::int32_t kIndexMax = 1 << 20;
constexpr char kFormat = 1;

double log_ratio() {
  static const double value =
      std::log((1 + QuantileSketch::kRelativeError) / (1 - QuantileSketch::kRelativeError));
  return value;
}

std::int32_t bucket_of(double magnitude) {
  return static_cast<std::int32_t>(std::ceil(std::log(magnitude) / log_ratio()));
}

// The value that is within the relative error of everything in the bucket.
double value_of(std::int32_t bucket) {
  return std::exp(log_ratio() * bucket) * (1 - QuantileSketch::kRelativeError);
}

void put(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> take(std::string_view& in) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

void put_buckets(std::string& out, const std::map<std::int32_t, std::int64_t>& buckets) {
  put(out, buckets.size());
  std::int64_t last = 0;
  for (const auto& [index, count] : buckets) {
    put(out, zigzag(index - last));
    put(out, static_cast<std::uint64_t>(count));
    last = index;
  }
}

}  // namespace

void QuantileSketch::add(double value, std::int64_t count) {
  TRACSEQ_ENSURE(std::isfinite(value) && count > 0);
  const double magnitude = std::abs(value);
  count_ += count;
  if (magnitude < kZeroBelow) {
    zeros_ += count;
    return;
  }
  Buckets& buckets = value > 0 ? positive_ : negative_;
  buckets[bucket_of(magnitude)] += count;
  bound(buckets);
}

void QuantileSketch::bound(Buckets& buckets) {
  while (buckets.size() > kBucketsMax) {
    const auto smallest = buckets.begin();
    std::next(smallest)->second += smallest->second;
    buckets.erase(smallest);
  }
}

void QuantileSketch::merge(const QuantileSketch& other) {
  for (const auto& [index, count] : other.positive_) positive_[index] += count;
  for (const auto& [index, count] : other.negative_) negative_[index] += count;
  bound(positive_);
  bound(negative_);
  zeros_ += other.zeros_;
  count_ += other.count_;
}

double QuantileSketch::quantile(double q) const {
  if (count_ == 0) return 0;
  // Beyond 2^53 a double may round the count up to more than there are.
  const auto rank = std::min(
      count_ - 1, static_cast<std::int64_t>(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_ - 1)));
  std::int64_t seen = 0;
  for (auto bucket = negative_.rbegin(); bucket != negative_.rend(); ++bucket) {
    seen += bucket->second;
    if (seen > rank) return -value_of(bucket->first);
  }
  seen += zeros_;
  if (seen > rank) return 0;
  for (const auto& [index, count] : positive_) {
    seen += count;
    if (seen > rank) return value_of(index);
  }
  return 0;
}

std::string QuantileSketch::encode() const {
  std::string out(1, kFormat);
  put(out, static_cast<std::uint64_t>(zeros_));
  put_buckets(out, positive_);
  put_buckets(out, negative_);
  return out;
}

Result<QuantileSketch> QuantileSketch::decode(std::string_view bytes) {
  const auto bad = [] { return fail(Code::invalid, "these bytes are no quantile sketch"); };
  if (bytes.empty() || bytes.front() != kFormat) return bad();
  bytes.remove_prefix(1);
  constexpr std::uint64_t kCountMax = 1ULL << 62;
  QuantileSketch sketch;
  const auto zeros = take(bytes);
  if (!zeros || *zeros > kCountMax) return bad();
  sketch.zeros_ = sketch.count_ = static_cast<std::int64_t>(*zeros);
  for (Buckets* buckets : {&sketch.positive_, &sketch.negative_}) {
    const auto size = take(bytes);
    if (!size || *size > kBucketsMax) return bad();
    std::int64_t index = 0;
    for (std::uint64_t i = 0; i < *size; ++i) {
      const auto step = take(bytes);
      const auto count = take(bytes);
      if (!step || !count || *count > kCountMax - static_cast<std::uint64_t>(sketch.count_)) return bad();
      const std::int64_t delta = unzigzag(*step);
      if (delta < -std::int64_t{2} * kIndexMax || delta > std::int64_t{2} * kIndexMax) return bad();
      index += delta;
      if (index < -kIndexMax || index > kIndexMax) return bad();
      (*buckets)[static_cast<std::int32_t>(index)] += static_cast<std::int64_t>(*count);
      sketch.count_ += static_cast<std::int64_t>(*count);
    }
  }
  if (!bytes.empty()) return bad();
  return sketch;
}

}  // namespace tracseq::stats
