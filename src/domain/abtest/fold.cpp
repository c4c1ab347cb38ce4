// SPDX-License-Identifier: MIT
#include "domain/abtest/fold.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tracseq::abtest {
namespace {

using sql::args;

constexpr std::int64_t kHourUs = 3'600'000'000;

#define TRACSEQ_ABTEST_USERS "SELECT user_id, variant, exposed, crossed, first_us, state FROM abtest_users "
constexpr sql::Statement kUsers{
    "abtests.users",
    TRACSEQ_ABTEST_USERS "WHERE test_key = ? AND user_id IN (SELECT value FROM json_each(?))",
    TRACSEQ_ABTEST_USERS
    "WHERE test_key = ? AND user_id IN (SELECT json_array_elements_text(CAST(? AS json)))"};
constexpr sql::Statement kMeasures{
    "abtests.measures", "SELECT measure, name, shift_bits FROM abtest_measures WHERE test_key = ?"};
constexpr sql::BulkInsert kAddMeasures{
    "abtests.add_measures",
    "abtest_measures",
    {"test_key", "measure", "name", "shift_bits"},
    "ON CONFLICT (test_key, measure) DO UPDATE SET shift_bits = excluded.shift_bits"};
constexpr sql::BulkInsert kWriteUsers{
    "abtests.write_users",
    "abtest_users",
    {"test_key", "user_id", "variant", "exposed", "crossed", "first_us", "state"},
    "ON CONFLICT (test_key, user_id) DO UPDATE SET exposed = excluded.exposed, crossed = excluded.crossed, "
    "first_us = excluded.first_us, state = excluded.state"};
constexpr sql::BulkInsert kAddHours{
    "abtests.add_hours",
    "abtest_hours",
    {"test_key", "variant", "hour_us", "users", "interactions"},
    "ON CONFLICT (test_key, variant, hour_us) DO UPDATE SET users = abtest_hours.users + excluded.users, "
    "interactions = abtest_hours.interactions + excluded.interactions"};

std::int64_t hour_of(Timestamp at) { return at.us - ((at.us % kHourUs) + kHourUs) % kHourUs; }

}  // namespace

Result<Fold> Fold::load(sql::Transaction& tx, StoredTest& stored, const std::vector<std::string>& user_ids) {
  Fold fold(stored);
  TRACSEQ_CHECK(fold.read_users(tx, user_ids));
  TRACSEQ_CHECK(fold.read_measures(tx));
  TRACSEQ_TRY(fold.sums_, read_sums(tx, stored.key));
  fold.bind_metrics();
  return fold;
}

Result<void> Fold::read_users(sql::Transaction& tx, const std::vector<std::string>& user_ids) {
  return tx.query(kUsers, args(stored_->key, to_json(user_ids)), [&](const sql::Row& row) -> Result<void> {
    User& user = users_[row.str(0)];
    user.known = true;
    user.variant = static_cast<int>(row.integer(1));
    user.exposed = row.integer(2) != 0;
    user.crossed = row.integer(3) != 0;
    user.first_us = row.integer(4);
    TRACSEQ_TRY(user.before, UserState::decode(text_of(row.bytes(5))));
    user.state = user.before;
    return {};
  });
}

Result<void> Fold::read_measures(sql::Transaction& tx) {
  return tx.query(kMeasures, args(stored_->key), [&](const sql::Row& row) -> Result<void> {
    Measure& one = measures_[row.str(1)];
    one.number = row.integer(0);
    if (!row.is_null(2)) one.shift = sql::bits_double(row.integer(2));
    return {};
  });
}

// The number of a measure; −1 beyond the limit: it is not kept.
std::int64_t Fold::measure(const std::string& name) {
  const auto found = measures_.find(name);
  if (found != measures_.end()) return found->second.number;
  if (measures_.size() >= kMeasuresMax) return -1;
  const auto number = static_cast<std::int64_t>(measures_.size());
  measures_.emplace(name, Measure{number, std::nullopt, true});
  return number;
}

// The number of a measure that has a value, and its shift if this is the first.
std::int64_t Fold::note_value(const std::string& name, double value) {
  const std::int64_t number = measure(name);
  if (number < 0) return number;
  Measure& one = measures_.find(name)->second;
  if (!one.shift) {
    one.shift = value;
    one.changed = true;
  }
  return number;
}

void Fold::set_shifts() {
  std::map<std::int64_t, double> shifts;
  for (const auto& [name, one] : measures_) shifts[one.number] = one.shift.value_or(0);
  for (MetricPlace& place : metrics_) {
    const MetricPlan& plan = place.metric.plan;
    if (plan.kind == MetricKind::mean || (plan.kind == MetricKind::ratio && plan.denominator.empty()))
      place.shift = shifts[place.field];
    place.covariate_shift = shifts[place.covariate];
  }
}

void Fold::bind(Metric metric) {
  MetricPlace place;
  place.field = measure(metric.plan.field);
  if (!metric.plan.denominator.empty()) place.denominator = measure(metric.plan.denominator);
  if (!metric.plan.covariate.empty()) place.covariate = measure("covariate." + metric.plan.covariate);
  metric_names_.insert(metric.plan.name);
  place.metric = std::move(metric);
  metrics_.push_back(std::move(place));
}

// The planned metrics, whose measures come first, and one for each further measure that was found.
void Fold::bind_metrics() {
  for (Metric& metric : planned_metrics(stored_->test.plan)) bind(std::move(metric));
  std::vector<std::string> found;
  for (const auto& [name, one] : measures_)
    if (!metric_names_.contains(name) && !name.starts_with("covariate.")) found.push_back(name);
  for (const std::string& name : found) bind(found_metric(name));
  for (const MetricPlace& place : metrics_) {
    if (place.metric.plan.kind != MetricKind::quantile) continue;
    for (std::size_t variant = 0; variant < stored_->test.plan.variants.size(); ++variant) {
      const SumKey key{place.metric.plan.name, static_cast<int>(variant)};
      const auto sum = sums_.find(key);
      sketches_[key] =
          sum == sums_.end()
              ? stats::QuantileSketch()
              : stats::QuantileSketch::decode(sum->second.sketch).value_or(stats::QuantileSketch());
    }
  }
}

Fold::User& Fold::user(const std::string& user_id, int variant, Timestamp at) {
  const auto [place, fresh] = users_.try_emplace(user_id);
  User& user = place->second;
  if (fresh) {
    user.variant = variant;
    user.first_us = at.us;
    ++hours_[{variant, hour_of(at)}].users;
    ++stored_->test.users;
  } else if (user.variant != variant && !user.crossed) {
    user.crossed = true;
    ++stored_->test.crossed_users;
  }
  user.first_us = std::min(user.first_us, at.us);
  return user;
}

void Fold::expose(const Exposure& exposure, int variant, Timestamp at) {
  User& one = user(exposure.user_id, variant, at);
  one.exposed = true;
  if (one.variant != variant) return;
  for (const auto& [name, value] : exposure.covariates) {
    const std::string full = "covariate." + name;  // only those a metric is planned with
    if (measures_.contains(full)) one.state.set_once(note_value(full, value), value);
  }
}

void Fold::add_to_sketches(const std::string& name, double value, int variant) {
  for (const MetricPlace& place : metrics_)
    if (place.metric.plan.kind == MetricKind::quantile && place.metric.plan.field == name)
      sketches_[{place.metric.plan.name, variant}].add(value);
}

void Fold::interact(const Interaction& interaction, int variant, Timestamp at) {
  User& one = user(interaction.user_id, variant, at);
  ++hours_[{variant, hour_of(at)}].interactions;
  ++stored_->test.interactions;
  if (one.variant != variant) return;  // counted in his first variant only
  for (const auto& [name, value] : measures_of(interaction)) {
    const bool fresh = !measures_.contains(name);
    const std::int64_t number = note_value(name, value);
    if (number < 0) continue;
    if (fresh && !metric_names_.contains(name)) bind(found_metric(name));
    one.state.add(number, value);
    if (!sketches_.empty()) add_to_sketches(name, value, variant);
  }
}

void Fold::fold_users() {
  set_shifts();
  for (const auto& [user_id, user] : users_)
    for (const MetricPlace& place : metrics_) {
      const auto before = unit_of(place, user.before);
      const auto after = unit_of(place, user.state);
      if (!after || (before && before->y == after->y && before->x == after->x)) continue;
      const SumKey key{place.metric.plan.name, user.variant};
      ArmSums& arm = sums_[key];
      changed_.insert(key);
      arm.shift = place.shift;
      if (before) {
        stats::PairMoments one;
        one.add(before->y, before->x);
        arm.moments.remove(one);
      }
      arm.moments.add(after->y, after->x);
    }
}

Result<void> Fold::store_measures(sql::Transaction& tx) {
  std::vector<std::int64_t> keys, numbers;
  std::vector<std::string> names;
  std::vector<std::optional<std::int64_t>> shifts;
  for (const auto& [name, one] : measures_) {
    if (!one.changed) continue;
    keys.push_back(stored_->key);
    numbers.push_back(one.number);
    names.push_back(name);
    shifts.push_back(one.shift ? std::optional(sql::double_bits(*one.shift)) : std::nullopt);
  }
  if (names.empty()) return {};
  const std::array<sql::Column, 4> columns{
      std::span<const std::int64_t>(keys), std::span<const std::int64_t>(numbers),
      std::span<const std::string>(names), std::span<const std::optional<std::int64_t>>(shifts)};
  TRACSEQ_CHECK(tx.bulk_insert(kAddMeasures, columns));
  return {};
}

Result<void> Fold::store_users(sql::Transaction& tx) {
  std::vector<std::int64_t> keys, variants, exposed, crossed, first;
  std::vector<std::string> ids;
  std::vector<Blob> states;
  for (const auto& [user_id, user] : users_) {
    keys.push_back(stored_->key);
    ids.push_back(user_id);
    variants.push_back(user.variant);
    exposed.push_back(user.exposed ? 1 : 0);
    crossed.push_back(user.crossed ? 1 : 0);
    first.push_back(user.first_us);
    states.push_back({user.state.encode()});
  }
  using Numbers = std::span<const std::int64_t>;
  const std::array<sql::Column, 7> columns{Numbers(keys),
                                           std::span<const std::string>(ids),
                                           Numbers(variants),
                                           Numbers(exposed),
                                           Numbers(crossed),
                                           Numbers(first),
                                           std::span<const Blob>(states)};
  if (!ids.empty()) TRACSEQ_CHECK(tx.bulk_insert(kWriteUsers, columns));
  return {};
}

Result<void> Fold::store_hours(sql::Transaction& tx) {
  std::vector<std::int64_t> keys, variants, hours, users, interactions;
  for (const auto& [place, counts] : hours_) {
    keys.push_back(stored_->key);
    variants.push_back(place.first);
    hours.push_back(place.second);
    users.push_back(counts.users);
    interactions.push_back(counts.interactions);
  }
  using Numbers = std::span<const std::int64_t>;
  const std::array<sql::Column, 5> columns{Numbers(keys), Numbers(variants), Numbers(hours), Numbers(users),
                                           Numbers(interactions)};
  if (!hours.empty()) TRACSEQ_CHECK(tx.bulk_insert(kAddHours, columns));
  return {};
}

Result<void> Fold::store_sums(sql::Transaction& tx) {
  for (const auto& [key, sketch] : sketches_)
    if (changed_.contains(key)) sums_[key].sketch = sketch.encode();
  Sums changed;
  for (const SumKey& key : changed_) changed[key] = sums_[key];
  return write_sums(tx, stored_->key, changed);
}

Result<void> Fold::store(sql::Transaction& tx) {
  fold_users();
  TRACSEQ_CHECK(store_measures(tx));
  TRACSEQ_CHECK(store_users(tx));
  TRACSEQ_CHECK(store_hours(tx));
  TRACSEQ_CHECK(store_sums(tx));
  return update_test(tx, *stored_);
}

}  // namespace tracseq::abtest
