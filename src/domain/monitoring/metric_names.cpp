// SPDX-License-Identifier: MIT
// The list of a model's metrics, from the roll-ups: however much was recorded, a rare metric is found.
#include <algorithm>
#include <limits>

#include "domain/monitoring/names.h"
#include "domain/monitoring/series.h"
#include "domain/monitoring/values.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

constexpr sql::Statement kNames{
    "monitoring.metric_names",
    "SELECT s.metric_name, min(s.metric_type), CAST(sum(r.count + r.nonfinite) AS BIGINT), min(r.start_us), "
    "max(r.last_us) FROM monitoring_series s JOIN monitoring_rollups r ON r.series_id = s.series_id AND "
    "r.width_s = ? WHERE s.project_id = ? AND s.model_id = ? AND s.metric_name > ? AND "
    "(? = '' OR s.metric_name = ?) GROUP BY s.metric_name HAVING max(r.last_us) >= ? ORDER BY s.metric_name "
    "LIMIT ?"};
constexpr sql::Statement kFirst{"monitoring.first_value",
                                "SELECT min(time_us) FROM monitoring_values WHERE series_id = ?"};

MetricSummary summary_of(const sql::Row& row) {
  MetricSummary summary;
  summary.metric_name = row.str(0);
  summary.metric_type = enum_from<MetricType>("metric_type", row.text(1)).value_or(MetricType::custom);
  summary.count = row.integer(2);
  summary.first_time = {row.integer(3)};
  summary.last_time = {row.integer(4)};
  return summary;
}

// The time of a metric's first value, where the summary has the start of its stretch.
Result<void> read_first(sql::Session& session, const std::string& project_id, const std::string& model_id,
                        MetricSummary& summary) {
  TRACSEQ_TRY(const auto series, find_series(session, project_id, model_id, summary.metric_name));
  std::int64_t first_us = std::numeric_limits<std::int64_t>::max();
  for (const StoredSeries& one : series) {
    if (one.metric_name != summary.metric_name) continue;  // under its other name it is listed by itself
    TRACSEQ_CHECK(session.query(kFirst, args(one.series_id), [&](const sql::Row& row) -> Result<void> {
      if (!row.is_null(0)) first_us = std::min(first_us, row.integer(0));
      return {};
    }));
  }
  if (first_us != std::numeric_limits<std::int64_t>::max()) summary.first_time = {first_us};
  return {};
}

// Predictions per second, where predictions are recorded and their throughput is not.
Result<std::optional<MetricSummary>> derived_throughput(sql::Session& session, const CallContext& ctx,
                                                        const std::string& model_id, std::int64_t start_us) {
  TRACSEQ_TRY(const auto recorded, find_series(session, ctx.project_id, model_id, kThroughput));
  if (!recorded.empty()) return std::optional<MetricSummary>{};
  std::optional<MetricSummary> derived;
  for (const std::string& name : recorded_names(kLatency)) {
    TRACSEQ_TRY(
        const auto found,
        session.query_one(kNames, args(kCoarseSeconds, ctx.project_id, model_id, "", name, name, start_us, 1),
                          summary_of));
    if (!found) continue;
    MetricSummary summary = *found;
    TRACSEQ_CHECK(read_first(session, ctx.project_id, model_id, summary));
    if (derived) {
      summary.count += derived->count;
      summary.first_time = std::min(summary.first_time, derived->first_time);
      summary.last_time = std::max(summary.last_time, derived->last_time);
    }
    summary.metric_name = kThroughput;
    summary.metric_type = MetricType::throughput;
    summary.derived = true;
    derived = std::move(summary);
  }
  return derived;
}

}  // namespace

Result<MetricSummaryPage> MetricValues::metrics(const CallContext& ctx, const ListMetricNames& request) {
  const std::int64_t start = request.start ? request.start->us : std::numeric_limits<std::int64_t>::min();
  return database_.read([&](sql::Session& session) -> Result<MetricSummaryPage> {
    MetricSummaryPage page;
    const auto limit = static_cast<std::size_t>(request.limit);
    TRACSEQ_TRY(page.items, session.query_all(kNames,
                                              args(kCoarseSeconds, ctx.project_id, request.model_id,
                                                   request.page_token, "", "", start, request.limit + 1),
                                              summary_of));
    for (MetricSummary& one : page.items)
      TRACSEQ_CHECK(read_first(session, ctx.project_id, request.model_id, one));
    if (request.page_token < kThroughput) {
      TRACSEQ_TRY(auto derived, derived_throughput(session, ctx, request.model_id, start));
      const auto place = std::find_if(page.items.begin(), page.items.end(),
                                      [](const MetricSummary& one) { return one.metric_name > kThroughput; });
      if (derived) page.items.insert(place, std::move(*derived));
    }
    if (page.items.size() > limit) {
      page.items.resize(limit);
      page.next_page_token = page.items.back().metric_name;
    }
    return page;
  });
}

}  // namespace tracseq::monitoring
