// SPDX-License-Identifier: MIT
#include "domain/abtest/rows.h"

#include <fmt/core.h>

#include <array>

namespace tracseq::abtest {
namespace {

using sql::args;

#define TRACSEQ_ABTEST_COLUMNS                                                                              \
  "test_key, project_id, test_id, name, description, hypothesis, status, status_reason, plan, coverage, "   \
  "winner, significant, created_us, created_by, started_us, ended_us, users, interactions, crossed_users, " \
  "looked_us, looked_interactions"
#define TRACSEQ_ABTEST_FIND \
  "SELECT " TRACSEQ_ABTEST_COLUMNS " FROM abtests WHERE project_id = ? AND test_id = ?"

constexpr sql::Statement kFind{"abtests.find", TRACSEQ_ABTEST_FIND};
constexpr sql::Statement kFindLocked{"abtests.find_locked", TRACSEQ_ABTEST_FIND,
                                     TRACSEQ_ABTEST_FIND " FOR UPDATE"};
constexpr sql::Statement kList{
    "abtests.list",
    "SELECT " TRACSEQ_ABTEST_COLUMNS
    " FROM abtests WHERE project_id = ? AND (? = '' OR status = ?) AND (? = '' OR created_us < "
    "(SELECT created_us FROM abtests WHERE project_id = ? AND test_id = ?) OR (created_us = "
    "(SELECT created_us FROM abtests WHERE project_id = ? AND test_id = ?) AND test_id < ?)) "
    "ORDER BY created_us DESC, test_id DESC LIMIT ?"};
constexpr sql::Statement kLive{"abtests.live",
                               "SELECT " TRACSEQ_ABTEST_COLUMNS
                               " FROM abtests WHERE status IN ('running', 'paused') ORDER BY test_key"};
constexpr sql::Statement kInsert{
    "abtests.insert",
    "INSERT INTO abtests (project_id, test_id, name, description, hypothesis, test_type, status, "
    "status_reason, plan, "
    "namespace_name, coverage, winner, significant, created_us, created_by, users, interactions, "
    "crossed_users, looked_us, "
    "looked_interactions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, ?, ?, 0, 0, 0, 0, -1)"};
constexpr sql::Statement kUpdate{
    "abtests.update",
    "UPDATE abtests SET status = ?, status_reason = ?, coverage = ?, winner = ?, significant = ?, started_us "
    "= ?, "
    "ended_us = ?, users = ?, interactions = ?, crossed_users = ? WHERE test_key = ?"};
constexpr sql::Statement kNoteLook{
    "abtests.note_look", "UPDATE abtests SET looked_us = ?, looked_interactions = ? WHERE test_key = ?"};
constexpr sql::Statement kReadSums{"abtests.read_sums",
                                   "SELECT variant, metric, users, mean_y_bits, mean_x_bits, m2_y_bits, "
                                   "m2_x_bits, cross_bits, sketch, shift_bits "
                                   "FROM abtest_sums WHERE test_key = ?"};
constexpr sql::BulkInsert kWriteSums{
    "abtests.write_sums",
    "abtest_sums",
    {"test_key", "variant", "metric", "users", "mean_y_bits", "mean_x_bits", "m2_y_bits", "m2_x_bits",
     "cross_bits", "sketch", "shift_bits"},
    "ON CONFLICT (test_key, variant, metric) DO UPDATE SET users = excluded.users, mean_y_bits = "
    "excluded.mean_y_bits, "
    "mean_x_bits = excluded.mean_x_bits, m2_y_bits = excluded.m2_y_bits, m2_x_bits = excluded.m2_x_bits, "
    "cross_bits = excluded.cross_bits, sketch = excluded.sketch, shift_bits = excluded.shift_bits"};
constexpr sql::Statement kCounts{
    "abtests.counts",
    "SELECT variant, SUM(users), SUM(interactions) FROM abtest_hours WHERE test_key = ? "
    "GROUP BY variant"};

Result<StoredTest> test_of(const sql::Row& row) {
  StoredTest stored;
  stored.key = row.integer(0);
  stored.project_id = row.str(1);
  AbTest& test = stored.test;
  test.test_id = row.str(2);
  test.name = row.str(3);
  test.description = row.str(4);
  test.hypothesis = row.str(5);
  TRACSEQ_TRY(test.status, enum_from<TestStatus>("status", row.text(6)));
  test.status_reason = row.str(7);
  TRACSEQ_TRY(test.plan, from_json<Plan>(row.text(8), UnknownFields::ignore));
  test.coverage = row.real(9);
  test.winner = row.str(10);
  test.significant = row.integer(11) != 0;
  test.created_at = row.time(12);
  test.created_by = row.str(13);
  test.started_at = row.maybe_time(14);
  test.ended_at = row.maybe_time(15);
  test.users = row.integer(16);
  test.interactions = row.integer(17);
  test.crossed_users = row.integer(18);
  stored.looked_at = row.time(19);
  stored.looked_interactions = row.integer(20);
  return stored;
}

Result<std::vector<StoredTest>> tests_of(sql::Session& session, const sql::Statement& statement,
                                         sql::Args args) {
  std::vector<StoredTest> tests;
  TRACSEQ_CHECK(session.query(statement, args, [&](const sql::Row& row) -> Result<void> {
    TRACSEQ_TRY(tests.emplace_back(), test_of(row));
    return {};
  }));
  return tests;
}

}  // namespace

int StoredTest::variant(std::string_view name) const {
  const auto& variants = test.plan.variants;
  for (std::size_t i = 0; i < variants.size(); ++i)
    if (variants[i].name == name) return static_cast<int>(i);
  return -1;
}

Result<std::optional<StoredTest>> find_test(sql::Session& session, const std::string& project_id,
                                            const std::string& test_id, Access access) {
  TRACSEQ_TRY(auto found,
              tests_of(session, access == Access::change ? kFindLocked : kFind, args(project_id, test_id)));
  if (found.empty()) return std::optional<StoredTest>{};
  return std::optional(std::move(found.front()));
}

Result<StoredTest> load_test(sql::Session& session, const std::string& project_id, const std::string& test_id,
                             Access access) {
  TRACSEQ_TRY(auto found, find_test(session, project_id, test_id, access));
  if (!found)
    return fail({Code::not_found, fmt::format("there is no A/B test '{}'", test_id), {}, "test_id"});
  return std::move(*found);
}

Result<std::vector<StoredTest>> list_tests(sql::Session& session, const std::string& project_id,
                                           const ListTests& request) {
  const std::string status(request.status ? enum_name(*request.status) : std::string_view());
  const std::string& token = request.page_token;
  if (!token.empty()) {
    TRACSEQ_TRY(const auto known, find_test(session, project_id, token));
    if (!known) return fail_field("page_token", "page_token is none that was given out");
  }
  return tests_of(session, kList,
                  args(project_id, status, status, token, project_id, token, project_id, token, token,
                       request.limit + 1));
}

Result<std::vector<StoredTest>> live_tests(sql::Session& session) { return tests_of(session, kLive, {}); }

Result<void> insert_test(sql::Transaction& tx, const std::string& project_id, const AbTest& test) {
  TRACSEQ_TRY(const auto known, find_test(tx, project_id, test.test_id));
  if (known)
    return fail(
        {Code::conflict, fmt::format("there is an A/B test '{}' already", test.test_id), {}, "test_id"});
  const std::string group = test.plan.exclusion_group ? test.plan.exclusion_group->name : "";
  TRACSEQ_CHECK(
      tx.execute(kInsert, args(project_id, test.test_id, test.name, test.description, test.hypothesis,
                               enum_name(test.plan.test_type), enum_name(test.status), test.status_reason,
                               to_json(test.plan), group, test.coverage, test.created_at, test.created_by)));
  return {};
}

Result<void> update_test(sql::Transaction& tx, const StoredTest& stored) {
  const AbTest& test = stored.test;
  TRACSEQ_CHECK(tx.execute(kUpdate, args(enum_name(test.status), test.status_reason, test.coverage,
                                         test.winner, test.significant, test.started_at, test.ended_at,
                                         test.users, test.interactions, test.crossed_users, stored.key)));
  return {};
}

Result<void> note_look(sql::Transaction& tx, std::int64_t key, Timestamp at, std::int64_t interactions) {
  TRACSEQ_CHECK(tx.execute(kNoteLook, args(at, interactions, key)));
  return {};
}

Result<Sums> read_sums(sql::Session& session, std::int64_t key) {
  Sums sums;
  TRACSEQ_CHECK(session.query(kReadSums, args(key), [&](const sql::Row& row) -> Result<void> {
    ArmSums& arm = sums[{row.str(1), static_cast<int>(row.integer(0))}];
    arm.moments = {row.integer(2),
                   sql::bits_double(row.integer(3)),
                   sql::bits_double(row.integer(4)),
                   sql::bits_double(row.integer(5)),
                   sql::bits_double(row.integer(6)),
                   sql::bits_double(row.integer(7))};
    arm.sketch = text_of(row.bytes(8));
    arm.shift = sql::bits_double(row.integer(9));
    return {};
  }));
  return sums;
}

Result<void> write_sums(sql::Transaction& tx, std::int64_t key, const Sums& sums) {
  if (sums.empty()) return {};
  std::vector<std::int64_t> keys, variants, users;
  std::array<std::vector<std::int64_t>, 6> bits;
  std::vector<std::string> metrics;
  std::vector<Blob> sketches;
  for (const auto& [place, arm] : sums) {
    keys.push_back(key);
    variants.push_back(place.second);
    metrics.push_back(place.first);
    users.push_back(arm.moments.count);
    const std::array<double, 6> values{arm.moments.mean_y, arm.moments.mean_x, arm.moments.m2_y,
                                       arm.moments.m2_x,   arm.moments.cross,  arm.shift};
    for (std::size_t i = 0; i < values.size(); ++i) bits[i].push_back(sql::double_bits(values[i]));
    sketches.push_back({arm.sketch});
  }
  using Numbers = std::span<const std::int64_t>;
  const std::array<sql::Column, 11> columns{Numbers(keys),
                                            Numbers(variants),
                                            std::span<const std::string>(metrics),
                                            Numbers(users),
                                            Numbers(bits[0]),
                                            Numbers(bits[1]),
                                            Numbers(bits[2]),
                                            Numbers(bits[3]),
                                            Numbers(bits[4]),
                                            std::span<const Blob>(sketches),
                                            Numbers(bits[5])};
  TRACSEQ_CHECK(tx.bulk_insert(kWriteSums, columns));
  return {};
}

Result<std::map<int, VariantCounts>> read_counts(sql::Session& session, std::int64_t key) {
  std::map<int, VariantCounts> counts;
  TRACSEQ_CHECK(session.query(kCounts, args(key), [&](const sql::Row& row) -> Result<void> {
    counts[static_cast<int>(row.integer(0))] = {row.integer(1), row.integer(2)};
    return {};
  }));
  return counts;
}

}  // namespace tracseq::abtest
