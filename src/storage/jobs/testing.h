// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/jobs/store.h"
#include "storage/sql/testing.h"

namespace tracseq::jobs::testing {

// For tests only: remembers what a journal is told.
class RecordingJournal final : public JobJournal {
 public:
  Result<void> changed(sql::Transaction&, const CallContext&, std::string_view verb, const Job*,
                       const Job&) override {
    const Lock lock(mutex_);
    verbs_.emplace_back(verb);
    return {};
  }
  Result<void> purged(sql::Transaction&, const CallContext&, const Job&, bool with_job) override {
    const Lock lock(mutex_);
    verbs_.emplace_back(with_job ? "purge" : "purge_log");
    return {};
  }
  Result<void> appended(sql::Transaction&, const CallContext&, const std::string&, std::int64_t count,
                        const Digest&) override {
    const Lock lock(mutex_);
    appended_ += count;
    return {};
  }
  Result<std::optional<std::string>> replay(sql::Transaction&, const CallContext& ctx) override {
    const Lock lock(mutex_);
    const auto found = answers_.find(ctx.idempotency_key);
    return found == answers_.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> remember(sql::Transaction&, const CallContext& ctx, const TypeInfo& type,
                        const void* answer) override {
    const Lock lock(mutex_);
    if (!ctx.idempotency_key.empty()) answers_[ctx.idempotency_key] = to_json(type, answer);
    return {};
  }
  Result<bool> used(sql::Session&, const CallContext& ctx) override {
    const Lock lock(mutex_);
    return answers_.contains(ctx.idempotency_key);
  }
  [[nodiscard]] std::vector<std::string> verbs() const {
    const Lock lock(mutex_);
    return verbs_;
  }
  [[nodiscard]] std::int64_t appended_count() const {
    const Lock lock(mutex_);
    return appended_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> verbs_;
  std::map<std::string, std::string> answers_;  // by idempotency key
  std::int64_t appended_ = 0;
};

}  // namespace tracseq::jobs::testing
