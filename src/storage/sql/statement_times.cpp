// SPDX-License-Identifier: MIT
#include "storage/sql/statement_times.h"

#include <array>

namespace tracseq::sql {
namespace {

// Few bounds: there are some hundred statements.
constexpr std::array kSeconds{0.0001, 0.001, 0.01, 0.1, 1.0, 10.0};

}  // namespace

metrics::Histogram& statement_times(const char* name) {
  return metrics::process().histogram("tracseq_sql_statement_seconds",
                                      "Time of a database statement, by name", kSeconds,
                                      {{"statement", name}});
}

}  // namespace tracseq::sql
