// SPDX-License-Identifier: MIT
#pragma once

#include "base/context.h"
#include "domain/audit/ledger.h"
#include "domain/monitoring/types.h"
#include "storage/sql/database.h"

namespace tracseq::monitoring {

// How long and how much the log keeps.
struct Retention {
  std::int64_t days = 30;
  std::int64_t prediction_bytes_max = 10LL << 30;
};

// The prediction log: what models in use were asked and answered. Each prediction also gives a value of
// prediction_latency and prediction_error, and of confidence_score if it has one.
// Lifecycle: the database and the ledger outlive it. Thread-safe; each call is one transaction.
class PredictionLog {
 public:
  PredictionLog(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // All or none. `invalid` names the prediction that is wrong; `too_large` one whose inputs and outputs
  // exceed kPredictionBytesMax.
  Result<Recorded> record(const CallContext& ctx, const RecordPredictions& request);
  // Newest first.
  Result<PredictionPage> list(const CallContext& ctx, const ListPredictions& request);
  // Removes what is older than the retention, and the oldest beyond its size, at most sql::kRemovedAtOnceMax
  // predictions. Returns how many; call again until it returns fewer.
  Result<std::int64_t> prune(const CallContext& ctx, Timestamp now, const Retention& retention);

 private:
  sql::Database& database_;
  audit::Ledger& ledger_;
};

}  // namespace tracseq::monitoring
