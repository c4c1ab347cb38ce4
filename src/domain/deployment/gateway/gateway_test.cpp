// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "domain/deployment/gateway/journey.h"
#include "domain/deployment/gateway/live_table.h"
#include "domain/deployment/gateway/table_text.h"

namespace tracseq::deployment::gateway {
namespace {

using std::chrono::milliseconds;

std::vector<Share> two(double stable, double candidate) {
  return {{"d-old", "1.0.0", TargetRole::stable, stable, seed_of("d-old")},
          {"d-new", "2.0.0", TargetRole::candidate, candidate, seed_of("d-new")}};
}

TrafficRoute route(std::int64_t generation, double stable, double candidate, int replicas = 2) {
  TrafficRoute made;
  made.service_name = "blood";
  made.model_id = "blood";
  made.environment = "production";
  made.generation = generation;
  made.health_check_path = "/health";
  for (const bool first : {true, false}) {
    TrafficTarget target{first ? "d-old" : "d-new",
                         first ? "1.0.0" : "2.0.0",
                         first ? TargetRole::stable : TargetRole::candidate,
                         first ? stable : candidate,
                         {}};
    for (int i = 0; i < replicas; ++i)
      target.replicas.push_back(
          {(first ? "old-" : "new-") + std::to_string(i), "127.0.0.1", (first ? 7'000 : 8'000) + i, false});
    made.targets.push_back(std::move(target));
  }
  return made;
}

// ---- the split

TEST(GatewaySplit, RequestsAreSplitByWeightWithinSamplingError) {
  Random random(7);
  for (const double weight : {1.0, 10.0, 33.3, 50.0, 99.0}) {
    const auto shares = two(100 - weight, weight);
    constexpr int kRequests = 200'000;
    int candidate = 0;
    for (int i = 0; i < kRequests; ++i) candidate += target_at(shares, random.unit()) == 1U ? 1 : 0;
    const double p = weight / 100;
    EXPECT_NEAR(candidate, kRequests * p, 4 * std::sqrt(kRequests * p * (1 - p))) << weight;
  }
}

TEST(GatewaySplit, KeysAreSplitByWeightWithinSamplingError) {
  for (const double weight : {1.0, 10.0, 50.0}) {
    const auto shares = two(100 - weight, weight);
    constexpr int kKeys = 100'000;
    int candidate = 0;
    for (int i = 0; i < kKeys; ++i)
      candidate += target_of_key(shares, "user-" + std::to_string(i)) == 1U ? 1 : 0;
    const double p = weight / 100;
    EXPECT_NEAR(candidate, kKeys * p, 4 * std::sqrt(kKeys * p * (1 - p))) << weight;
  }
}

TEST(GatewaySplit, ATargetWithoutWeightGetsNothingOfItsOwn) {
  const auto shares = two(100, 0);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(target_at(shares, i / 1'000.0), 0U);
    EXPECT_EQ(target_of_key(shares, std::to_string(i)), 0U);
  }
  EXPECT_FALSE(target_at(two(0, 0), 0.5));
  EXPECT_FALSE(target_of_key(two(0, 0), "k"));
}

TEST(GatewaySplit, RaisingAWeightOnlyMovesKeysToTheTargetThatGains) {
  int before_candidate = 0;
  int moved_in = 0;
  constexpr int kKeys = 20'000;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const auto before = target_of_key(two(90, 10), key);
    const auto after = target_of_key(two(75, 25), key);
    if (before == 1U) {
      ++before_candidate;
      EXPECT_EQ(after, 1U) << key;
    } else if (after == 1U) {
      ++moved_in;
    }
  }
  EXPECT_NEAR(before_candidate, kKeys * 0.10, 4 * std::sqrt(kKeys * 0.10 * 0.90));
  EXPECT_NEAR(moved_in, kKeys * 0.15, 4 * std::sqrt(kKeys * 0.15 * 0.85));
}

TEST(GatewaySplit, ATargetIsFoundByRoleVersionAndDeployment) {
  const auto shares = two(100, 0);
  EXPECT_EQ(target_named(shares, "stable"), 0U);
  EXPECT_EQ(target_named(shares, "candidate"), 1U);
  EXPECT_EQ(target_named(shares, "2.0.0"), 1U);
  EXPECT_EQ(target_named(shares, "d-old"), 0U);
  EXPECT_FALSE(target_named(shares, "3.0.0"));
}

// ---- health

TEST(GatewayHealth, OneFailedCheckChangesNothingAndTwoDo) {
  ReplicaHealth health;
  EXPECT_TRUE(health.usable());
  EXPECT_FALSE(health.proven());
  health.checked(true);
  EXPECT_TRUE(health.proven());
  for (int i = 0; i < 10; ++i) {  // flapping
    health.checked(false);
    EXPECT_TRUE(health.usable());
    health.checked(true);
  }
  health.checked(false);
  health.checked(false);
  EXPECT_FALSE(health.usable());
  health.checked(true);
  EXPECT_FALSE(health.usable());
  health.checked(true);
  EXPECT_TRUE(health.proven());
}

TEST(GatewayHealth, ExclusionDoublesAndIsForgivenAfterAGoodTime) {
  ReplicaHealth health;
  auto now = Steady::now();
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(health.answered(false, now));
  EXPECT_TRUE(health.answered(false, now));
  health.eject(now);
  EXPECT_TRUE(health.ejected(now + milliseconds{999}));
  EXPECT_FALSE(health.ejected(now + milliseconds{1'000}));
  now += milliseconds{1'000};
  health.eject(now);
  EXPECT_TRUE(health.ejected(now + milliseconds{1'999}));
  now += milliseconds{40'000};
  EXPECT_FALSE(health.answered(true, now));
  health.eject(now);
  EXPECT_FALSE(health.ejected(now + milliseconds{1'000}));
}

TEST(GatewayRetryBudget, AShareOfTheRequestsAndAFewASecond) {
  const auto start = Steady::now();
  RetryBudget budget(start);
  int spent = 0;
  while (budget.spend(start)) ++spent;
  EXPECT_EQ(spent, RetryBudget::kPerSecond);
  for (int i = 0; i < 100; ++i) budget.earn();
  spent = 0;
  while (budget.spend(start)) ++spent;
  EXPECT_EQ(spent, 20);
  spent = 0;
  while (budget.spend(start + std::chrono::seconds{2})) ++spent;
  EXPECT_EQ(spent, 2 * RetryBudget::kPerSecond);
}

TEST(GatewayCounter, CountsAreGivenOnce) {
  TargetCounter counter;
  counter.count(false, milliseconds{2});
  counter.count(true, std::chrono::hours{1});
  const TargetCounts counts = counter.take("d");
  EXPECT_EQ(counts.requests, 2);
  EXPECT_EQ(counts.errors, 1);
  EXPECT_DOUBLE_EQ(counts.latency_sum_ms, 3'600'002);
  EXPECT_DOUBLE_EQ(counts.latency_square_sum, 3'600'000.0 * 3'600'000.0 + 4);
  ASSERT_EQ(counts.latency_buckets.size(), latency_bounds_ms().size() + 1);
  EXPECT_EQ(counts.latency_buckets.back(), 1);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < counts.latency_buckets.size(); ++i) {
    total += counts.latency_buckets[i];
    if (counts.latency_buckets[i] == 1 && i < latency_bounds_ms().size()) {
      EXPECT_GE(latency_bounds_ms()[i], 2);
      EXPECT_LT(latency_bounds_ms()[i - 1], 2);
    }
  }
  EXPECT_EQ(total, 2);
  EXPECT_EQ(counter.take("d").requests, 0);
}

// ---- one request's way

class GatewayJourney : public ::testing::Test {
 protected:
  // Sends one and says which replica answered it.
  std::string send(const Wish& wish, int status = 200) {
    Journey journey(slot_, wish, random_);
    auto replica = journey.begin();
    if (!replica) return "error: " + replica.error().message;
    const std::string id = (*replica)->replica_id;
    EXPECT_EQ(journey.note(Outcome::answered, status), nullptr);
    return id;
  }
  TargetCounts counts(const RouteState& state, const std::string& id) {
    for (const TargetCounts& one : state.counts)
      if (one.deployment_id == id) return one;
    return {};
  }
  RouteSlot slot_{"blood", {}};
  Random random_{11};
};

TEST_F(GatewayJourney, WithoutTargetsAndWithoutWeightItSaysSo) {
  EXPECT_NE(send({}).find("has no deployment that takes requests"), std::string::npos);
  slot_.put(route(1, 0, 0));
  EXPECT_NE(send({}).find("has no deployment that takes requests"), std::string::npos);
  EXPECT_EQ(send({.target = "d-new", .sticky_key = {}}).substr(0, 4), "new-");
  EXPECT_NE(send({.target = "9.9.9", .sticky_key = {}}).find("has no target '9.9.9'"), std::string::npos);
}

TEST_F(GatewayJourney, TheSameKeyStaysWithItsTarget) {
  slot_.put(route(1, 50, 50));
  std::map<std::string, std::string> seen;
  for (int round = 0; round < 20; ++round)
    for (int key = 0; key < 50; ++key) {
      const std::string name = "k" + std::to_string(key);
      const std::string target = send({.target = {}, .sticky_key = name}).substr(0, 3);
      EXPECT_EQ(seen.emplace(name, target).first->second, target);
    }
}

TEST_F(GatewayJourney, AFailureGoesToAnotherReplicaOfTheSameTarget) {
  slot_.put(route(1, 0, 100));
  for (int i = 0; i < 5; ++i) {
    Journey journey(slot_, {.target = {}, .sticky_key = {}, .repeatable = true}, random_);
    Replica* const first = *journey.begin();
    EXPECT_EQ(first->in_flight, 1);
    Replica* const second = journey.note(Outcome::broken_off, 0);
    ASSERT_NE(second, nullptr);
    EXPECT_NE(second, first);
    EXPECT_EQ(first->in_flight, 0);
    EXPECT_EQ(second->replica_id.substr(0, 4), "new-");
    EXPECT_EQ(journey.note(Outcome::answered, 200), nullptr);
  }
  const RouteState state = slot_.take_state();
  EXPECT_EQ(counts(state, "d-new").requests, 5);
  EXPECT_EQ(counts(state, "d-new").errors, 0);
}

TEST_F(GatewayJourney, AnotherTargetStandsInAndBothCountIt) {
  slot_.put(route(1, 1e-9, 100, 1));
  Journey journey(slot_, {.target = {}, .sticky_key = {}, .repeatable = true}, random_);
  ASSERT_EQ((*journey.begin())->replica_id, "new-0");
  Replica* const next = journey.note(Outcome::no_connection, 0);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->replica_id, "old-0");
  EXPECT_EQ(journey.note(Outcome::answered, 200), nullptr);
  EXPECT_NE(journey.answer_fields().find("x-tracseq-version: 1.0.0"), std::string::npos);
  const RouteState state = slot_.take_state();
  EXPECT_EQ(counts(state, "d-new").requests, 1);
  EXPECT_EQ(counts(state, "d-new").errors, 1);
  EXPECT_EQ(counts(state, "d-old").requests, 1);
  EXPECT_EQ(counts(state, "d-old").errors, 0);
}

TEST_F(GatewayJourney, NobodyStandsInForANamedTarget) {
  slot_.put(route(1, 100, 0, 1));
  Journey journey(slot_, {.target = "candidate", .sticky_key = {}, .repeatable = true}, random_);
  ASSERT_TRUE(journey.begin());
  EXPECT_EQ(journey.note(Outcome::no_connection, 0), nullptr);
}

TEST_F(GatewayJourney, WhatMayDoHarmTwiceIsSentOnce) {
  slot_.put(route(1, 100, 0));
  Journey sent(slot_, {}, random_);
  ASSERT_TRUE(sent.begin());
  EXPECT_EQ(sent.note(Outcome::broken_off, 0), nullptr);
  Journey unsent(slot_, {}, random_);
  ASSERT_TRUE(unsent.begin());
  EXPECT_NE(unsent.note(Outcome::no_connection, 0), nullptr);
}

TEST_F(GatewayJourney, OfTwoFailingReplicasOneIsLeftOutAndNeverBoth) {
  slot_.put(route(1, 100, 0));
  for (int i = 0; i < 100; ++i) send({}, 503);
  const RouteState state = slot_.take_state();
  int ejected = 0;
  for (const ReplicaState& replica : state.replicas) ejected += replica.ejected ? 1 : 0;
  EXPECT_EQ(ejected, 1);
  EXPECT_EQ(counts(state, "d-old").requests, 100);
  EXPECT_EQ(counts(state, "d-old").errors, 100);
  EXPECT_EQ(send({}).substr(0, 4), "old-");
}

TEST_F(GatewayJourney, AnUnhealthyReplicaGetsNothingAndNoneLeftIsSaid) {
  slot_.put(route(1, 100, 0));
  for (const LiveTarget& target : slot_.current()->targets) {
    target.seats[0].replica->health.checked(false);
    target.seats[1].replica->health.checked(true);
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(send({}), "old-1");
  EXPECT_EQ(why_unavailable(*slot_.current(), Steady::now()), "");
  for (const LiveTarget& target : slot_.current()->targets)
    for (int i = 0; i < 2; ++i) target.seats[1].replica->health.checked(false);
  EXPECT_EQ(send({}), "error: none of the 4 replicas of 'blood' is healthy (0 are ending, 0 are left out)");
}

TEST_F(GatewayJourney, ADrainingReplicaGetsNothingNew) {
  TrafficRoute draining = route(1, 100, 0);
  slot_.put(draining);
  Journey under_way(slot_, {}, random_);
  Replica* const busy = *under_way.begin();
  const std::size_t which = busy->replica_id == "old-0" ? 0 : 1;
  draining.generation = 2;
  draining.targets[0].replicas[which].draining = true;
  slot_.put(draining);
  EXPECT_EQ(busy->in_flight, 1);
  for (int i = 0; i < 50; ++i) EXPECT_NE(send({}), busy->replica_id);
  EXPECT_EQ(slot_.take_state().replicas[which].in_flight, 1);
  EXPECT_EQ(under_way.note(Outcome::answered, 200), nullptr);
  EXPECT_EQ(slot_.take_state().replicas[which].in_flight, 0);
}

TEST_F(GatewayJourney, TheLessBusyOfTwoIsChosen) {
  slot_.put(route(1, 100, 0));
  slot_.current()->targets[0].seats[0].replica->in_flight = 10;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(send({}), "old-1");
  slot_.current()->targets[0].seats[0].replica->in_flight = kReplicaInFlightMax;
  slot_.current()->targets[0].seats[1].replica->in_flight = kReplicaInFlightMax;
  Journey full(slot_, {.target = "stable", .sticky_key = {}}, random_);
  const auto refused = full.begin();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::resource_exhausted);
}

TEST_F(GatewayJourney, ARetryGoesByTheGenerationInForceThen) {
  slot_.put(route(1, 100, 0, 1));
  Journey journey(slot_, {.target = {}, .sticky_key = {}, .repeatable = true}, random_);
  ASSERT_EQ((*journey.begin())->replica_id, "old-0");
  TrafficRoute next = route(2, 100, 0, 1);
  next.targets.erase(next.targets.begin());
  next.targets[0].weight = 100;
  slot_.put(next);
  Replica* const other = journey.note(Outcome::broken_off, 0);
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->replica_id, "new-0");
  EXPECT_EQ(journey.note(Outcome::answered, 200), nullptr);
  const RouteState state = slot_.take_state();  // the deployment that left is counted to its end
  EXPECT_EQ(counts(state, "d-old").errors, 1);
  EXPECT_EQ(counts(state, "d-new").requests, 1);
}

TEST_F(GatewayJourney, AnAnswerBearsTheNameOfWhoGaveIt) {
  slot_.put(route(1, 100, 0, 1));
  Journey journey(slot_, {.target = {}, .sticky_key = {}, .repeatable = true}, random_);
  ASSERT_TRUE(journey.begin());
  slot_.put(
      {.service_name = "blood", .model_id = {}, .environment = {}, .health_check_path = {}, .targets = {}});
  EXPECT_EQ(journey.note(Outcome::answered, 503), nullptr);
  EXPECT_NE(journey.answer_fields().find("x-tracseq-deployment: d-old"), std::string::npos);
}

// ---- the table

TEST(GatewayTable, WhatIsKnownOfAReplicaSurvivesAChange) {
  LiveTable table;
  table.apply({{route(1, 100, 0)}});
  const auto slot = table.slots().at(0);
  slot->current()->targets[0].seats[0].replica->health.checked(true);
  const std::uint64_t changes = slot->changes();
  table.apply({{route(1, 100, 0)}});
  EXPECT_EQ(slot->changes(), changes);
  table.apply({{route(2, 50, 50)}});
  EXPECT_EQ(slot->current()->generation, 2);
  EXPECT_TRUE(slot->current()->targets[0].seats[0].replica->health.proven());
  TrafficRoute moved = route(3, 50, 50);
  moved.targets[0].replicas[0].port = 9'999;  // the same name, another process
  table.apply({{moved}});
  EXPECT_FALSE(slot->current()->targets[0].seats[0].replica->health.proven());
  table.apply({});
  EXPECT_TRUE(table.slots().empty());
}

TEST(GatewayTable, AWrongTableIsRefusedWhole) {
  const auto text = [](auto change) {
    TrafficTable table{{route(1, 100, 0)}};
    change(table);
    return to_json(table);
  };
  const auto message = [](const std::string& wrong) {
    const auto read = read_table(wrong);
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(message(text([](auto&) {})), "");
  EXPECT_NE(message("{"), "");
  EXPECT_NE(message(text([](auto& t) { t.routes.push_back(t.routes[0]); })).find("occurs twice"),
            std::string::npos);
  EXPECT_NE(message(text([](auto& t) {
              t.routes[0].targets[0].model_version = "1\r\nx: y";
            })).find("not plain text"),
            std::string::npos);
  EXPECT_NE(message(text([](auto& t) { t.routes[0].health_check_path = "health"; })).find("must be a path"),
            std::string::npos);
  EXPECT_NE(message(text([](auto& t) { t.routes[0].targets[0].replicas[0].port = 0; })).find("port"),
            std::string::npos);
  EXPECT_NE(
      message(text([](auto& t) { t.routes[0].targets[1].deployment_id = "d-old"; })).find("occurs twice"),
      std::string::npos);
}

}  // namespace
}  // namespace tracseq::deployment::gateway
