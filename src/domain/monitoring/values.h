// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/monitoring/types.h"
#include "storage/sql/database.h"

namespace tracseq::monitoring {

// Values of models' metrics over time. Every double comes back bit for bit.
// Lifecycle: the database and the ledger outlive it. Thread-safe; each call is one transaction.
class MetricValues {
 public:
  MetricValues(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // All or none.
  Result<Recorded> record(const CallContext& ctx, const RecordMetrics& request);
  // Newest first; empty for an unknown model or metric.
  Result<MetricPage> list(const CallContext& ctx, const ListMetrics& request);
  // The metrics of a model with how much there is of each, by name; empty for an unknown model. `throughput`
  // is among them where there are predictions, recorded or derived.
  Result<MetricSummaryPage> metrics(const CallContext& ctx, const ListMetricNames& request);
  // Statistics by stretches of time, for charts. `invalid` for a window that makes more than kBucketsMax
  // buckets or a width that is not kept that long. `throughput` is predictions per second where nobody
  // recorded one.
  Result<BucketList> buckets(const CallContext& ctx, const GetBuckets& request);
  // Removes values older than `days` and fine roll-ups older than two days, a bounded number. Returns how
  // many rows; call again until it returns 0. Roll-ups follow from values: their removal is no change of its
  // own.
  Result<std::int64_t> prune(const CallContext& ctx, Timestamp now, std::int64_t days);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

}  // namespace tracseq::monitoring
