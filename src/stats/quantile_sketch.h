// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq::stats {

// Quantiles of a stream within 1 % of the value, in little memory: counts per bucket, bucket bounds growing
// by a constant ratio (DDSketch: Masson, Rim, Lee, VLDB 2019). Sketches of parts merge into the sketch of the
// whole without further loss. Takes finite values; magnitudes below 1e-12 count as zero. Not thread-safe.
class QuantileSketch {
 public:
  static constexpr double kRelativeError = 0.01;
  static constexpr std::size_t kBucketsMax = 4096;  // the smallest magnitudes are joined beyond

  void add(double value, std::int64_t count = 1);
  void merge(const QuantileSketch& other);
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  // The value below which a share q (0 to 1) of the values lies; 0 without values.
  [[nodiscard]] double quantile(double q) const;

  // A compact form and back; `invalid` for bytes that are none.
  [[nodiscard]] std::string encode() const;
  static Result<QuantileSketch> decode(std::string_view bytes);

 private:
  using Buckets = std::map<std::int32_t, std::int64_t>;
  static void bound(Buckets& buckets);

  Buckets positive_;
  Buckets negative_;  // by magnitude
  std::int64_t zeros_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace tracseq::stats
