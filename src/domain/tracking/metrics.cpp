// SPDX-License-Identifier: MIT
#include "domain/tracking/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <tuple>

#include "domain/tracking/errors.h"
#include "domain/tracking/point_statements.h"
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

Result<void> check(const LogMetrics& request) {
  if (request.points.empty()) return fail_field("points", "points is empty; at least one is needed");
  for (const MetricPoint& point : request.points)
    if (!valid_key(point.key)) return fail(errors::bad_key("points", point.key));
  return {};
}

}  // namespace

// A call's points as they are stored. What a point leaves out is looked up, not filled in: batches are large.
class PointBatch {
 public:
  explicit PointBatch(const LogMetrics& request) : request_(request), arrived_(now()) {}
  [[nodiscard]] const std::vector<MetricPoint>& points() const { return request_.points; }
  [[nodiscard]] const std::string& run_of(const MetricPoint& point) const {
    return point.run_id.empty() ? request_.run_id : point.run_id;
  }
  [[nodiscard]] Timestamp time_of(const MetricPoint& point) const { return point.time.value_or(arrived_); }

 private:
  const LogMetrics& request_;
  const Timestamp arrived_;
};

namespace {

Digest digest_of(const PointBatch& batch) {
  Sha256 hash;
  for (const MetricPoint& point : batch.points()) {
    const std::array numbers{point.step, batch.time_of(point).us, sql::double_bits(point.value)};
    hash.update(bytes_of(batch.run_of(point)));
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

Result<void> insert_points(sql::Transaction& tx, const PointBatch& batch,
                           const std::map<std::pair<std::string, std::string>, std::int64_t>& ids) {
  std::int64_t arrival = next_arrivals(std::ssize(batch.points()));
  Columns c;
  for (const MetricPoint& point : batch.points()) {
    c.series.push_back(ids.at({batch.run_of(point), point.key}));
    c.steps.push_back(point.step);
    c.times.push_back(batch.time_of(point).us);
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
Result<void> set_last(sql::Transaction& tx, const PointBatch& batch) {
  const auto rank = [&](const MetricPoint& p) {
    return std::tuple(p.step, batch.time_of(p).us, sql::double_bits(p.value));
  };
  std::map<std::pair<std::string_view, std::string_view>, const MetricPoint*> greatest;
  for (const MetricPoint& point : batch.points()) {
    auto& place = greatest[{batch.run_of(point), point.key}];
    if (place == nullptr || rank(point) > rank(*place)) place = &point;
  }
  for (const auto& [key, point] : greatest)
    TRACSEQ_CHECK(
        tx.execute(kSetLast, args(batch.run_of(*point), point->key, point->step, batch.time_of(*point),
                                  point->value, sql::double_bits(point->value))));
  return {};
}

std::vector<audit::Appended> appended_of(const PointBatch& batch) {
  std::map<std::string_view, std::int64_t> counts;
  for (const MetricPoint& point : batch.points()) ++counts[batch.run_of(point)];
  std::vector<audit::Appended> appended;
  const Digest digest = digest_of(batch);
  for (const auto& [run_id, count] : counts)
    appended.push_back({"metrics", "run", std::string(run_id), count, digest, "metrics"});
  return appended;
}

}  // namespace

Result<Metrics::SeriesIds> Metrics::resolve(sql::Transaction& tx, const PointBatch& batch) {
  SeriesIds ids;
  for (const MetricPoint& point : batch.points()) ids.emplace(SeriesKey{batch.run_of(point), point.key}, 0);
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
  TRACSEQ_CHECK(check(request));
  const PointBatch batch(request);
  SeriesIds ids;
  auto logged = ledger_.append<Logged>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& appended) -> Result<Logged> {
        std::set<std::string_view> runs;
        for (const MetricPoint& point : batch.points()) {
          const std::string& run_id = batch.run_of(point);
          if (runs.insert(run_id).second) TRACSEQ_CHECK(require_run(tx, ctx, run_id));
        }
        TRACSEQ_TRY(ids, resolve(tx, batch));
        TRACSEQ_CHECK(insert_points(tx, batch, ids));
        TRACSEQ_CHECK(set_last(tx, batch));
        appended = appended_of(batch);
        return Logged{std::ssize(batch.points())};
      });
  if (logged) remember(ids);  // only what is committed
  return logged;
}

}  // namespace tracseq::tracking
