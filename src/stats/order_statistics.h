// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tracseq::stats {

// Exact order statistics of a stream that is read several times, in memory that does not grow with the rows:
// a histogram of the numbers' leading bits in the first pass tells in which narrow range each wanted rank
// lies; the next pass keeps the values of those ranges, or divides a range further where it holds too many.
// Use: observe() everything; then want() ranks; then, while pass_needed(), another pass of observe(); then
// at(). NaN must not be observed; −0 and 0 are one value. For one thread.
class OrderStatistics {
 public:
  OrderStatistics();
  // What one over so many values holds at most, where that many ranks are wanted, between its passes.
  static std::size_t bytes_most(std::int64_t values, std::size_t ranks) noexcept;
  void observe(std::span<const double> values);
  // Ends a pass.
  void finish_pass();

  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  // Asks for the value of a rank from 0; out of range is clamped. Only after the first pass.
  void want(std::int64_t rank);
  // Asks for everything that count_below(value) needs.
  void want_place_of(double value);
  [[nodiscard]] bool pass_needed() const noexcept;

  // The value of a rank that was wanted.
  [[nodiscard]] double at(std::int64_t rank) const;
  // How many observed values are smaller; wanted before by want_place_of.
  [[nodiscard]] std::int64_t count_below(double value) const;

 private:
  // Values whose ordered bits start with the same `bits` bits.
  struct Range {
    std::uint64_t prefix = 0;
    int bits = 0;
    std::int64_t below = 0;  // how many values lie before the range
    std::int64_t count = 0;
    bool done = false;  // `values` is complete and sorted
    std::vector<double> values;
    std::vector<std::int64_t> histogram;  // of the next bits, where the range holds too many values to keep
  };
  void want_range(std::uint64_t prefix, int bits, std::int64_t below, std::int64_t count);
  void split(const Range& range);
  void index_ranges();
  [[nodiscard]] const Range* find(std::uint64_t ordered) const;
  [[nodiscard]] bool wanted(std::uint64_t prefix, int bits, std::int64_t below, std::int64_t count) const;

  std::int64_t count_ = 0;
  bool first_pass_ = true;
  std::vector<std::int64_t> histogram_;
  std::vector<Range> ranges_;         // sorted by their first value, disjoint
  std::vector<std::int32_t> lookup_;  // leading bits -> first of ranges_ with them, or -1
  std::vector<std::int64_t> wanted_ranks_;
  std::vector<std::uint64_t> wanted_places_;
};

// How numpy's default ("linear") quantile of n sorted values is made: between ranks `low` and `low` + 1.
struct QuantilePlace {
  std::int64_t low = 0;
  double fraction = 0;
};
QuantilePlace quantile_place(std::int64_t n, double q) noexcept;
// numpy's interpolation, which is monotone and exact at both ends.
double interpolate(double a, double b, double fraction) noexcept;

}  // namespace tracseq::stats
