// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "storage/sql/database.h"

namespace tracseq::sql {

// Who drives one kind of work, until when. The token grows with every new holder and never falls: work that
// must not be done by one who lost the lease without noticing carries it along (Leases::check).
struct Lease {
  std::string name;
  std::string holder;
  std::int64_t token = 0;
  Timestamp until;
  std::string data;  // the holder's own words: where it runs
};

// The leases table. The clocks of machines that share a database must agree to well within a lease's time.
// Lifecycle: the database outlives it. Thread-safe; each call is one transaction.
class Leases {
 public:
  explicit Leases(Database& database) : database_(database) {}

  // Takes the lease if it is free, over, or the holder's already (then it is renewed and the token stays).
  // Nothing if another holds it.
  Result<std::optional<Lease>> acquire(std::string_view name, std::string_view holder,
                                       std::chrono::microseconds time, std::string_view data = {});
  // The same lease, longer. `conflict` if it was lost meanwhile.
  Result<Lease> renew(const Lease& lease, std::chrono::microseconds time);
  // Ends it now; does nothing if it was lost already.
  Result<void> release(const Lease& lease);
  // Who holds it now; nothing if nobody does.
  Result<std::optional<Lease>> current(std::string_view name);

  // In the transaction that does the work: `conflict` unless the lease is still held under this token.
  static Result<void> check(Transaction& transaction, const Lease& lease);

 private:
  Database& database_;
};

}  // namespace tracseq::sql
