// SPDX-License-Identifier: MIT
// The part of JobStore that knows which processes can run what.
#include <fmt/core.h>

#include <algorithm>

#include "storage/jobs/rows.h"
#include "storage/jobs/store.h"

namespace tracseq::jobs {
namespace {
constexpr std::chrono::hours kHostForgottenAfter{24};
constexpr std::size_t kHostIdBytesMax = 200;
}  // namespace

Result<JobHost> JobStore::register_host(sql::Transaction& tx, const JobHost& host) {
  if (host.host_id.empty() || host.host_id.size() > kHostIdBytesMax)
    return fail_field("host_id", fmt::format("host_id has {} bytes; allowed are 1 to {}", host.host_id.size(),
                                             kHostIdBytesMax));
  if (host.kinds.size() > kJobKindsMax)
    return fail_field("kinds",
                      fmt::format("kinds has {} items; allowed are {}", host.kinds.size(), kJobKindsMax));
  JobHost row = host;
  row.seen_at = now();
  if (row.started_at.us == 0) row.started_at = row.seen_at;
  TRACSEQ_CHECK(rows::forget_hosts(tx, row.seen_at - kHostForgottenAfter));
  TRACSEQ_CHECK(rows::put_host(tx, row));
  return row;
}

Result<void> JobStore::host_seen(const std::string& host_id) {
  TRACSEQ_TRY(const bool known,
              database_.write([&](sql::Transaction& tx) { return rows::host_seen(tx, host_id, now()); }));
  if (!known)
    return tracseq::fail(Code::not_found, fmt::format("there is no host '{}'; register it again", host_id));
  return {};
}

Result<void> JobStore::remove_host(sql::Transaction& tx, const std::string& host_id) {
  return rows::remove_host(tx, host_id);
}

Result<std::vector<JobHost>> JobStore::hosts() {
  return database_.read([&](sql::Session& session) { return rows::hosts(session, now() - kHostSilenceMax); });
}

Result<bool> JobStore::hosted(const std::string& kind) {
  TRACSEQ_TRY(const auto living, hosts());
  return std::any_of(living.begin(), living.end(), [&](const JobHost& host) {
    return std::find(host.kinds.begin(), host.kinds.end(), kind) != host.kinds.end();
  });
}

}  // namespace tracseq::jobs
