// SPDX-License-Identifier: MIT
#include "domain/abtest/log.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "domain/abtest/abtests.h"
#include "domain/abtest/fold.h"
#include "domain/abtest/guardrails.h"
#include "storage/sql/retention.h"

namespace tracseq::abtest {
namespace {

using sql::args;

constexpr auto kTakenAfterEnd = std::chrono::hours{24};

constexpr sql::Statement kKnown{
    "abtests.known_interactions",
    "SELECT interaction_id FROM abtest_interactions WHERE test_key = ? AND interaction_id IN "
    "(SELECT value FROM json_each(?))",
    "SELECT interaction_id FROM abtest_interactions WHERE test_key = ? AND interaction_id IN "
    "(SELECT json_array_elements_text(CAST(? AS json)))"};
constexpr sql::BulkInsert kInsert{"abtests.insert_interactions",
                                  "abtest_interactions",
                                  {"test_key", "interaction_id", "variant", "user_id", "time_us",
                                   "latency_bits", "success", "conversion", "value_bits", "document"}};
constexpr sql::Statement kPast{"abtests.has_past",
                               "SELECT 1 FROM abtest_interactions WHERE test_key IN (SELECT test_key FROM "
                               "abtests WHERE ended_us < ?) LIMIT 1"};
constexpr sql::Statement kDrop{"abtests.drop_interactions",
                               "DELETE FROM abtest_interactions WHERE position IN (SELECT position FROM "
                               "abtest_interactions WHERE test_key IN "
                               "(SELECT test_key FROM abtests WHERE ended_us < ?) LIMIT ?)"};

Result<void> check_taken(const AbTest& test, Timestamp at) {
  if (test.status == TestStatus::running || test.status == TestStatus::paused) return {};
  if (test.status == TestStatus::completed && test.ended_at && at < *test.ended_at + kTakenAfterEnd)
    return {};
  return fail(
      {Code::conflict,
       fmt::format("the A/B test '{}' is {}; it takes data while it runs or is paused and for 24 h after",
                   test.test_id, enum_name(test.status)),
       {},
       "test_id"});
}

Result<int> variant_of(const StoredTest& stored, const std::string& name) {
  const int variant = stored.variant(name);
  if (variant >= 0) return variant;
  std::string known;
  for (const Variant& one : stored.test.plan.variants) known += (known.empty() ? "" : ", ") + one.name;
  return fail_field("variant_id", fmt::format("the A/B test '{}' has no variant '{}'; its variants are {}",
                                              stored.test.test_id, name, known));
}

// The document of an interaction: what has no column of its own.
std::string document_of(const Interaction& one) {
  Json document = Json::object();
  if (!one.request_data.is_null()) document.set("request_data", one.request_data);
  if (!one.response_data.is_null()) document.set("response_data", one.response_data);
  if (one.error_message) document.set("error_message", *one.error_message);
  if (one.user_agent) document.set("user_agent", *one.user_agent);
  if (one.ip_address) document.set("ip_address", *one.ip_address);
  return dump_json(document);
}

struct RawColumns {
  std::vector<std::int64_t> keys, variants, times, latencies, successes;
  std::vector<std::optional<std::int64_t>> conversions, values;
  std::vector<std::string> ids, users, documents;

  Result<void> add(std::int64_t key, const Interaction& one, int variant, Timestamp at) {
    documents.push_back(document_of(one));
    if (documents.back().size() > kInteractionBytesMax)
      return fail({Code::too_large,
                   fmt::format("interaction '{}' is {} bytes as JSON; at most {} are taken",
                               one.interaction_id, documents.back().size(), kInteractionBytesMax),
                   {},
                   "interactions"});
    keys.push_back(key);
    ids.push_back(one.interaction_id);
    variants.push_back(variant);
    users.push_back(one.user_id);
    times.push_back(at.us);
    latencies.push_back(sql::double_bits(one.latency_ms));
    successes.push_back(one.success ? 1 : 0);
    conversions.push_back(one.conversion ? std::optional<std::int64_t>(*one.conversion ? 1 : 0)
                                         : std::nullopt);
    values.push_back(one.value ? std::optional(sql::double_bits(*one.value)) : std::nullopt);
    return {};
  }

  Result<void> insert(sql::Transaction& tx) const {
    if (ids.empty()) return {};
    using Numbers = std::span<const std::int64_t>;
    using Maybe = std::span<const std::optional<std::int64_t>>;
    using Texts = std::span<const std::string>;
    const std::array<sql::Column, 10> columns{
        Numbers(keys),      Texts(ids),         Numbers(variants),  Texts(users),  Numbers(times),
        Numbers(latencies), Numbers(successes), Maybe(conversions), Maybe(values), Texts(documents)};
    TRACSEQ_CHECK(tx.bulk_insert(kInsert, columns));
    return {};
  }
};

// What follows from the new sums: a broken limit pauses the test, enough users complete it.
Result<void> act(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored, const Sums& sums) {
  if (stored.test.status != TestStatus::running) return {};
  const Plan& plan = stored.test.plan;
  if (!plan.guardrail_metrics.empty()) {
    TRACSEQ_TRY(const auto counts, read_counts(tx, stored.key));
    if (const auto why = broken_limit(plan, sums, counts))
      return AbTests::move(tx, ctx, stored, TestStatus::paused, *why);
  }
  if (plan.maximum_sample_size && stored.test.users >= *plan.maximum_sample_size)
    return AbTests::move(tx, ctx, stored, TestStatus::completed, "maximum sample size reached");
  return {};
}

template <class T>
std::map<std::string, std::vector<const T*>> by_test(const std::vector<T>& items) {
  std::map<std::string, std::vector<const T*>> tests;
  for (const T& item : items) tests[item.test_id].push_back(&item);
  return tests;
}

template <class T>
std::vector<std::string> users_of(const std::vector<const T*>& items) {
  std::set<std::string> users;
  for (const T* item : items) users.insert(item->user_id);
  return {users.begin(), users.end()};
}

audit::Appended appended(const AbTest& test, std::int64_t count, Sha256& digest) {
  return {"abtests", "abtest", test.test_id, count, digest.finish(), "abtests"};
}

Result<std::int64_t> expose_in(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored,
                               const std::vector<const Exposure*>& exposures, Sha256& digest) {
  TRACSEQ_TRY(Fold fold, Fold::load(tx, stored, users_of(exposures)));
  for (const Exposure* exposure : exposures) {
    TRACSEQ_TRY(const int variant, variant_of(stored, exposure->variant_id));
    for (const auto& [name, value] : exposure->covariates)
      if (!std::isfinite(value))
        return fail_field("covariates", fmt::format("covariate '{}' is not a finite number", name));
    if (!stored.test.plan.forced_variants.contains(exposure->user_id))
      fold.expose(*exposure, variant, exposure->timestamp.value_or(now()));
    digest.update(bytes_of(to_json(*exposure)));
  }
  TRACSEQ_CHECK(fold.store(tx));
  TRACSEQ_CHECK(act(tx, ctx, stored, fold.sums()));
  return static_cast<std::int64_t>(exposures.size());
}

Result<LoggedData> interact_in(sql::Transaction& tx, const CallContext& ctx, StoredTest& stored,
                               const std::vector<const Interaction*>& interactions, Sha256& digest) {
  std::vector<std::string> ids;
  for (const Interaction* one : interactions) ids.push_back(one->interaction_id);
  std::set<std::string> known;
  TRACSEQ_CHECK(tx.query(kKnown, args(stored.key, to_json(ids)), [&](const sql::Row& row) -> Result<void> {
    known.insert(row.str(0));
    return {};
  }));
  TRACSEQ_TRY(Fold fold, Fold::load(tx, stored, users_of(interactions)));
  RawColumns columns;
  LoggedData logged;
  const Timestamp at = now();
  for (const Interaction* one : interactions) {
    TRACSEQ_TRY(const int variant, variant_of(stored, one->variant_id));
    if (!known.insert(one->interaction_id).second) {
      ++logged.repeated;
      continue;
    }
    const Timestamp time = one->timestamp.value_or(at);
    TRACSEQ_CHECK(columns.add(stored.key, *one, variant, time));
    if (!stored.test.plan.forced_variants.contains(one->user_id)) fold.interact(*one, variant, time);
    digest.update(bytes_of(one->interaction_id));
    digest.update(bytes_of(columns.documents.back()));
    ++logged.logged;
  }
  TRACSEQ_CHECK(columns.insert(tx));
  TRACSEQ_CHECK(fold.store(tx));
  TRACSEQ_CHECK(act(tx, ctx, stored, fold.sums()));
  return logged;
}

}  // namespace

Result<LoggedData> InteractionLog::expose(const CallContext& ctx, const LogExposures& request) {
  const auto tests = by_test(request.exposures);  // in one order everywhere: no two calls wait for each other
  return ledger_.append<LoggedData>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& notes) -> Result<LoggedData> {
        LoggedData all;
        for (const auto& [test_id, exposures] : tests) {
          TRACSEQ_TRY(StoredTest stored, load_test(tx, ctx.project_id, test_id, Access::change));
          TRACSEQ_CHECK(check_taken(stored.test, now()));
          Sha256 digest;
          TRACSEQ_TRY(const std::int64_t logged, expose_in(tx, ctx, stored, exposures, digest));
          all.logged += logged;
          notes.push_back(appended(stored.test, logged, digest));
        }
        return all;
      });
}

Result<LoggedData> InteractionLog::interact(const CallContext& ctx, const LogInteractions& request) {
  const auto tests = by_test(request.interactions);
  return ledger_.append<LoggedData>(
      ctx, [&](sql::Transaction& tx, std::vector<audit::Appended>& notes) -> Result<LoggedData> {
        LoggedData all;
        for (const auto& [test_id, interactions] : tests) {
          TRACSEQ_TRY(StoredTest stored, load_test(tx, ctx.project_id, test_id, Access::change));
          TRACSEQ_CHECK(check_taken(stored.test, now()));
          Sha256 digest;
          TRACSEQ_TRY(const LoggedData logged, interact_in(tx, ctx, stored, interactions, digest));
          all.logged += logged.logged;
          all.repeated += logged.repeated;
          notes.push_back(appended(stored.test, logged.logged, digest));
        }
        return all;
      });
}

Result<std::int64_t> InteractionLog::prune(const CallContext& ctx, Timestamp now) {
  const Timestamp before = now - kRawKept;
  TRACSEQ_TRY(const auto past, database_.read([&](sql::Session& session) {
    return session.query_one(kPast, args(before), [](const sql::Row&) { return true; });
  }));
  if (!past) return 0;
  TRACSEQ_TRY(
      const LoggedData removed,
      ledger_.change<LoggedData>(ctx, {"abtest.expire_interactions", "abtest", {}},
                                 [&](sql::Transaction& tx, audit::Record& record) -> Result<LoggedData> {
                                   TRACSEQ_TRY(const std::int64_t count,
                                               tx.execute(kDrop, args(before, sql::kRemovedAtOnceMax)));
                                   record.delta = Json::object();
                                   record.delta.set("count", count).set("before", format_rfc3339(before));
                                   return LoggedData{count, 0};
                                 }));
  return removed.logged;
}

}  // namespace tracseq::abtest
