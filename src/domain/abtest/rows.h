// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "domain/abtest/types.h"
#include "stats/pair_moments.h"
#include "storage/sql/database.h"

// Rows of tests and of their sums.
namespace tracseq::abtest {

struct StoredTest {
  std::int64_t key = 0;
  std::string project_id;
  Timestamp looked_at;
  std::int64_t looked_interactions = 0;
  AbTest test;

  // The place of a variant in the plan, or -1.
  [[nodiscard]] int variant(std::string_view name) const;
};

enum class Access { read, change };  // change: until the end of the transaction nobody else changes the test

Result<std::optional<StoredTest>> find_test(sql::Session& session, const std::string& project_id,
                                            const std::string& test_id, Access access = Access::read);
// `not_found` where find_test gives nothing.
Result<StoredTest> load_test(sql::Session& session, const std::string& project_id, const std::string& test_id,
                             Access access = Access::read);
Result<std::vector<StoredTest>> list_tests(sql::Session& session, const std::string& project_id,
                                           const ListTests& request);
// Those of all projects that run or are paused.
Result<std::vector<StoredTest>> live_tests(sql::Session& session);
// `conflict` if the project has a test of this id.
Result<void> insert_test(sql::Transaction& tx, const std::string& project_id, const AbTest& test);
// All that may change: status, reason, coverage, winner, times, counts.
Result<void> update_test(sql::Transaction& tx, const StoredTest& stored);
Result<void> note_look(sql::Transaction& tx, std::int64_t key, Timestamp at, std::int64_t interactions);

// The sums of one metric in one variant.
struct ArmSums {
  stats::PairMoments moments;  // of y less the shift (of a ratio per interaction: less the shift times x)
  double shift = 0;
  std::string sketch;  // of a quantile's values; empty for other kinds
};
using SumKey = std::pair<std::string, int>;  // metric, variant
using Sums = std::map<SumKey, ArmSums>;
Result<Sums> read_sums(sql::Session& session, std::int64_t key);
Result<void> write_sums(sql::Transaction& tx, std::int64_t key, const Sums& sums);

// Users and interactions by variant, from the hours.
struct VariantCounts {
  std::int64_t users = 0;
  std::int64_t interactions = 0;
};
Result<std::map<int, VariantCounts>> read_counts(sql::Session& session, std::int64_t key);

}  // namespace tracseq::abtest
