// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "domain/deployment/deployments.h"
#include "domain/deployment/gateways.h"
#include "domain/deployment/reconciler.h"
#include "domain/deployment/rows.h"
#include "storage/sql/testing.h"

// For tests only: machines, replicas and gateways that are only said to be.
namespace tracseq::deployment::testing {

// Processes that outlive their target, as real ones do.
struct Machine {
  struct Process {
    ProcessSpec spec;
    Started started;
    bool lives = true;
    std::string failed;  // said in its ready file
  };
  std::map<std::string, Process> processes;  // by id
  std::int64_t next_pid = 100;
  std::set<std::string> bad_versions;  // crash at load
  std::int64_t starts = 0;

  [[nodiscard]] std::int64_t living(ProcessRole role, const std::string& version = {}) const {
    return std::count_if(processes.begin(), processes.end(), [&](const auto& one) {
      return one.second.lives && one.second.spec.role == role &&
             (version.empty() || one.second.spec.model_version == version);
    });
  }
};

class FakeTarget final : public Target {
 public:
  explicit FakeTarget(Machine& machine) : machine_(machine) {}
  Result<Started> start(const ProcessSpec& spec) override {
    if (const auto found = machine_.processes.find(spec.id);
        found != machine_.processes.end() && found->second.lives)
      return found->second.started;
    ++machine_.starts;
    const std::int64_t pid = machine_.next_pid++;
    Machine::Process process{spec, {pid, pid * 10, "nothing holds it"}, true, {}};
    if (machine_.bad_versions.contains(spec.model_version) && spec.role == ProcessRole::replica) {
      process.lives = false;
      process.failed = "the artefact is no model";
    }
    machine_.processes[spec.id] = process;
    return process.started;
  }
  Observed observe(const ProcessSpec& spec, const Started& started) override {
    const auto found = machine_.processes.find(spec.id);
    if (found == machine_.processes.end() || !found->second.lives || found->second.started.pid != started.pid)
      return {Observed::State::gone, 0,
              found != machine_.processes.end() && !found->second.failed.empty() ? found->second.failed
                                                                                 : "its process ended"};
    return {Observed::State::ready, 20'000 + started.pid, {}};
  }
  void stop(const Started& started, How) override {
    for (auto& [id, process] : machine_.processes)
      if (process.started.pid == started.pid) process.lives = false;
  }
  void forget(const ProcessSpec&) override {}
  std::vector<Found> list() override {
    std::vector<Found> found;
    for (const auto& [id, process] : machine_.processes)
      if (process.lives) found.push_back({process.spec.role, id, process.started});
    return found;
  }
  std::string log_of(const std::string& id) override { return id + ".log"; }

 private:
  Machine& machine_;
};

// Answers health checks and inference; `sick` makes health checks fail, `wrong` inference.
class FakeCaller final : public ReplicaCaller {
 public:
  std::atomic<bool> sick{false};
  std::atomic<bool> wrong{false};
  Result<Answer> call(const std::string&, std::int64_t, const std::string& path, const std::string& body,
                      std::chrono::milliseconds) override {
    if (!body.empty()) return Answer{wrong ? 500 : 200, wrong ? "broken" : "{}"};
    if (path.starts_with("/v2/models/"))
      return Answer{200, R"({"inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}]})"};
    return Answer{sick ? 503 : 200, sick ? "not yet" : "{}"};
  }
};

class DeploymentTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    open();
    register_version("1");
    register_version("2");
  }
  void TearDown() override {
    close();
    DatabaseTest::TearDown();
  }

  // What a process has; the machine lives on.
  void open() {
    ledger_ = std::make_unique<audit::Ledger>(database());
    catalog_ = std::make_unique<artifacts::ArtifactCatalog>(database(), (folder() / "root").string());
    registry_ = std::make_unique<registry::Registry>(database(), *ledger_, *catalog_);
    deployments_ = std::make_unique<Deployments>(database(), *ledger_, *registry_);
    gateways_ = std::make_unique<Gateways>(database(), *ledger_);
    leases_ = std::make_unique<sql::Leases>(database());
    restart_driver();
  }
  void close() {
    reconciler_.reset();
    target_.reset();
    leases_.reset();
    gateways_.reset();
    deployments_.reset();
    registry_.reset();
    catalog_.reset();
    ledger_.reset();
  }
  // Another process takes over: nothing but the database and the machine remains.
  void restart_driver() {
    reconciler_.reset();
    target_ = std::make_unique<FakeTarget>(machine_);
    reconciler_ = std::make_unique<Reconciler>(database(), *target_, caller_, times_);
    if (lease_) {
      ASSERT_TRUE(leases_->release(*lease_));
    }
    auto lease = leases_->acquire("driver", "test-" + std::to_string(++drivers_), std::chrono::hours{1});
    ASSERT_TRUE(lease && *lease);
    lease_ = **lease;
  }
  std::string upload(const std::string& text) {
    TextSource source(text);
    const auto content = catalog_->store(ctx_, source, {});
    EXPECT_TRUE(content);
    const auto artifact = database().write([&](sql::Transaction& tx) {
      artifacts::NewArtifact row;
      row.owner_type = artifacts::OwnerType::upload;
      row.owner_id = text;
      row.path = "content";
      return catalog_->commit(tx, ctx_, row, *content);
    });
    EXPECT_TRUE(artifact) << artifact.error().message;
    return artifact->artifact_id;
  }
  void register_version(const std::string& version, const std::string& not_servable = {}) {
    registry::RegisterVersion request;
    request.model_id = "fraud";
    request.version = version;
    request.not_servable_reason = not_servable;
    request.files = {{"model.onnx", registry::FileRole::onnx, upload("model " + version)}};
    const auto added = registry_->add(ctx_, request);
    ASSERT_TRUE(added) << added.error().message;
  }

  // One look of the gateway: it goes by what is recorded, and says so.
  void report(const std::vector<TargetCounts>& counts = {}) {
    const auto table = gateways_->table(ctx_);
    ASSERT_TRUE(table) << table.error().message;
    GatewayReport said;
    said.gateway_id = kGatewayId;
    said.pid = 1;
    said.sequence = ++sequence_;
    for (const TrafficRoute& route : table->routes) {
      RouteState& state = said.routes.emplace_back();
      state.service_name = route.service_name;
      state.port = 9'000;
      state.generation = route.generation;
      state.counts = counts;
      double sum = 0;
      for (const TrafficTarget& target : route.targets) {
        sum += target.weight;
        for (const ReplicaAddress& replica : target.replicas)
          state.replicas.push_back({replica.replica_id, true, false, 0});
      }
      EXPECT_NEAR(sum, 100, 1e-9);
    }
    const auto taken = gateways_->report(ctx_, said);
    ASSERT_TRUE(taken) << taken.error().message;
  }

  Result<std::int64_t> step() { return reconciler_->step(ctx_, *lease_); }
  Deployment get(const std::string& id) {
    auto found = deployments_->get(ctx_, {id});
    EXPECT_TRUE(found);
    return found.value_or(Deployment{});
  }
  // Steps, with a gateway's report between them, until it is so.
  bool drive(const std::function<bool()>& until, bool with_gateway = true) {
    const auto end = Steady::now() + std::chrono::seconds{20};
    while (Steady::now() < end) {
      const auto done = step();
      if (!done) ADD_FAILURE() << done.error().message << done.error().detail;
      if (with_gateway) report();
      if (after_step_) after_step_();
      if (until()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return false;
  }
  DeploymentConfig config(const std::string& version, Strategy strategy = Strategy::immediate) {
    DeploymentConfig made;
    made.deployment_id = "d" + version;
    made.model_id = "fraud";
    made.model_version = version;
    made.environment = Environment::staging;
    made.strategy = strategy;
    made.monitoring_window_minutes = 60;
    made.health_check_timeout_seconds = 1;
    made.ready_timeout_seconds = 10;
    return made;
  }
  Deployment deploy(const DeploymentConfig& wanted) {
    auto made = deployments_->create(ctx_, wanted);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(Deployment{});
  }
  void deployed(const DeploymentConfig& wanted) {
    deploy(wanted);
    ASSERT_TRUE(drive([&] { return !under_way(get(wanted.deployment_id).status); }));
    ASSERT_EQ(get(wanted.deployment_id).status, Status::deployed) << log_of(wanted.deployment_id);
  }
  std::string log_of(const std::string& id) {
    std::string text;
    for (const std::string& line : get(id).deployment_logs) text += line + "\n";
    return text;
  }
  // What is recorded, in short: it changes with every step that was made.
  std::string recorded() {
    const auto rows = database().read([&](sql::Session& session) -> Result<std::string> {
      TRACSEQ_TRY(const auto deployments, tended_deployments(session));
      TRACSEQ_TRY(const auto replicas, living_replicas(session));
      std::string words;
      for (const Deployment& d : deployments) words += d.deployment_id + std::to_string(d.revision) + " ";
      for (const Replica& r : replicas) words += r.replica_id + std::string(enum_name(r.phase)) + " ";
      return words;
    });
    EXPECT_TRUE(rows);
    return rows.value_or("");
  }
  double share(const std::string& id) { return get(id).traffic_percentage; }
  // Counts of requests with some errors.
  static TargetCounts answered(const std::string& id, std::int64_t requests, std::int64_t errors) {
    TargetCounts counts;
    counts.deployment_id = id;
    counts.requests = requests;
    counts.errors = errors;
    counts.latency_buckets.assign(latency_bounds_ms().size() + 1, 0);
    counts.latency_buckets[10] = requests;
    return counts;
  }

  CallContext ctx_ = [] {
    CallContext ctx;
    ctx.actor.id = "test";
    ctx.actor.permissions = {"*"};
    return ctx;
  }();
  Machine machine_;
  FakeCaller caller_;
  ReconcilerTimes times_{.drain_max = std::chrono::milliseconds{2'000},
                         .end_grace = std::chrono::milliseconds{500},
                         .restart_min = std::chrono::milliseconds{1},
                         .restart_max = std::chrono::milliseconds{10},
                         .sweep = std::chrono::milliseconds{1},
                         .check_pause = std::chrono::milliseconds{0},
                         .check_living = std::chrono::milliseconds{1}};
  std::unique_ptr<audit::Ledger> ledger_;
  std::unique_ptr<artifacts::ArtifactCatalog> catalog_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<Deployments> deployments_;
  std::unique_ptr<Gateways> gateways_;
  std::unique_ptr<sql::Leases> leases_;
  std::unique_ptr<FakeTarget> target_;
  std::unique_ptr<Reconciler> reconciler_;
  std::optional<sql::Lease> lease_;
  std::function<void()> after_step_;
  std::int64_t sequence_ = 0;
  std::int64_t drivers_ = 0;
};

}  // namespace tracseq::deployment::testing
