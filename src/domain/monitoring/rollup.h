// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/quantile_sketch.h"
#include "storage/sql/database.h"

namespace tracseq::monitoring {

// The widths of the stretches that values are rolled up into, in seconds. The fine ones are kept for two
// days.
inline constexpr std::int64_t kFineSeconds = 10;
inline constexpr std::int64_t kCoarseSeconds = 240;
inline constexpr std::array kWidths{kFineSeconds, kCoarseSeconds};
inline constexpr std::chrono::hours kFineKept{48};

// What is known of the values of one stretch. Statistics are of the finite values; others are counted apart.
struct Rollup {
  std::int64_t count = 0;  // finite
  std::int64_t nonfinite = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
  std::int64_t last_us = 0;
  double last = 0;  // the newest value, whatever it is
  stats::QuantileSketch sketch;

  void add(std::int64_t time_us, double value);
  void merge(const Rollup& other);
  [[nodiscard]] std::int64_t all() const noexcept { return count + nonfinite; }
  [[nodiscard]] std::optional<double> mean() const;
  // Within what was seen, to 1 %.
  [[nodiscard]] std::optional<double> quantile(double q) const;
};

struct RollupKey {
  std::int64_t series_id = 0;
  std::int64_t width_s = 0;
  std::int64_t start_us = 0;
  friend auto operator<=>(const RollupKey&, const RollupKey&) = default;
};

// The start of the stretch of that width which holds the time.
std::int64_t stretch_start(std::int64_t time_us, std::int64_t width_s) noexcept;

// Adds the new parts to what is stored; part of the transaction that stores the values.
Result<void> store_rollups(sql::Transaction& tx, const std::map<RollupKey, Rollup>& parts);

// A stored stretch of one series.
struct Stretch {
  std::int64_t series_id = 0;
  std::int64_t start_us = 0;
  Rollup rollup;
};
enum class Quantiles { with, without };  // sketches cost time to read
// The stretches of a series with start in [start_us, end_us), in order.
Result<void> read_rollups(sql::Session& session, std::int64_t series_id, std::int64_t width_s,
                          std::int64_t start_us, std::int64_t end_us, Quantiles quantiles,
                          FunctionRef<Result<void>(const Stretch&)> visit);
// The newest stretch of a series; nothing if it has none.
Result<std::optional<Stretch>> newest_rollup(sql::Session& session, std::int64_t series_id);

}  // namespace tracseq::monitoring
