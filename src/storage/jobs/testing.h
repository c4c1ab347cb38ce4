// SPDX-License-Identifier: MIT
#pragma once

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
  Result<void> appended(sql::Transaction&, const CallContext&, const std::string&, std::int64_t count,
                        const Digest&) override {
    const Lock lock(mutex_);
    appended_ += count;
    return {};
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
  std::int64_t appended_ = 0;
};

}  // namespace tracseq::jobs::testing
