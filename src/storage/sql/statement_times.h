// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/metrics.h"

namespace tracseq::sql {

// How long the statements of this name take, from their start to their last row: the program's histogram
// tracseq_sql_statement_seconds{statement="<name>"}. A look-up takes a lock: a connection asks once for each
// statement it prepares. Names are constants of the program; beyond metrics::kSeriesMax they share one
// series.
metrics::Histogram& statement_times(const char* name);
// The same as a pointer, for the PostgreSQL module: it has no registry of its own.
using FindStatementTimes = metrics::Histogram& (*)(const char* name);

// Measures while it lives.
class StatementTimer {
 public:
  StatementTimer(metrics::Histogram& times, Steady::time_point start) : times_(times), start_(start) {}
  ~StatementTimer() { times_.observe(std::chrono::duration<double>(Steady::now() - start_).count()); }
  StatementTimer(const StatementTimer&) = delete;
  StatementTimer& operator=(const StatementTimer&) = delete;

 private:
  metrics::Histogram& times_;
  const Steady::time_point start_;
};

}  // namespace tracseq::sql
