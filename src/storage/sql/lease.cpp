// SPDX-License-Identifier: MIT
#include "storage/sql/lease.h"

#include <fmt/core.h>

namespace tracseq::sql {
namespace {

constexpr Statement kAcquire{
    "lease.acquire",
    "INSERT INTO leases (name, holder, token, until_us, data) VALUES (?, ?, 1, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET "
    "token = leases.token + CASE WHEN leases.holder = excluded.holder AND leases.until_us > ? THEN 0 ELSE 1 "
    "END, "
    "holder = excluded.holder, until_us = excluded.until_us, data = excluded.data "
    "WHERE leases.until_us <= ? OR leases.holder = excluded.holder RETURNING token"};
constexpr Statement kRenew{
    "lease.renew",
    "UPDATE leases SET until_us = ? WHERE name = ? AND holder = ? AND token = ? AND until_us > ?"};
// The row stays, so that the token goes on growing.
constexpr Statement kRelease{"lease.release",
                             "UPDATE leases SET until_us = 0 WHERE name = ? AND holder = ? AND token = ?"};
constexpr Statement kCurrent{
    "lease.current", "SELECT holder, token, until_us, data FROM leases WHERE name = ? AND until_us > ?"};
constexpr Statement kCheck{
    "lease.check", "SELECT 1 FROM leases WHERE name = ? AND holder = ? AND token = ? AND until_us > ?",
    // A row lock, so that nobody takes the lease over before this transaction has committed.
    "SELECT 1 FROM leases WHERE name = ? AND holder = ? AND token = ? AND until_us > ? FOR SHARE"};

tl::unexpected<Error> lost(const Lease& lease) {
  return fail(Code::conflict,
              fmt::format("the lease '{}' is no longer held by {}", lease.name, lease.holder));
}

}  // namespace

Result<std::optional<Lease>> Leases::acquire(std::string_view name, std::string_view holder,
                                             std::chrono::microseconds time, std::string_view data) {
  return database_.write([&](Transaction& tx) -> Result<std::optional<Lease>> {
    const Timestamp at = now();
    const Timestamp until = at + time;
    TRACSEQ_TRY(const std::optional<std::int64_t> token,
                tx.query_one(kAcquire, args(name, holder, until, data, at, at),
                             [](const Row& row) { return row.integer(0); }));
    if (!token) return std::optional<Lease>{};
    return std::optional(Lease{std::string(name), std::string(holder), *token, until, std::string(data)});
  });
}

Result<Lease> Leases::renew(const Lease& lease, std::chrono::microseconds time) {
  return database_.write([&](Transaction& tx) -> Result<Lease> {
    const Timestamp at = now();
    Lease renewed = lease;
    renewed.until = at + time;
    TRACSEQ_TRY(const std::int64_t changed,
                tx.execute(kRenew, args(renewed.until, lease.name, lease.holder, lease.token, at)));
    if (changed == 0) return lost(lease);
    return renewed;
  });
}

Result<void> Leases::release(const Lease& lease) {
  return database_.write([&](Transaction& tx) -> Result<void> {
    TRACSEQ_CHECK(tx.execute(kRelease, args(lease.name, lease.holder, lease.token)));
    return {};
  });
}

Result<std::optional<Lease>> Leases::current(std::string_view name) {
  return database_.read([&](Session& session) {
    return session.query_one(kCurrent, args(name, now()), [&](const Row& row) {
      return Lease{std::string(name), row.str(0), row.integer(1), row.time(2), row.str(3)};
    });
  });
}

Result<void> Leases::check(Transaction& transaction, const Lease& lease) {
  TRACSEQ_TRY(const auto held,
              transaction.query_one(kCheck, args(lease.name, lease.holder, lease.token, now()),
                                    [](const Row&) { return true; }));
  if (!held) return lost(lease);
  return {};
}

}  // namespace tracseq::sql
