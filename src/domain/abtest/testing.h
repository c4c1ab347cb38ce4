// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "domain/abtest/abtests.h"
#include "domain/abtest/fold.h"
#include "domain/abtest/log.h"
#include "storage/sql/testing.h"

// For tests only: the services on a fresh database of either kind.
namespace tracseq::abtest::testing {

inline Plan plan_of(const std::vector<std::pair<std::string, double>>& shares) {
  Plan plan;
  for (const auto& [name, share] : shares) plan.variants.push_back({name, share, "m", "1.0.0"});
  plan.primary_metric = "score";
  return plan;
}

inline CreateTest two_variants() {
  CreateTest request;
  request.name = "a test";
  request.plan = plan_of({{kControl, 0.5}, {"treatment_1", 0.5}});
  return request;
}

inline Interaction interaction(const std::string& test_id, std::string id, std::string variant,
                               std::string user, double score) {
  Interaction one;
  one.interaction_id = std::move(id);
  one.test_id = test_id;
  one.variant_id = std::move(variant);
  one.user_id = std::move(user);
  one.response_data = Json::object().set("score", score);
  one.latency_ms = 10;
  return one;
}

class AbTestFixture : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    ledger_ = std::make_unique<audit::Ledger>(database());
    tests_ = std::make_unique<AbTests>(database(), *ledger_);
    log_ = std::make_unique<InteractionLog>(database(), *ledger_);
  }
  AbTest create(const CreateTest& request) {
    const auto made = tests_->create(ctx_, request);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(AbTest{});
  }
  std::string started(const CreateTest& request) {
    const AbTest made = create(request);
    EXPECT_TRUE(tests_->start(ctx_, {made.test_id, ""}));
    return made.test_id;
  }
  Assignment assign(const std::string& test_id, const std::string& user) {
    const auto assigned = tests_->assign(ctx_, {test_id, user, {}});
    EXPECT_TRUE(assigned);
    return assigned.value_or(Assignment{});
  }
  Result<audit::EntryPage> entries_of(const std::string& action) {
    audit::EntryFilter filter;
    filter.action = action;
    filter.object_type = "abtest";
    filter.changes_only = true;
    return ledger_->list(ctx_, filter);
  }
  Sums sums(const std::string& test_id) {
    const auto read = database().read([&](sql::Session& session) -> Result<Sums> {
      TRACSEQ_TRY(const StoredTest stored, load_test(session, ctx_.project_id, test_id));
      return read_sums(session, stored.key);
    });
    EXPECT_TRUE(read);
    return read.value_or(Sums{});
  }

  CallContext ctx_;
  std::unique_ptr<audit::Ledger> ledger_;
  std::unique_ptr<AbTests> tests_;
  std::unique_ptr<InteractionLog> log_;
};

}  // namespace tracseq::abtest::testing
