// SPDX-License-Identifier: MIT
#include "domain/deployment/testing.h"
#include "domain/deployment/verdict.h"

namespace tracseq::deployment {
namespace {

using testing::DeploymentTest;

class RolloutTest : public DeploymentTest {};
TRACSEQ_ON_BOTH_DATABASES(RolloutTest);

TEST_P(RolloutTest, ImmediateIsDeployedWhenItsChecksPass) {
  deployed(config("1"));
  const Deployment d = get("d1");
  EXPECT_EQ(d.phase, Phase::watching);
  EXPECT_EQ(d.endpoint_url, "http://127.0.0.1:9000");
  EXPECT_EQ(d.replicas_deployed, 1);
  EXPECT_EQ(d.traffic_percentage, 100);
  EXPECT_TRUE(d.health_check_passed);
  EXPECT_TRUE(d.performance_validated);
  EXPECT_EQ(d.validation_metrics.at("error_rate"), 0);
  EXPECT_GT(d.validation_metrics.at("throughput_rps"), 0);
  EXPECT_GE(d.validation_metrics.at("avg_latency_ms"), 0);
  EXPECT_FALSE(d.previous_deployment_id);
  EXPECT_EQ(machine_.living(ProcessRole::replica), 1);
  EXPECT_EQ(machine_.living(ProcessRole::gateway), 1);
}

TEST_P(RolloutTest, TheNextVersionTakesOverAndTheOldOneEnds) {
  deployed(config("1"));
  deployed(config("2"));
  ASSERT_TRUE(drive([&] { return get("d1").phase == Phase::superseded; }));
  EXPECT_EQ(machine_.living(ProcessRole::replica, "1"), 0);
  EXPECT_EQ(machine_.living(ProcessRole::replica, "2"), 1);
  EXPECT_EQ(share("d2"), 100);
  EXPECT_EQ(get("d1").status, Status::deployed);
  EXPECT_EQ(get("d2").previous_deployment_id, "d1");
}

TEST_P(RolloutTest, WithoutAGatewayNothingIsDeployed) {
  deploy(config("1"));
  EXPECT_TRUE(drive([&] { return get("d1").phase == Phase::switching; }, false));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(step());
  EXPECT_EQ(get("d1").status, Status::deploying);
}

TEST_P(RolloutTest, RollingBackStartsTheFormerOneAgain) {
  deployed(config("1"));
  deployed(config("2"));
  ASSERT_TRUE(drive([&] { return get("d1").phase == Phase::superseded; }));
  ASSERT_TRUE(deployments_->roll_back(ctx_, {"d2", "worse", ""}));
  ASSERT_TRUE(drive([&] { return !under_way(get("d2").status); }));
  EXPECT_EQ(get("d2").status, Status::rolled_back);
  EXPECT_EQ(get("d2").phase, Phase::ended);
  EXPECT_EQ(share("d1"), 100);
  EXPECT_EQ(get("d1").phase, Phase::live);
  EXPECT_EQ(machine_.living(ProcessRole::replica, "1"), 1);
  EXPECT_EQ(machine_.living(ProcessRole::replica, "2"), 0);
}

TEST_P(RolloutTest, RollingReplacesOneByOne) {
  auto first = config("1");
  first.replicas = 3;
  deployed(first);
  auto second = config("2", Strategy::rolling);
  second.replicas = 3;
  std::set<std::int64_t> shares;
  std::int64_t most = 0;
  std::int64_t least = 9;
  after_step_ = [&] {
    shares.insert(static_cast<std::int64_t>(share("d2")));
    const auto answering = machine_.living(ProcessRole::replica);
    most = std::max(most, answering);
    least = std::min(least, answering);
  };
  deployed(second);
  ASSERT_TRUE(drive([&] { return get("d1").phase == Phase::superseded; }));
  EXPECT_EQ(shares, (std::set<std::int64_t>{0, 33, 66, 100}));
  EXPECT_LE(most, 5);
  EXPECT_GE(least, 3);
  EXPECT_EQ(machine_.living(ProcessRole::replica, "2"), 3);
  EXPECT_EQ(machine_.living(ProcessRole::replica, "1"), 0);
}

TEST_P(RolloutTest, BlueGreenKeepsTheOldOneWarmWhileItIsWatched) {
  deployed(config("1"));
  auto second = config("2", Strategy::blue_green);
  second.monitoring_window_minutes = 1e-9;
  auto kept = second;
  kept.monitoring_window_minutes = 60;
  deployed(kept);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(step());
    report();
  }
  EXPECT_EQ(machine_.living(ProcessRole::replica, "1"), 1);
  const auto starts = machine_.starts;
  ASSERT_TRUE(deployments_->roll_back(ctx_, {"d2", "worse", ""}));
  ASSERT_TRUE(drive([&] { return !under_way(get("d2").status); }));
  EXPECT_EQ(machine_.starts, starts) << "the switch back is a flip";
  EXPECT_EQ(share("d1"), 100);

  second.deployment_id = "again";
  deployed(second);
  ASSERT_TRUE(
      drive([&] { return get("d1").phase == Phase::superseded && get("again").phase == Phase::live; }));
}

TEST_P(RolloutTest, ABadArtefactFailsWithTheCauseAndLeavesTheOldOne) {
  deployed(config("1"));
  machine_.bad_versions.insert("2");
  deploy(config("2"));
  ASSERT_TRUE(drive([&] { return !under_way(get("d2").status); }));
  EXPECT_EQ(get("d2").status, Status::failed);
  EXPECT_NE(get("d2").error_message->find("the artefact is no model"), std::string::npos);
  EXPECT_NE(log_of("d2").find("the artefact is no model"), std::string::npos);
  EXPECT_EQ(share("d1"), 100);
  EXPECT_EQ(machine_.living(ProcessRole::replica), 1);
}

TEST_P(RolloutTest, AVersionThatCannotBeServedIsRecordedAsFailed) {
  register_version("3", "the model is not fitted");
  const Deployment d = deploy(config("3"));
  EXPECT_EQ(d.status, Status::failed);
  EXPECT_EQ(d.error_message, "the model is not fitted");
  EXPECT_EQ(machine_.starts, 0);
}

TEST_P(RolloutTest, ProbeRequestsThatFailEndTheRollOut) {
  deployed(config("1"));
  caller_.wrong = true;
  deploy(config("2"));
  ASSERT_TRUE(drive([&] { return !under_way(get("d2").status); }));
  EXPECT_EQ(get("d2").status, Status::failed);
  EXPECT_EQ(get("d2").validation_metrics.at("error_rate"), 1);
  EXPECT_FALSE(get("d2").performance_validated);
  EXPECT_EQ(share("d1"), 100);
}

TEST_P(RolloutTest, ASickHealthPathEndsInTime) {
  caller_.sick = true;
  auto slow = config("1");
  slow.ready_timeout_seconds = 0.5;
  deploy(slow);
  ASSERT_TRUE(drive([&] { return !under_way(get("d1").status); }));
  EXPECT_EQ(get("d1").status, Status::failed);
  EXPECT_NE(log_of("d1").find("/health answered 503: not yet"), std::string::npos) << log_of("d1");
  ASSERT_TRUE(drive([&] { return machine_.living(ProcessRole::replica) == 0; }));
}

TEST_P(RolloutTest, ADeadReplicaIsReplaced) {
  deployed(config("1"));
  for (auto& [id, process] : machine_.processes)
    if (process.spec.role == ProcessRole::replica) process.lives = false;
  ASSERT_TRUE(
      drive([&] { return get("d1").replicas_deployed == 1 && machine_.living(ProcessRole::replica) == 1; }));
  EXPECT_EQ(get("d1").status, Status::deployed);
  EXPECT_NE(log_of("d1").find("its process ended"), std::string::npos);
}

TEST_P(RolloutTest, ADeadGatewayIsStartedAgain) {
  deployed(config("1"));
  machine_.processes.at(kGatewayId).lives = false;
  ASSERT_TRUE(drive([&] { return machine_.living(ProcessRole::gateway) == 1; }));
  const auto table = gateways_->table(ctx_);
  EXPECT_EQ(table->routes.at(0).port, 9'000) << "its port is taken again";
}

TEST_P(RolloutTest, AStoppedDeploymentLeavesNothingRunning) {
  deployed(config("1"));
  ASSERT_TRUE(deployments_->stop(ctx_, {"d1", "over"}));
  ASSERT_TRUE(drive([&] { return get("d1").phase == Phase::stopped; }));
  ASSERT_TRUE(drive([&] { return machine_.living(ProcessRole::gateway) == 0; }));
  EXPECT_EQ(machine_.living(ProcessRole::replica), 0);
  const auto left = step();
  ASSERT_TRUE(left);
  EXPECT_EQ(deployments_->stop(ctx_, {"d1", "again"}).error().code, Code::conflict);
}

TEST_P(RolloutTest, OneRollOutAtATimeAndTheSameAgainIsTheSame) {
  deploy(config("1"));
  const auto second = deployments_->create(ctx_, config("2"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().message.find("'d1'"), std::string::npos) << second.error().message;
  EXPECT_EQ(deploy(config("1")).deployment_id, "d1");
  auto other = config("1");
  other.replicas = 2;
  EXPECT_EQ(deployments_->create(ctx_, other).error().code, Code::conflict);
}

TEST_P(RolloutTest, BadConfigurationsAreRefusedByName) {
  const auto refused = [&](auto change) {
    auto bad = config("1");
    change(bad);
    const auto made = deployments_->create(ctx_, bad);
    EXPECT_FALSE(made);
    return made ? Error{} : made.error();
  };
  EXPECT_EQ(refused([](auto& c) { c.target = TargetKind::docker; }).code, Code::unsupported);
  EXPECT_EQ(refused([](auto& c) { c.health_check_path = "health"; }).field, "health_check_path");
  EXPECT_EQ(refused([](auto& c) { c.traffic_percentage = 50; }).field, "traffic_percentage");
  EXPECT_EQ(refused([](auto& c) { c.resource_limits["memory"] = "much"; }).field, "resource_limits.memory");
  EXPECT_EQ(refused([](auto& c) { c.environment_variables["1A"] = ""; }).field, "environment_variables");
  EXPECT_EQ(refused([](auto& c) { c.model_id = "nobody"; }).code, Code::not_found);
  EXPECT_EQ(refused([](auto& c) {
              c.strategy = Strategy::canary;
              c.canary_steps = {5};
            }).field,
            "canary_steps");
}

// The driver is killed after every single step of every strategy, and another goes on.
TEST_P(RolloutTest, AnotherDriverGoesOnFromEveryStep) {
  std::string last;
  int kills = 0;
  after_step_ = [&] {
    if (const std::string before = std::exchange(last, recorded()); before == last) return;
    restart_driver();
    ++kills;
  };
  for (const Strategy strategy : {Strategy::immediate, Strategy::rolling, Strategy::blue_green}) {
    auto first = config("1");
    first.replicas = 2;
    first.deployment_id = std::string("first-") + std::string(enum_name(strategy));
    auto second = config("2", strategy);
    second.replicas = 2;
    second.deployment_id = std::string("second-") + std::string(enum_name(strategy));
    deployed(first);
    deployed(second);
    ASSERT_TRUE(deployments_->roll_back(ctx_, {second.deployment_id, "back", ""}));
    ASSERT_TRUE(drive([&] { return !under_way(get(second.deployment_id).status); }));
    EXPECT_EQ(get(second.deployment_id).status, Status::rolled_back);
    EXPECT_EQ(share(first.deployment_id), 100);
    EXPECT_EQ(machine_.living(ProcessRole::replica, "2"), 0);
    EXPECT_EQ(machine_.living(ProcessRole::replica, "1"), 2);
    ASSERT_TRUE(deployments_->stop(ctx_, {first.deployment_id, "next"}));
    ASSERT_TRUE(drive([&] { return get(first.deployment_id).phase == Phase::stopped; }));
    EXPECT_EQ(machine_.living(ProcessRole::replica), 0);
  }
  EXPECT_GT(kills, 60);
}

// A process that was started but not written down is found by its id, not started twice.
TEST_P(RolloutTest, AStartThatWasNotRecordedIsFoundAgain) {
  deploy(config("1"));
  ASSERT_TRUE(drive(
      [&] {
        const auto replicas = deployments_->replicas(ctx_, {"d1"});
        return replicas && !replicas->items.empty();
      },
      false));
  const Replica planned = deployments_->replicas(ctx_, {"d1"})->items.at(0);
  ASSERT_EQ(planned.phase, ReplicaPhase::planned);
  ASSERT_TRUE(target_->start(spec_of(get("d1"), planned)));  // and here it was killed
  restart_driver();
  ASSERT_TRUE(drive([&] { return get("d1").status == Status::deployed; }));
  EXPECT_EQ(machine_.living(ProcessRole::replica), 1);
  EXPECT_EQ(machine_.starts, 2) << "one replica, one gateway";
}

TEST_P(RolloutTest, AProcessNobodyRecordedIsEnded) {
  deployed(config("1"));
  ProcessSpec stray;
  stray.id = "stray";
  ASSERT_TRUE(target_->start(stray));
  ASSERT_TRUE(drive([&] { return !machine_.processes.at("stray").lives; }));
  EXPECT_EQ(machine_.living(ProcessRole::replica), 1);
}

TEST_P(RolloutTest, OneWhoLostTheLeaseChangesNothing) {
  deploy(config("1"));
  const sql::Lease old = *lease_;
  restart_driver();
  Reconciler stale(database(), *target_, caller_, times_);
  EXPECT_FALSE(stale.step(ctx_, old));
  EXPECT_EQ(get("d1").phase, Phase::pending);
}

TEST_P(RolloutTest, AReportCountsOnce) {
  deployed(config("1"));
  GatewayReport said;
  said.gateway_id = "other";
  said.pid = 7;
  said.sequence = 1;
  said.routes.resize(1);
  said.routes[0].service_name = "fraud-staging";
  said.routes[0].port = 9'000;
  said.routes[0].counts = {answered("d1", 10, 2)};
  EXPECT_TRUE(gateways_->report(ctx_, said)->counted);
  EXPECT_FALSE(gateways_->report(ctx_, said)->counted);
  said.pid = 8;  // another process under the name: its numbers begin anew
  EXPECT_TRUE(gateways_->report(ctx_, said)->counted);
  const auto services = gateways_->services(ctx_, {});
  ASSERT_TRUE(services);
  ASSERT_EQ(services->items.size(), 1U);
  EXPECT_EQ(services->items[0].requests, 20);
  EXPECT_EQ(services->items[0].errors, 4);
}

}  // namespace
}  // namespace tracseq::deployment
