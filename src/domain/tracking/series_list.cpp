// SPDX-License-Identifier: MIT
// The series of runs, page by page: no answer holds more than its bound of points, however long the runs
// were.
#include <algorithm>
#include <limits>
#include <set>

#include "domain/tracking/downsample.h"
#include "domain/tracking/errors.h"
#include "domain/tracking/metrics.h"
#include "domain/tracking/page_token.h"
#include "domain/tracking/tracking.h"

namespace tracseq::tracking {
namespace {

using sql::args;

constexpr auto kLowest = PointPlace::kLowest;
constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();

constexpr sql::Statement kListSeries{
    "tracking.list_series", "SELECT series_id, key FROM metric_series WHERE run_id = ? ORDER BY key"};
constexpr sql::Statement kCountPoints{
    "tracking.count_points",
    "SELECT COUNT(*) FROM metric_points WHERE series_id = ? AND step >= ? AND step <= ?"};
constexpr sql::Statement kReadPoints{
    "tracking.read_points",
    "SELECT step, time, value_bits, epoch, arrival FROM metric_points WHERE series_id = ? AND step >= ? AND "
    "step <= ? AND (step, time, arrival, value_bits) > (?, ?, ?, ?) "
    "ORDER BY step, time, arrival, value_bits LIMIT ?"};

// Gathers one page on one snapshot.
class Reader {
 public:
  Reader(sql::Session& session, const CallContext& ctx, const GetSeries& request,
         std::optional<SeriesPlace> begin)
      : session_(session),
        ctx_(ctx),
        request_(request),
        wanted_(request.key.begin(), request.key.end()),
        low_(request.min_step.value_or(kLowest)),
        high_(request.max_step.value_or(kHighest)),
        begin_(std::move(begin)),
        left_(request.max_points > 0 ? kSampledPointsPerPageMax : kPointsPerPageMax) {}

  Result<SeriesList> run() {
    auto run = request_.run_id.begin();
    if (begin_) {
      run = std::find(request_.run_id.begin(), request_.run_id.end(), begin_->run_id);
      if (run == request_.run_id.end()) return fail(errors::bad_page_token());
    }
    for (; run != request_.run_id.end() && !list_.next_page_token; ++run) TRACSEQ_CHECK(read_run(*run));
    return std::move(list_);
  }

 private:
  Result<void> read_run(const std::string& run_id) {
    TRACSEQ_CHECK(require_run(session_, ctx_, run_id));
    using Id = std::pair<std::int64_t, std::string>;
    TRACSEQ_TRY(const auto ids, session_.query_all(kListSeries, args(run_id), [](const sql::Row& row) {
      return Id{row.integer(0), row.str(1)};
    }));
    for (const auto& [id, key] : ids) {
      if (!wanted_.empty() && !wanted_.contains(key)) continue;
      const bool here = begin_ && begin_->run_id == run_id;
      if (here && key < begin_->key) continue;
      TRACSEQ_CHECK(ctx_.check());
      if (left_ <= 0) {
        list_.next_page_token = page_token(SeriesPlace{run_id, key, {}});
        return {};
      }
      TRACSEQ_CHECK(read_series(id, run_id, key, here && key == begin_->key ? begin_->after : PointPlace{}));
      if (list_.next_page_token) return {};
    }
    return {};
  }

  Result<void> read_series(std::int64_t id, const std::string& run_id, const std::string& key,
                           PointPlace after) {
    Series series{run_id, key, {}, {}, {}, {}, 0};
    const bool whole = request_.max_points > 0;  // to be down-sampled
    const std::int64_t limit = whole ? kHighest : left_ + 1;
    const bool continued = after.step != kLowest || after.time != kLowest;
    PointPlace last;
    bool more = false;
    TRACSEQ_CHECK(session_.query(
        kReadPoints,
        args(id, std::max(low_, after.step), high_, after.step, after.time, after.arrival, after.bits, limit),
        [&](const sql::Row& row) -> Result<void> {
          if (!whole && std::ssize(series.steps) == left_) {
            more = true;
            return {};
          }
          last = {row.integer(0), row.integer(1), row.integer(4), row.integer(2)};
          series.steps.push_back(row.integer(0));
          series.times.push_back(row.time(1));
          series.values.push_back(sql::bits_double(row.integer(2)));
          series.epochs.push_back(row.is_null(3) ? std::nullopt : std::optional(row.integer(3)));
          return {};
        }));
    series.total_points = std::ssize(series.steps);
    if (more || continued) {
      TRACSEQ_TRY(const auto total, session_.query_one(kCountPoints, args(id, low_, high_),
                                                       [](const sql::Row& row) { return row.integer(0); }));
      series.total_points = total.value_or(0);
    }
    if (more) list_.next_page_token = page_token(SeriesPlace{run_id, key, last});
    downsample(series, static_cast<std::size_t>(request_.max_points));
    left_ -= std::ssize(series.steps);
    list_.items.push_back(std::move(series));
    return {};
  }

  sql::Session& session_;
  const CallContext& ctx_;
  const GetSeries& request_;
  const std::set<std::string, std::less<>> wanted_;
  const std::int64_t low_;
  const std::int64_t high_;
  const std::optional<SeriesPlace> begin_;
  std::int64_t left_;  // points that still fit the page
  SeriesList list_;
};

}  // namespace

Result<SeriesList> Metrics::series(const CallContext& ctx, const GetSeries& request) {
  TRACSEQ_TRY(auto begin, series_place(request.page_token));
  return database_.read(
      [&](sql::Session& session) { return Reader(session, ctx, request, std::move(begin)).run(); });
}

}  // namespace tracseq::tracking
