// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "domain/abtest/rows.h"
#include "domain/abtest/user_state.h"
#include "stats/quantile_sketch.h"
#include "storage/sql/database.h"

namespace tracseq::abtest {

// Brings a batch of one test's exposures and interactions into the states of its users and the sums, inside
// one transaction that holds the test. Used once: load, take …, store. Not thread-safe.
class Fold {
 public:
  // Reads what the batch touches: the users of these ids, the measures, the sums.
  static Result<Fold> load(sql::Transaction& tx, StoredTest& stored,
                           const std::vector<std::string>& user_ids);

  void expose(const Exposure& exposure, int variant, Timestamp at);
  void interact(const Interaction& interaction, int variant, Timestamp at);
  // Writes users, measures, sums, hours, and the test's counts (in the row it was given).
  Result<void> store(sql::Transaction& tx);
  [[nodiscard]] const Sums& sums() const noexcept { return sums_; }

 private:
  struct User {
    int variant = 0;
    bool known = false;  // has a row
    bool exposed = false;
    bool crossed = false;
    std::int64_t first_us = 0;
    UserState before;
    UserState state;
  };
  explicit Fold(StoredTest& stored) : stored_(&stored) {}
  Result<void> read_users(sql::Transaction& tx, const std::vector<std::string>& user_ids);
  Result<void> read_measures(sql::Transaction& tx);
  struct Measure {
    std::int64_t number = -1;
    std::optional<double> shift;  // its first value
    bool changed = false;
  };
  std::int64_t measure(const std::string& name);
  std::int64_t note_value(const std::string& name, double value);
  void set_shifts();
  void bind_metrics();
  void bind(Metric metric);
  User& user(const std::string& user_id, int variant, Timestamp at);
  void add_to_sketches(const std::string& name, double value, int variant);
  void fold_users();
  Result<void> store_measures(sql::Transaction& tx);
  Result<void> store_users(sql::Transaction& tx);
  Result<void> store_hours(sql::Transaction& tx);
  Result<void> store_sums(sql::Transaction& tx);

  StoredTest* stored_;
  std::map<std::string, User> users_;
  std::map<std::string, Measure, std::less<>> measures_;
  std::vector<MetricPlace> metrics_;
  std::set<std::string> metric_names_;
  Sums sums_;
  std::set<SumKey> changed_;
  std::map<SumKey, stats::QuantileSketch> sketches_;
  std::map<std::pair<int, std::int64_t>, VariantCounts> hours_;
};

}  // namespace tracseq::abtest
