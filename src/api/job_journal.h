// SPDX-License-Identifier: MIT
#pragma once

#include "storage/jobs/store.h"

namespace tracseq::api {

// Binds the jobs to the audit ledger: what happens to a job is a change "job.<verb>", what it says is
// appended data; idempotency keys are the ledger's. Thread-safe.
class LedgerJobJournal final : public jobs::JobJournal {
 public:
  Result<void> changed(sql::Transaction& tx, const CallContext& ctx, std::string_view verb,
                       const jobs::Job* before, const jobs::Job& after) override;
  Result<void> purged(sql::Transaction& tx, const CallContext& ctx, const jobs::Job& job,
                      bool with_job) override;
  Result<void> appended(sql::Transaction& tx, const CallContext& ctx, const std::string& job_id,
                        std::int64_t count, const Digest& digest) override;
  Result<std::optional<std::string>> replay(sql::Transaction& tx, const CallContext& ctx) override;
  Result<void> remember(sql::Transaction& tx, const CallContext& ctx, const TypeInfo& type,
                        const void* answer) override;
  Result<bool> used(sql::Session& session, const CallContext& ctx) override;
};

}  // namespace tracseq::api
