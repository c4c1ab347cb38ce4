// SPDX-License-Identifier: MIT
#include "domain/monitoring/series.h"

#include <algorithm>

#include "base/id.h"
#include "domain/monitoring/names.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

constexpr sql::Statement kFindOne{
    "monitoring.find_one_series",
    "SELECT series_id FROM monitoring_series WHERE project_id = ? AND model_id = ? AND metric_name = ? AND "
    "model_version = ?"};
constexpr sql::Statement kMake{
    "monitoring.make_series",
    "INSERT INTO monitoring_series (project_id, model_id, metric_name, model_version, metric_type) "
    "VALUES (?, ?, ?, ?, ?) RETURNING series_id"};
constexpr sql::Statement kFind{
    "monitoring.find_series",
    "SELECT series_id, model_id, metric_name, model_version, metric_type FROM monitoring_series "
    "WHERE project_id = ? AND (? = '' OR model_id = ?) AND (? = '' OR metric_name = ? OR metric_name = ?) "
    "AND (? = '' OR model_version = ?) ORDER BY model_id, metric_name, model_version"};
constexpr sql::BulkInsert kInsertValues{
    "monitoring.insert_values",
    "monitoring_values",
    {"series_id", "time_us", "value_bits", "metric_id", "request_id", "user_id", "tags"}};

Result<std::int64_t> resolve(sql::Transaction& tx, const std::string& project_id, const Sample& sample) {
  const auto id = [](const sql::Row& row) { return row.integer(0); };
  const SeriesKey& key = sample.key;
  TRACSEQ_TRY(const auto found,
              tx.query_one(kFindOne, args(project_id, key.model_id, key.metric_name, key.model_version), id));
  if (found) return *found;
  const MetricType type = sample.type.value_or(type_of_name(key.metric_name));
  TRACSEQ_TRY(
      const auto made,
      tx.query_one(kMake, args(project_id, key.model_id, key.metric_name, key.model_version, enum_name(type)),
                   id));
  return made.value_or(0);
}

}  // namespace

Result<void> store_samples(sql::Transaction& tx, const std::string& project_id,
                           std::span<const Sample> samples) {
  std::map<SeriesKey, std::int64_t> ids;
  std::map<RollupKey, Rollup> rollups;
  std::vector<std::int64_t> series;
  std::vector<std::int64_t> times;
  std::vector<std::int64_t> bits;
  std::vector<std::string> metric_ids;
  std::vector<std::string> request_ids;
  std::vector<std::string> user_ids;
  std::vector<std::string> tags;
  for (const Sample& sample : samples) {
    const auto [place, fresh] = ids.try_emplace(sample.key);
    if (fresh) {
      TRACSEQ_TRY(place->second, resolve(tx, project_id, sample));
    }
    const std::int64_t series_id = place->second;
    for (const std::int64_t width : kWidths)
      rollups[{series_id, width, stretch_start(sample.time_us, width)}].add(sample.time_us, sample.value);
    series.push_back(series_id);
    times.push_back(sample.time_us);
    bits.push_back(sql::double_bits(sample.value));
    metric_ids.push_back(sample.metric_id);
    request_ids.push_back(sample.request_id);
    user_ids.push_back(sample.user_id);
    tags.push_back(sample.tags);
  }
  const std::array<sql::Column, 7> columns{sql::Column(std::span<const std::int64_t>(series)),
                                           sql::Column(std::span<const std::int64_t>(times)),
                                           sql::Column(std::span<const std::int64_t>(bits)),
                                           sql::Column(std::span<const std::string>(metric_ids)),
                                           sql::Column(std::span<const std::string>(request_ids)),
                                           sql::Column(std::span<const std::string>(user_ids)),
                                           sql::Column(std::span<const std::string>(tags))};
  TRACSEQ_CHECK(tx.bulk_insert(kInsertValues, columns));
  return store_rollups(tx, rollups);
}

Result<std::vector<StoredSeries>> find_series(sql::Session& session, const std::string& project_id,
                                              std::string_view model_id, std::string_view metric_name,
                                              std::string_view model_version) {
  const std::vector<std::string> names = recorded_names(metric_name);
  return session.query_all(kFind,
                           args(project_id, model_id, model_id, metric_name, names.front(), names.back(),
                                model_version, model_version),
                           [](const sql::Row& row) {
                             return StoredSeries{row.integer(0), row.str(1), row.str(2), row.str(3),
                                                 row.str(4)};
                           });
}

Result<Rollup> window_of(sql::Session& session, std::span<const StoredSeries> series, std::int64_t start_us,
                         std::int64_t end_us, Quantiles quantiles) {
  Rollup window;
  for (const StoredSeries& one : series)
    TRACSEQ_CHECK(read_rollups(session, one.series_id, kFineSeconds, start_us, end_us, quantiles,
                               [&](const Stretch& stretch) -> Result<void> {
                                 window.merge(stretch.rollup);
                                 return {};
                               }));
  return window;
}

double window_seconds(std::int64_t start_us, std::int64_t end_us) noexcept {
  std::int64_t first = stretch_start(start_us, kFineSeconds);
  if (first < start_us) first += kFineSeconds * 1'000'000;
  return static_cast<double>(end_us - first) / 1e6;
}

}  // namespace tracseq::monitoring
