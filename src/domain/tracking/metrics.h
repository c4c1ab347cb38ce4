// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/mutex.h"
#include "domain/audit/ledger.h"
#include "domain/tracking/types.h"
#include "storage/sql/database.h"

namespace tracseq::tracking {

class PointBatch;

// Metric points: series of (step, time, value) per run and key. Every double comes back bit for bit, NaN and
// infinities included. A point logged twice is stored once; the last value is the greatest (step, time,
// value). Lifecycle: built once over a database and a ledger that outlive it. Thread-safe; `log` returns
// after the commit.
class Metrics {
 public:
  Metrics(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // All points or none. `not_found` names a run that does not exist or lies in the trash.
  Result<Logged> log(const CallContext& ctx, const LogMetrics& request);

  // The series of the runs, ordered by run and key as asked for; keys that a run lacks are left out. An
  // answer ends after kPointsPerPageMax points, in the middle of a series: the next page goes on with it.
  // Down-sampled series are never cut; kSampledPointsPerPageMax points fill a page of them.
  Result<SeriesList> series(const CallContext& ctx, const GetSeries& request);

 private:
  using SeriesKey = std::pair<std::string, std::string>;  // run, metric
  using SeriesIds = std::map<SeriesKey, std::int64_t>;

  Result<SeriesIds> resolve(sql::Transaction& tx, const PointBatch& batch);
  void remember(const SeriesIds& ids);

  sql::Database& database_;  // constant after construction
  audit::Ledger& ledger_;    // constant after construction
  Mutex mutex_;
  SeriesIds known_ GUARDED_BY(mutex_);  // ids never change while their run exists
};

}  // namespace tracseq::tracking
