// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/monitoring/rollup.h"
#include "domain/monitoring/types.h"
#include "storage/sql/database.h"

// Series: one per model, version and metric. Shared by the services of this folder; every function is part of
// its caller's transaction or snapshot.
namespace tracseq::monitoring {

struct SeriesKey {
  std::string model_id;
  std::string metric_name;
  std::string model_version;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

struct StoredSeries {
  std::int64_t series_id = 0;
  std::string model_id;
  std::string metric_name;
  std::string model_version;
  std::string metric_type;
};

// One value on its way into its series.
struct Sample {
  SeriesKey key;
  std::optional<MetricType> type;
  std::int64_t time_us = 0;
  double value = 0;
  std::string metric_id;
  std::string request_id;
  std::string user_id;
  std::string tags = "{}";
};

// Stores values and brings the roll-ups up to date.
Result<void> store_samples(sql::Transaction& tx, const std::string& project_id,
                           std::span<const Sample> samples);

// The series of a model under the metric's recorded names; empty arguments: all models, all metrics, all
// versions.
Result<std::vector<StoredSeries>> find_series(sql::Session& session, const std::string& project_id,
                                              std::string_view model_id, std::string_view metric_name,
                                              std::string_view model_version = {});

// Everything of these series since `start_us`, from the fine stretches: the window of a threshold, the last
// hour.
Result<Rollup> window_of(sql::Session& session, std::span<const StoredSeries> series, std::int64_t start_us,
                         std::int64_t end_us, Quantiles quantiles);

// How much time `window_of` covers: from the first whole stretch on. What rates are divided by.
double window_seconds(std::int64_t start_us, std::int64_t end_us) noexcept;

}  // namespace tracseq::monitoring
