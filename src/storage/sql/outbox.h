// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/sql/database.h"

namespace tracseq::sql {

// An event as written to the outbox with the change it tells of (audit::Ledger writes them). `position` grows
// in the order of commits: whoever has read up to a position has missed nothing before it.
struct OutboxEvent {
  std::int64_t position = 0;
  std::string topic;
  std::string kind;
  std::string object_type;
  std::string object_id;
  std::string project_id;
  std::string data;  // JSON
  Timestamp time;
};

// Reads the outbox. On SQLite rows get their positions in commit order; on PostgreSQL a row gets its position
// (the column `sequence`) after its commit, from whoever holds the advisory lock at that moment: any reader
// may. Lifecycle: over a database that outlives it. Thread-safe.
class Outbox {
 public:
  explicit Outbox(Database& database) : database_(database) {}

  // PostgreSQL: gives positions to committed rows without one; how many. 0 at once if another process is at
  // it, and always on SQLite.
  Result<std::int64_t> sequence();
  // The same for all of them, however many wait: what was committed before the call has its position
  // afterwards. Waits up to 2 s for another process that is at it.
  Result<void> sequence_all();
  // The newest position; 0 for an empty outbox.
  Result<std::int64_t> last();
  // Events after a position, oldest first, at most `limit`.
  Result<std::vector<OutboxEvent>> after(std::int64_t position, std::int64_t limit);
  // Deletes events older than that, but never the newest one with a position (positions go on from it); how
  // many, at most kRemovedAtOnceMax: then call again.
  Result<std::int64_t> forget(Timestamp before);

 private:
  Database& database_;
};

}  // namespace tracseq::sql
