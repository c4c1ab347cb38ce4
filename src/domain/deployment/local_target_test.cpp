// SPDX-License-Identifier: MIT
// Real processes: a shell script stands for the program.
#include "domain/deployment/local_target.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "base/clock.h"
#include "domain/deployment/cgroup.h"
#include "domain/deployment/processes.h"
#include "domain/deployment/quantity.h"
#include "storage/sql/testing.h"

namespace tracseq::deployment {
namespace {

class LocalTargetTest : public ::testing::Test {
 protected:
  // The script gets the arguments of the program: its ready file is the last.
  LocalTarget target(const std::string& script, bool cgroups = false) {
    const auto program = folder_.path() / "program";
    std::ofstream(program) << "#!/bin/bash\nready=\"${@: -1}\"\n" << script << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    LocalTarget::Options options;
    options.root = folder_.path() / "deployments";
    options.program = program;
    options.registry_url = "sqlite:////nowhere.db";
    options.variables = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"SECRET", "of the parent"}};
    options.cgroups = cgroups;
    return LocalTarget(std::move(options));
  }
  static ProcessSpec spec(const std::string& id) {
    ProcessSpec made;
    made.id = id;
    made.model_id = "m";
    made.model_version = "1";
    made.health_check_path = "/health";
    return made;
  }
  static Observed until(LocalTarget& target, const ProcessSpec& spec, const Started& started,
                        Observed::State state) {
    const auto end = Steady::now() + std::chrono::seconds{10};
    Observed seen = target.observe(spec, started);
    while (seen.state != state && Steady::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
      seen = target.observe(spec, started);
    }
    return seen;
  }
  static void end(LocalTarget& target, const ProcessSpec& spec, const Started& started) {
    target.stop(started, Target::How::kill);
    EXPECT_EQ(until(target, spec, started, Observed::State::gone).state, Observed::State::gone);
    target.forget(spec);
  }

  sql::testing::TemporaryFolder folder_;
};

// Waits without a child of its own, which nobody would end.
constexpr const char* kReady =
    R"(mkfifo "$ready.fifo" 2>/dev/null; echo "{\"state\":\"ready\",\"port\":4711}" > "$ready"; read x <> "$ready.fifo")";

TEST_F(LocalTargetTest, AProcessIsStartedOnceAndFoundAgainByAnother) {
  auto first = target(kReady);
  const auto started = first.start(spec("r1"));
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(until(first, spec("r1"), *started, Observed::State::ready).port, 4711);
  auto second = target(kReady);  // another program on the same database
  const auto again = second.start(spec("r1"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->pid, started->pid);
  EXPECT_EQ(again->process_start, started->process_start);
  EXPECT_EQ(second.observe(spec("r1"), *again).state, Observed::State::ready);
  const Started impostor{started->pid, started->process_start + 1, {}};  // the pid, used again
  EXPECT_EQ(second.observe(spec("r1"), impostor).state, Observed::State::gone);
  second.stop(impostor, Target::How::kill);
  EXPECT_EQ(second.observe(spec("r1"), *again).state, Observed::State::ready);
  end(second, spec("r1"), *again);
}

TEST_F(LocalTargetTest, ItIsNobodysChildAndInheritsNothing) {
  auto local = target(
      R"(ls -l /proc/$$/fd > "$ready.fds"; echo "$SECRET $EXTRA $MODEL_REGISTRY_URL" > "$ready.vars"; )" +
      std::string(kReady));
  auto wanted = spec("r2");
  wanted.variables = {{"EXTRA", "more"}};
  std::ofstream held(folder_.path() / "held-by-the-parent");
  const auto started = local.start(wanted);
  ASSERT_TRUE(started);
  until(local, wanted, *started, Observed::State::ready);
  const auto read = [&](const char* name) {
    std::ifstream in(folder_.path() / "deployments" / (std::string("r2.json") + name));
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  EXPECT_EQ(read(".fds").find("held-by-the-parent"), std::string::npos) << read(".fds");
  EXPECT_EQ(read(".vars"), "of the parent more sqlite:////nowhere.db\n");
  EXPECT_NE(getpgid(static_cast<pid_t>(started->pid)), getpgrp());
  EXPECT_NE(getsid(static_cast<pid_t>(started->pid)), getsid(0));
  end(local, wanted, *started);
}

TEST_F(LocalTargetTest, ItsReasonIsTold) {
  auto says = target(R"(echo "{\"state\":\"failed\",\"reason\":\"no such model\"}" > "$ready"; exit 3)");
  const auto failed = says.start(spec("r3"));
  ASSERT_TRUE(failed);
  const Observed seen = until(says, spec("r3"), *failed, Observed::State::gone);
  EXPECT_EQ(seen.reason, "no such model");
  says.forget(spec("r3"));
  auto crashes = target("echo first; echo 'it crashed here' >&2; exit 1");
  const auto crashed = crashes.start(spec("r4"));
  ASSERT_TRUE(crashed);
  EXPECT_NE(until(crashes, spec("r4"), *crashed, Observed::State::gone).reason.find("it crashed here"),
            std::string::npos);
}

TEST_F(LocalTargetTest, WithoutAControlGroupMemoryIsWatched) {
  auto local = target(kReady);
  auto wanted = spec("r5");
  wanted.memory_bytes = 64L << 10;  // less than any shell holds
  wanted.cpus = 1;
  const auto started = local.start(wanted);
  ASSERT_TRUE(started);
  EXPECT_NE(started->limits.find("a watch on its resident size"), std::string::npos) << started->limits;
  EXPECT_NE(started->limits.find("niceness"), std::string::npos) << started->limits;
  const Observed seen = until(local, wanted, *started, Observed::State::gone);
  EXPECT_EQ(seen.reason.find("memory limit"), 0U) << seen.reason;
  local.forget(wanted);
}

TEST_F(LocalTargetTest, AControlGroupHoldsMemoryWhereOneMayBeWritten) {
  const auto tried = make_cgroup("probe-of-the-test", 64L << 20, 0.5);
  if (tried) remove(*tried);
  // Allocates without end.
  auto local = target(R"(a=x; while true; do a="$a$a$a$a"; done)", true);
  auto wanted = spec("r6-" + std::to_string(getpid()));
  wanted.memory_bytes = 64L << 20;
  wanted.cpus = 0.5;
  const auto started = local.start(wanted);
  ASSERT_TRUE(started);
  const bool held = tried && tried->holds_memory;
  EXPECT_NE(
      started->limits.find(held ? "memory 64 MiB held by a control group" : "a watch on its resident size"),
      std::string::npos)
      << started->limits;
  const Observed seen = until(local, wanted, *started, Observed::State::gone);
  EXPECT_EQ(seen.reason.find("memory limit"), 0U) << seen.reason;
  local.forget(wanted);
  EXPECT_FALSE(find_cgroup(wanted.id));
}

TEST_F(LocalTargetTest, TheListIsOfThisDatabaseAlone) {
  auto local = target(kReady);
  const auto started = local.start(spec("r7"));
  ASSERT_TRUE(started);
  until(local, spec("r7"), *started, Observed::State::ready);
  auto other = target(kReady);
  LocalTarget::Options elsewhere;
  elsewhere.root = folder_.path() / "elsewhere";
  LocalTarget away(elsewhere);
  EXPECT_TRUE(away.list().empty());
  // A script is shown by its interpreter: what the list looks for stands one word further.
  EXPECT_EQ(arguments_of(static_cast<pid_t>(started->pid)).back(),
            (folder_.path() / "deployments" / "r7.json").string());
  end(other, spec("r7"), *started);
}

TEST(Quantities, AreReadAsKubernetesWritesThem) {
  EXPECT_EQ(*cores_of("cpu", "500m"), 0.5);
  EXPECT_EQ(*cores_of("cpu", "2"), 2);
  EXPECT_EQ(*bytes_of("memory", "1Gi"), 1L << 30);
  EXPECT_EQ(*bytes_of("memory", "1.5Mi"), 3L << 19);
  EXPECT_EQ(*bytes_of("memory", "2G"), 2'000'000'000);
  for (const char* bad : {"", "much", "-1", "0", "1X", "1e400", "nan", "Mi"}) {
    EXPECT_EQ(bytes_of("memory", bad).error().field, "memory") << bad;
    EXPECT_EQ(cores_of("cpu", bad).error().field, "cpu") << bad;
  }
  EXPECT_EQ(limits_of("limits", {{"gpu", "1"}}).error().field, "limits.gpu");
}

}  // namespace
}  // namespace tracseq::deployment
