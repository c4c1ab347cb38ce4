// SPDX-License-Identifier: MIT
#include "domain/monitoring/values.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/id.h"
#include "base/identifier.h"
#include "domain/monitoring/names.h"
#include "domain/monitoring/page_token.h"
#include "domain/monitoring/series.h"
#include "storage/sql/retention.h"

namespace tracseq::monitoring {
namespace {

using sql::args;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kBucketsWanted = 120;

constexpr sql::Statement kListOfSeries{
    "monitoring.list_values",
    "SELECT value_id, metric_id, value_bits, tags, request_id, user_id, time_us FROM monitoring_values "
    "WHERE series_id = ? AND time_us >= ? AND time_us < ? AND (time_us < ? OR (time_us = ? AND value_id < "
    "?)) "
    "ORDER BY time_us DESC, value_id DESC LIMIT ?"};
constexpr sql::Statement kDropValues{
    "monitoring.drop_values",
    "DELETE FROM monitoring_values WHERE value_id IN "
    "(SELECT value_id FROM monitoring_values WHERE time_us < ? ORDER BY time_us LIMIT ?)"};
constexpr sql::Statement kDropRollups{
    "monitoring.drop_rollups",
    "DELETE FROM monitoring_rollups WHERE (series_id, width_s, start_us) IN "
    "(SELECT series_id, width_s, start_us FROM monitoring_rollups WHERE width_s = ? AND start_us < ? "
    "ORDER BY start_us LIMIT ?)"};
constexpr sql::Statement kHasOld{"monitoring.has_old_values",
                                 "SELECT 1 FROM monitoring_values WHERE time_us < ? LIMIT 1"};

struct Listed {
  std::int64_t value_id = 0;
  MetricValue value;
};

Listed listed_of(const StoredSeries& series, const sql::Row& row) {
  Listed listed{row.integer(0), {}};
  MetricValue& v = listed.value;
  v.metric_id = row.text(1).empty() ? row.str(0) : row.str(1);
  v.model_id = series.model_id;
  v.model_version = series.model_version;
  v.metric_name = series.metric_name;
  v.metric_type = enum_from<MetricType>("metric_type", series.metric_type).value_or(MetricType::custom);
  v.value = sql::bits_double(row.integer(2));
  v.tags = from_json<std::map<std::string, std::string>>(row.text(3))
               .value_or(std::map<std::string, std::string>{});
  if (!row.text(4).empty()) v.request_id = row.str(4);
  if (!row.text(5).empty()) v.user_id = row.str(5);
  v.timestamp = row.time(6);
  return listed;
}

// A window cut into buckets, and the stored width they are made of.
struct Cut {
  std::int64_t start_us = 0;
  std::int64_t end_us = 0;
  std::int64_t bucket_s = 0;
  std::int64_t width_s = 0;
};

Result<Cut> cut_window(const GetBuckets& request, Timestamp at) {
  Cut cut;
  cut.end_us = request.end.value_or(at).us;
  cut.start_us = request.start ? request.start->us : cut.end_us - 3'600 * kSecondUs;
  if (cut.start_us >= cut.end_us) return fail_field("start", "start must be before end");
  const std::int64_t seconds = (cut.end_us - cut.start_us) / kSecondUs;
  const bool fine = cut.start_us >= (at - kFineKept).us;
  const std::int64_t finest = fine ? kFineSeconds : kCoarseSeconds;
  cut.bucket_s = request.bucket_seconds;
  if (cut.bucket_s == 0)
    cut.bucket_s =
        std::max<std::int64_t>(1, (seconds + kBucketsWanted * finest - 1) / (kBucketsWanted * finest)) *
        finest;
  if (cut.bucket_s % finest != 0)
    return fail_field("bucket_seconds",
                      fmt::format("bucket_seconds is {}; it must be a multiple of {}{}", cut.bucket_s, finest,
                                  fine ? "" : " for a window that begins over two days ago"));
  if (seconds / cut.bucket_s > static_cast<std::int64_t>(kBucketsMax))
    return fail_field("bucket_seconds", fmt::format("the window would make {} buckets; at most {} are given",
                                                    seconds / cut.bucket_s, kBucketsMax));
  cut.width_s = cut.bucket_s % kCoarseSeconds == 0 ? kCoarseSeconds : kFineSeconds;
  return cut;
}

Bucket bucket_of(std::int64_t start_us, std::int64_t bucket_s, const Rollup& rollup) {
  Bucket bucket;
  bucket.time = {start_us};
  bucket.count = rollup.all();
  bucket.per_second = static_cast<double>(rollup.all()) / static_cast<double>(bucket_s);
  bucket.mean = rollup.mean();
  if (rollup.count > 0) {
    bucket.min = rollup.min;
    bucket.max = rollup.max;
  }
  bucket.p50 = rollup.quantile(0.5);
  bucket.p95 = rollup.quantile(0.95);
  bucket.p99 = rollup.quantile(0.99);
  return bucket;
}

// Predictions per second as if it had been recorded once per bucket.
void derive_throughput(std::vector<Bucket>& buckets) {
  for (Bucket& bucket : buckets)
    bucket.mean = bucket.min = bucket.max = bucket.p50 = bucket.p95 = bucket.p99 = bucket.per_second;
}

}  // namespace

Result<Recorded> MetricValues::record(const CallContext& ctx, const RecordMetrics& request) {
  const Timestamp recorded_at = now();
  std::vector<Sample> samples;
  samples.reserve(request.metrics.size());
  struct PerModel {
    std::int64_t count = 0;
    Sha256 digest;
  };
  std::map<std::string, PerModel> models;
  for (const MetricValue& value : request.metrics) {
    Sample sample;
    sample.key = {value.model_id, value.metric_name, value.model_version};
    sample.type = value.metric_type;
    sample.time_us = value.timestamp.value_or(recorded_at).us;
    sample.value = value.value;
    sample.metric_id = value.metric_id;
    sample.request_id = value.request_id.value_or("");
    sample.user_id = value.user_id.value_or("");
    if (!value.tags.empty()) sample.tags = to_json(value.tags);
    samples.push_back(std::move(sample));
    const auto [place, fresh] = models.try_emplace(value.model_id);
    if (fresh)
      TRACSEQ_CHECK(
          check_identifier(fmt::format("metrics[{}].model_id", samples.size() - 1), value.model_id));
    PerModel& model = place->second;
    ++model.count;
    model.digest.update(bytes_of(to_json(value)));
  }
  std::vector<audit::Appended> notes;
  for (auto& [model_id, model] : models)
    notes.push_back({"monitoring", "model", model_id, model.count, model.digest.finish(), "monitoring"});
  return ledger_.append<Recorded>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& appended) -> Result<Recorded> {
        TRACSEQ_CHECK(store_samples(tx, ctx.project_id, samples));
        appended = notes;
        return Recorded{static_cast<std::int64_t>(samples.size())};
      });
}

Result<MetricPage> MetricValues::list(const CallContext& ctx, const ListMetrics& request) {
  TRACSEQ_TRY(const PagePlace place, page_place(request.page_token));
  TRACSEQ_TRY(const std::int64_t last_id, place_number(place));
  const std::int64_t start = request.start ? request.start->us : std::numeric_limits<std::int64_t>::min();
  const std::int64_t end = request.end ? request.end->us : std::numeric_limits<std::int64_t>::max();
  return database_.read([&](sql::Session& session) -> Result<MetricPage> {
    // The newest of each series in the order of its index, then the newest of them all.
    std::vector<Listed> found;
    TRACSEQ_TRY(const auto series,
                find_series(session, ctx.project_id, request.model_id, request.metric_name));
    for (const StoredSeries& one : series)
      TRACSEQ_CHECK(session.query(
          kListOfSeries,
          args(one.series_id, start, end, place.time_us, place.time_us, last_id, request.limit + 1),
          [&](const sql::Row& row) -> Result<void> {
            found.push_back(listed_of(one, row));
            return {};
          }));
    std::sort(found.begin(), found.end(), [](const Listed& a, const Listed& b) {
      return std::pair(*a.value.timestamp, a.value_id) > std::pair(*b.value.timestamp, b.value_id);
    });
    MetricPage page;
    const auto limit = static_cast<std::size_t>(request.limit);
    if (found.size() > limit) {
      found.resize(limit);
      page.next_page_token =
          page_token(found.back().value.timestamp->us, std::to_string(found.back().value_id));
    }
    for (Listed& one : found) page.items.push_back(std::move(one.value));
    return page;
  });
}

Result<BucketList> MetricValues::buckets(const CallContext& ctx, const GetBuckets& request) {
  TRACSEQ_TRY(const Cut cut, cut_window(request, now()));
  BucketList list;
  list.bucket_seconds = cut.bucket_s;
  return database_.read([&](sql::Session& session) -> Result<BucketList> {
    TRACSEQ_TRY(auto series,
                find_series(session, ctx.project_id, request.model_id, request.name, request.model_version));
    const bool derived = series.empty() && request.name == kThroughput;
    if (derived) {
      TRACSEQ_TRY(series,
                  find_series(session, ctx.project_id, request.model_id, kLatency, request.model_version));
    }
    std::map<std::int64_t, Rollup> merged;
    for (const StoredSeries& one : series)
      TRACSEQ_CHECK(
          read_rollups(session, one.series_id, cut.width_s, stretch_start(cut.start_us, cut.bucket_s),
                       cut.end_us, Quantiles::with, [&](const Stretch& stretch) -> Result<void> {
                         merged[stretch_start(stretch.start_us, cut.bucket_s)].merge(stretch.rollup);
                         return {};
                       }));
    for (const auto& [start, rollup] : merged) list.items.push_back(bucket_of(start, cut.bucket_s, rollup));
    if (derived) derive_throughput(list.items);
    return std::move(list);
  });
}

Result<std::int64_t> MetricValues::prune(const CallContext& ctx, Timestamp now, std::int64_t days) {
  const Timestamp values_before = now - std::chrono::hours(24) * days;
  const auto drop_rollups = [&](std::int64_t width_s, Timestamp before) {
    return database_.write([&](sql::Transaction& tx) -> Result<std::int64_t> {
      return tx.execute(kDropRollups, args(width_s, before, sql::kRemovedAtOnceMax));
    });
  };
  TRACSEQ_TRY(const std::int64_t fine, drop_rollups(kFineSeconds, now - kFineKept));
  TRACSEQ_TRY(const std::int64_t coarse, drop_rollups(kCoarseSeconds, values_before));
  TRACSEQ_TRY(const auto old, database_.read([&](sql::Session& session) {
    return session.query_one(kHasOld, args(values_before), [](const sql::Row&) { return true; });
  }));
  if (!old) return fine + coarse;
  TRACSEQ_TRY(const Recorded removed,
              ledger_.change<Recorded>(
                  ctx, {"monitoring.expire", "metrics", {}},
                  [&](sql::Transaction& tx, audit::Record& record) -> Result<Recorded> {
                    TRACSEQ_TRY(const std::int64_t count,
                                tx.execute(kDropValues, args(values_before, sql::kRemovedAtOnceMax)));
                    record.delta = Json::object();
                    record.delta.set("count", count).set("before", format_rfc3339(values_before));
                    return Recorded{count};
                  }));
  return removed.recorded + fine + coarse;
}

}  // namespace tracseq::monitoring
