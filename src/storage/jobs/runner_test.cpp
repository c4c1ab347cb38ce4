// SPDX-License-Identifier: MIT
#include "storage/jobs/runner.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "storage/jobs/testing.h"

namespace tracseq::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Handler final : public JobHandler {
 public:
  using Function = std::function<Result<Json>(const CallContext&, const Job&, JobReporter&)>;
  explicit Handler(Function function) : function_(std::move(function)) {}
  Result<Json> run(const CallContext& ctx, const Job& job, JobReporter& reporter) override {
    return function_(ctx, job, reporter);
  }

 private:
  Function function_;
};

class JobRunnerTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    store_ = std::make_unique<JobStore>(database(), journal_);
  }
  JobRunner::Options options(seconds lease = seconds{30}) {
    JobRunner::Options made;
    made.worker = "test-worker";
    made.lease = lease;
    made.poll = milliseconds{20};
    made.report_every = milliseconds{20};
    return made;
  }
  Job enqueue(const std::string& kind, int attempts_max = 3) {
    JobSpec spec;
    spec.kind = kind;
    spec.attempts_max = attempts_max;
    spec.backoff = milliseconds{10};
    return *store_->enqueue(ctx_, spec);
  }
  Job wait(const Job& job, milliseconds timeout = seconds{20}) {
    return *store_->wait(ctx_, job.job_id, timeout);
  }

  testing::RecordingJournal journal_;
  std::unique_ptr<JobStore> store_;
  CallContext ctx_;
};
TRACSEQ_ON_BOTH_DATABASES(JobRunnerTest);

TEST_P(JobRunnerTest, RunsJobsWithProgressAndLogs) {
  Handler handler([](const CallContext& ctx, const Job& job, JobReporter& reporter) -> Result<Json> {
    EXPECT_EQ(ctx.request_id, job.job_id);
    reporter.progress(0.25, "quarter");
    for (int i = 0; i < 1500; ++i) reporter.log("line " + std::to_string(i));
    return Json("done");
  });
  JobRunner runner(*store_, options());
  runner.add("work", handler);
  runner.start();
  const Job job = wait(enqueue("work"));
  EXPECT_EQ(job.state, JobState::succeeded) << job.error;
  EXPECT_EQ(job.result, Json("done"));
  EXPECT_EQ(job.progress_message, "quarter");
  const auto logs = store_->logs(job.job_id, 0, 1000);
  ASSERT_TRUE(logs);
  EXPECT_GE(logs->items.size(), kReportLinesMax);
  EXPECT_EQ(logs->items[0].text, "line 0");
  runner.stop(seconds{1});
  EXPECT_EQ(runner.busy(), 0);
}

TEST_P(JobRunnerTest, RetriesWhatMayGoAwayAndNothingElse) {
  std::atomic<int> calls{0};
  Handler flaky([&](const CallContext&, const Job&, JobReporter&) -> Result<Json> {
    if (++calls < 3) return fail(Code::unavailable, "away");
    return Json(calls.load());
  });
  std::atomic<int> bad_calls{0};
  Handler bad([&](const CallContext&, const Job&, JobReporter&) -> Result<Json> {
    ++bad_calls;
    return fail(Code::invalid, "never");
  });
  Handler broken(
      [](const CallContext&, const Job&, JobReporter&) -> Result<Json> { throw std::runtime_error("bug"); });
  JobRunner runner(*store_, options());
  runner.add("flaky", flaky);
  runner.add("bad", bad);
  runner.add("broken", broken);
  runner.start();
  const Job first = enqueue("flaky");
  const Job second = enqueue("bad");
  const Job third = enqueue("broken", 1);
  EXPECT_EQ(wait(first).result, Json(3));
  EXPECT_EQ(wait(second).state, JobState::failed);
  EXPECT_EQ(bad_calls, 1);
  const Job thrown = wait(third);
  EXPECT_EQ(thrown.state, JobState::failed);
  EXPECT_EQ(thrown.error.find("bug"), std::string::npos) << "an exception's text is for the log";
}

TEST_P(JobRunnerTest, ACancelledJobStops) {
  Handler handler([](const CallContext& ctx, const Job&, JobReporter&) -> Result<Json> {
    while (true) {
      TRACSEQ_CHECK(ctx.check());
      std::this_thread::sleep_for(milliseconds{5});
    }
  });
  JobRunner runner(*store_, options(seconds{60}));
  runner.add("endless", handler);
  runner.start();
  const Job job = enqueue("endless");
  while (store_->get(job.job_id)->state == JobState::queued) std::this_thread::sleep_for(milliseconds{10});
  const auto asked = Steady::now();
  ASSERT_TRUE(store_->cancel(ctx_, job.job_id));
  EXPECT_EQ(wait(job).state, JobState::cancelled);
  EXPECT_LT(Steady::now() - asked, seconds{10}) << "long before the lease's next extension";
}

TEST_P(JobRunnerTest, HeartbeatsKeepALongJob) {
  Handler handler([](const CallContext& ctx, const Job&, JobReporter&) -> Result<Json> {
    for (int i = 0; i < 250; ++i) {
      TRACSEQ_CHECK(ctx.check());
      std::this_thread::sleep_for(milliseconds{10});
    }
    return Json();
  });
  JobRunner runner(*store_, options(seconds{1}));
  runner.add("long", handler);
  runner.start();
  const Job job = wait(enqueue("long", 1));
  EXPECT_EQ(job.state, JobState::succeeded) << job.error;
  EXPECT_EQ(job.attempt, 1);
}

TEST_P(JobRunnerTest, StoppingGivesUnfinishedJobsBack) {
  Handler handler([](const CallContext& ctx, const Job&, JobReporter&) -> Result<Json> {
    while (true) {
      TRACSEQ_CHECK(ctx.check());
      std::this_thread::sleep_for(milliseconds{5});
    }
  });
  const Job job = enqueue("endless", 1);
  {
    JobRunner runner(*store_, options());
    runner.add("endless", handler);
    runner.start();
    while (runner.busy() == 0) std::this_thread::sleep_for(milliseconds{5});
    runner.stop(milliseconds{20});
  }
  const Job back = *store_->get(job.job_id);
  EXPECT_EQ(back.state, JobState::queued);
  EXPECT_EQ(back.attempt, 0);
}

// As if the database were away while it says so.
class FlakyJournal final : public JobJournal {
 public:
  std::atomic<bool> away{false};
  std::atomic<int> refused{0};
  Result<void> changed(sql::Transaction&, const CallContext&, std::string_view, const Job*,
                       const Job&) override {
    return answer();
  }
  Result<void> purged(sql::Transaction&, const CallContext&, const Job&, bool) override { return answer(); }
  Result<void> appended(sql::Transaction&, const CallContext&, const std::string&, std::int64_t,
                        const Digest&) override {
    return answer();
  }
  Result<std::optional<std::string>> replay(sql::Transaction&, const CallContext&) override {
    return std::optional<std::string>{};
  }
  Result<void> remember(sql::Transaction&, const CallContext&, const TypeInfo&, const void*) override {
    return {};
  }
  Result<bool> used(sql::Session&, const CallContext&) override { return false; }

 private:
  Result<void> answer() {
    if (!away) return {};
    ++refused;
    return fail(Code::unavailable, "away");
  }
};

TEST_P(JobRunnerTest, ADatabaseAwayForAMomentCostsNeitherLinesNorTheResult) {
  FlakyJournal journal;
  JobStore store(database(), journal);
  std::atomic<int> calls{0};
  Handler handler([&](const CallContext&, const Job&, JobReporter& reporter) -> Result<Json> {
    ++calls;
    journal.away = true;
    for (int i = 0; i < 3; ++i) {
      reporter.log("line " + std::to_string(i));
      std::this_thread::sleep_for(milliseconds{60});  // some are refused before the end
    }
    return Json("precious");
  });
  JobRunner runner(store, options());
  runner.add("work", handler);
  JobSpec spec;
  spec.kind = "work";
  const Job job = *store.enqueue(ctx_, spec);
  runner.start();
  while (journal.refused < 3) std::this_thread::sleep_for(milliseconds{10});
  EXPECT_EQ(runner.busy(), 1);
  std::this_thread::sleep_for(milliseconds{400});
  journal.away = false;
  const Job done = *store.wait(ctx_, job.job_id, seconds{10});
  EXPECT_EQ(done.state, JobState::succeeded);
  EXPECT_EQ(done.result, Json("precious"));
  EXPECT_EQ(calls, 1);
  const auto lines = store.logs(job.job_id, 0, 10);
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->items.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(lines->items[i].text, "line " + std::to_string(i));
}

TEST_P(JobRunnerTest, AJobThatWasLostIsNotCompletedTwice) {
  std::atomic<bool> saw_cancel{false};
  Handler handler([&](const CallContext& ctx, const Job&, JobReporter&) -> Result<Json> {
    for (int i = 0; i < 1000 && ctx.check(); ++i) std::this_thread::sleep_for(milliseconds{10});
    saw_cancel = !ctx.check();
    return Json("from the lost worker");
  });
  JobRunner runner(*store_, options(seconds{1}));
  runner.add("work", handler);
  runner.start();
  const Job job = enqueue("work");
  while (store_->get(job.job_id)->state == JobState::queued) std::this_thread::sleep_for(milliseconds{5});
  // Another worker has got the job in the meantime.
  ASSERT_TRUE(database().write([&](sql::Transaction& tx) {
    return tx.execute({"test.steal", "UPDATE jobs SET token = token + 1, worker = 'thief' WHERE job_id = ?"},
                      sql::args(job.job_id));
  }));
  while (runner.busy() > 0) std::this_thread::sleep_for(milliseconds{10});
  EXPECT_TRUE(saw_cancel);
  EXPECT_EQ(store_->get(job.job_id)->state, JobState::running);
  EXPECT_EQ(store_->get(job.job_id)->worker, "thief");
}

}  // namespace
}  // namespace tracseq::jobs
