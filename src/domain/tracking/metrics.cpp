// SPDX-License-Identifier: MIT
#include "domain/tracking/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <tuple>

#include "domain/tracking/downsample.h"
#include "domain/tracking/errors.h"
#include "domain/tracking/run_rows.h"
#include "domain/tracking/tracking.h"

namespace tracseq::tracking {
namespace {

using sql::args;

constexpr std::size_t kKnownSeriesMax = 100'000;

constexpr sql::Statement kFindSeries{"tracking.find_series",
                                     "SELECT series_id FROM metric_series WHERE run_id = ? AND key = ?"};
constexpr sql::Statement kInsertSeries{
    "tracking.insert_series",
    "INSERT INTO metric_series (run_id, key) VALUES (?, ?) ON CONFLICT (run_id, key) DO NOTHING"};
constexpr sql::BulkInsert kInsertPoints{"tracking.insert_points",
                                        "metric_points",
                                        {"series_id", "step", "time", "value_bits", "epoch", "arrival"},
                                        "ON CONFLICT DO NOTHING"};
constexpr sql::Statement kSetLast{
    "tracking.set_last",
    "INSERT INTO experiment_metrics (experiment_id, key, step, time, value, value_bits) VALUES (?, ?, ?, ?, "
    "?, ?) "
    "ON CONFLICT (experiment_id, key) DO UPDATE SET step = excluded.step, time = excluded.time, value = "
    "excluded.value, "
    "value_bits = excluded.value_bits WHERE (excluded.step, excluded.time, excluded.value_bits) > "
    "(experiment_metrics.step, experiment_metrics.time, experiment_metrics.value_bits)"};
constexpr sql::Statement kListSeries{
    "tracking.list_series", "SELECT series_id, key FROM metric_series WHERE run_id = ? ORDER BY key"};
constexpr sql::Statement kReadPoints{
    "tracking.read_points",
    "SELECT step, time, value_bits, epoch FROM metric_points WHERE series_id = ? AND step >= ? AND step <= ? "
    "ORDER BY step, time, arrival"};

// Points with their run and time filled in; checks the names.
Result<std::vector<MetricPoint>> complete(const LogMetrics& request) {
  if (request.points.empty()) return fail_field("points", "points is empty; at least one is needed");
  std::vector<MetricPoint> points = request.points;
  const Timestamp arrived = now();
  for (MetricPoint& point : points) {
    if (point.run_id.empty()) point.run_id = request.run_id;
    if (!valid_key(point.key)) return fail(errors::bad_key("points", point.key));
    if (!point.time) point.time = arrived;
  }
  return points;
}

Digest digest_of(std::span<const MetricPoint> points) {
  Sha256 hash;
  for (const MetricPoint& point : points) {
    const std::array numbers{point.step, point.time->us, sql::double_bits(point.value)};
    hash.update(bytes_of(point.run_id));
    hash.update(bytes_of(point.key));
    hash.update(std::as_bytes(std::span(numbers)));
  }
  return hash.finish();
}

// The first of `count` numbers that grow with every point of this process and, in step with the clock, across
// processes: what orders points of equal step and time. A counter in the database would cost a page a commit.
std::int64_t next_arrivals(std::int64_t count) {
  static std::atomic<std::int64_t> next{0};
  std::int64_t first = next.load(std::memory_order_relaxed);
  const std::int64_t clock = now().us;
  while (!next.compare_exchange_weak(first, std::max(first, clock) + count, std::memory_order_relaxed)) {
  }
  return std::max(first, clock);
}

struct Columns {
  std::vector<std::int64_t> series, steps, times, bits, arrivals;
  std::vector<std::optional<std::int64_t>> epochs;
};

Result<void> insert_points(sql::Transaction& tx, std::span<const MetricPoint> points,
                           const std::map<std::pair<std::string, std::string>, std::int64_t>& ids) {
  std::int64_t arrival = next_arrivals(std::ssize(points));
  Columns c;
  for (const MetricPoint& point : points) {
    c.series.push_back(ids.at({point.run_id, point.key}));
    c.steps.push_back(point.step);
    c.times.push_back(point.time->us);
    c.bits.push_back(sql::double_bits(point.value));
    c.epochs.push_back(point.epoch);
    c.arrivals.push_back(arrival++);
  }
  const std::array<sql::Column, 6> columns{std::span<const std::int64_t>(c.series),
                                           std::span<const std::int64_t>(c.steps),
                                           std::span<const std::int64_t>(c.times),
                                           std::span<const std::int64_t>(c.bits),
                                           std::span<const std::optional<std::int64_t>>(c.epochs),
                                           std::span<const std::int64_t>(c.arrivals)};
  TRACSEQ_CHECK(tx.bulk_insert(kInsertPoints, columns));
  return {};
}

// Only the greatest point of each series of the batch can become its last value.
Result<void> set_last(sql::Transaction& tx, std::span<const MetricPoint> points) {
  const auto rank = [](const MetricPoint& p) {
    return std::tuple(p.step, p.time->us, sql::double_bits(p.value));
  };
  std::map<std::pair<std::string_view, std::string_view>, const MetricPoint*> greatest;
  for (const MetricPoint& point : points) {
    auto& place = greatest[{point.run_id, point.key}];
    if (place == nullptr || rank(point) > rank(*place)) place = &point;
  }
  for (const auto& [key, point] : greatest)
    TRACSEQ_CHECK(tx.execute(kSetLast, args(point->run_id, point->key, point->step, *point->time,
                                            point->value, sql::double_bits(point->value))));
  return {};
}

std::vector<audit::Appended> appended_of(std::span<const MetricPoint> points) {
  std::map<std::string_view, std::int64_t> counts;
  for (const MetricPoint& point : points) ++counts[point.run_id];
  std::vector<audit::Appended> appended;
  const Digest digest = digest_of(points);
  for (const auto& [run_id, count] : counts)
    appended.push_back({"metrics", "run", std::string(run_id), count, digest, "metrics"});
  return appended;
}

}  // namespace

Result<Metrics::SeriesIds> Metrics::resolve(sql::Transaction& tx, std::span<const MetricPoint> points) {
  SeriesIds ids;
  for (const MetricPoint& point : points) ids.emplace(SeriesKey{point.run_id, point.key}, 0);
  {
    const Lock lock(mutex_);
    for (auto& [key, id] : ids)
      if (const auto found = known_.find(key); found != known_.end()) id = found->second;
  }
  for (auto& [key, id] : ids) {
    if (id != 0) continue;
    const auto read_id = [](const sql::Row& row) { return row.integer(0); };
    TRACSEQ_TRY(auto found, tx.query_one(kFindSeries, args(key.first, key.second), read_id));
    if (!found) {
      TRACSEQ_CHECK(tx.execute(kInsertSeries, args(key.first, key.second)));
      TRACSEQ_TRY(found, tx.query_one(kFindSeries, args(key.first, key.second), read_id));
    }
    if (!found) return fail(Code::internal, "a metric series was not stored");
    id = *found;
  }
  return ids;
}

void Metrics::remember(const SeriesIds& ids) {
  const Lock lock(mutex_);
  if (known_.size() + ids.size() > kKnownSeriesMax) known_.clear();
  known_.insert(ids.begin(), ids.end());
}

Result<Logged> Metrics::log(const CallContext& ctx, const LogMetrics& request) {
  TRACSEQ_TRY(const std::vector<MetricPoint> points, complete(request));
  SeriesIds ids;
  auto logged = ledger_.append<Logged>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& appended) -> Result<Logged> {
        std::set<std::string_view> runs;
        for (const MetricPoint& point : points)
          if (runs.insert(point.run_id).second) TRACSEQ_CHECK(require_run(tx, ctx, point.run_id));
        TRACSEQ_TRY(ids, resolve(tx, points));
        TRACSEQ_CHECK(insert_points(tx, points, ids));
        TRACSEQ_CHECK(set_last(tx, points));
        appended = appended_of(points);
        return Logged{static_cast<std::int64_t>(points.size())};
      });
  if (logged) remember(ids);  // only what is committed
  return logged;
}

Result<SeriesList> Metrics::series(const CallContext& ctx, const GetSeries& request) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const std::set<std::string, std::less<>> wanted(request.key.begin(), request.key.end());
  return database_.read([&](sql::Session& session) -> Result<SeriesList> {
    SeriesList list;
    for (const std::string& run_id : request.run_id) {
      TRACSEQ_CHECK(require_run(session, ctx, run_id));
      using Id = std::pair<std::int64_t, std::string>;
      TRACSEQ_TRY(const auto ids, session.query_all(kListSeries, args(run_id), [](const sql::Row& row) {
        return Id{row.integer(0), row.str(1)};
      }));
      for (const auto& [id, key] : ids) {
        if (!wanted.empty() && !wanted.contains(key)) continue;
        TRACSEQ_CHECK(ctx.check());
        Series series{run_id, key, {}, {}, {}, {}, 0};
        TRACSEQ_CHECK(session.query(
            kReadPoints, args(id, request.min_step.value_or(kMin), request.max_step.value_or(kMax)),
            [&](const sql::Row& row) -> Result<void> {
              series.steps.push_back(row.integer(0));
              series.times.push_back(row.time(1));
              series.values.push_back(sql::bits_double(row.integer(2)));
              series.epochs.push_back(row.is_null(3) ? std::nullopt : std::optional(row.integer(3)));
              return {};
            }));
        series.total_points = std::ssize(series.steps);
        downsample(series, static_cast<std::size_t>(request.max_points));
        list.items.push_back(std::move(series));
      }
    }
    return list;
  });
}

}  // namespace tracseq::tracking
