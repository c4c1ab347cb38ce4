// SPDX-License-Identifier: MIT
#include "storage/jobs/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>
#include <thread>

#include "storage/jobs/testing.h"

namespace tracseq::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class JobStoreTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    store_ = std::make_unique<JobStore>(database(), journal_);
    ctx_.actor.id = "tester";
  }
  Job enqueue(const std::string& kind = "work", JobSpec spec = {}) {
    spec.kind = kind;
    auto job = store_->enqueue(ctx_, spec);
    EXPECT_TRUE(job) << job.error().message << job.error().detail;
    return *job;
  }
  std::optional<ClaimedJob> claim(const std::string& kind = "work", seconds lease = seconds{30}) {
    auto claimed = store_->claim(ctx_, {"worker-1", {kind, "other"}, lease});
    EXPECT_TRUE(claimed) << claimed.error().message << claimed.error().detail;
    return *claimed;
  }
  static JobLease lease_of(const ClaimedJob& claimed) { return {claimed.job.job_id, claimed.token}; }
  // As if the worker had been silent until its lease was over.
  void expire(const std::string& job_id) {
    ASSERT_TRUE(database().write([&](sql::Transaction& tx) {
      return tx.execute({"test.expire", "UPDATE jobs SET lease_until_us = 1 WHERE job_id = ?"},
                        sql::args(job_id));
    }));
  }

  testing::RecordingJournal journal_;
  std::unique_ptr<JobStore> store_;
  CallContext ctx_;
};
TRACSEQ_ON_BOTH_DATABASES(JobStoreTest);

TEST_P(JobStoreTest, AJobGoesFromQueueToResult) {
  JobSpec spec;
  spec.payload.set("x", 1.5);
  spec.object_type = "pipeline_run";
  spec.object_id = "p1";
  const Job queued = enqueue("work", spec);
  EXPECT_EQ(queued.state, JobState::queued);
  const auto claimed = claim();
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->job.job_id, queued.job_id);
  EXPECT_EQ(claimed->job.payload, spec.payload);
  EXPECT_EQ(claimed->job.attempt, 1);
  EXPECT_EQ(claimed->job.worker, "worker-1");
  EXPECT_EQ(external_id(claimed->job), "tracseq-" + queued.job_id + "-1");
  EXPECT_FALSE(claim()) << "nobody else gets it";
  ASSERT_TRUE(store_->report(ctx_, lease_of(*claimed), 0.5, "half", {"line one", "line two"}));
  ASSERT_TRUE(store_->report(ctx_, lease_of(*claimed), {}, {}, {"line three"}));
  const Job half = *store_->get(queued.job_id);
  EXPECT_EQ(half.progress, 0.5);
  EXPECT_EQ(half.progress_message, "half");
  EXPECT_EQ(half.log_lines, 3);
  const auto done = store_->complete(ctx_, lease_of(*claimed), Json("result"));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->state, JobState::succeeded);
  EXPECT_EQ(done->progress, 1);
  EXPECT_EQ(done->result, Json("result"));
  EXPECT_TRUE(done->finished_at);
  EXPECT_TRUE(store_->complete(ctx_, lease_of(*claimed), Json("again"))) << "said twice";
  EXPECT_EQ(store_->get(queued.job_id)->result, Json("result"));
  const auto logs = store_->logs(queued.job_id, 1, 10);
  ASSERT_TRUE(logs);
  ASSERT_EQ(logs->items.size(), 2U);
  EXPECT_EQ(logs->items[0].text, "line two");
  EXPECT_EQ(logs->items[1].line, 3);
  EXPECT_EQ(journal_.verbs(), (std::vector<std::string>{"enqueue", "claim", "complete"}));
  EXPECT_EQ(journal_.appended_count(), 4);
}

TEST_P(JobStoreTest, WorkersGetOnlyWhatTheyCanRun) {
  enqueue("python.transform:clean");
  EXPECT_FALSE(claim("python.transform:other"));
  EXPECT_FALSE(*store_->claim(ctx_, {"w", {}, seconds{5}}));
  EXPECT_TRUE(claim("python.transform:clean"));
}

TEST_P(JobStoreTest, SoonerByPriorityThenByAge) {
  const Job first = enqueue();
  const Job second = enqueue();
  JobSpec urgent;
  urgent.priority = -1;
  const Job third = enqueue("work", urgent);
  EXPECT_EQ(claim()->job.job_id, third.job_id);
  EXPECT_EQ(claim()->job.job_id, first.job_id);
  EXPECT_EQ(claim()->job.job_id, second.job_id);
}

TEST_P(JobStoreTest, ADelayedJobWaits) {
  JobSpec spec;
  spec.delay = milliseconds{300};
  enqueue("work", spec);
  EXPECT_FALSE(claim());
  std::this_thread::sleep_for(milliseconds{350});
  EXPECT_TRUE(claim());
}

TEST_P(JobStoreTest, OneJobPerUniqueKey) {
  JobSpec spec;
  spec.unique_key = "pipeline_run/7";
  const Job first = enqueue("work", spec);
  EXPECT_EQ(enqueue("work", spec).job_id, first.job_id);
  EXPECT_EQ(store_->list({})->items.size(), 1U);
}

TEST_P(JobStoreTest, ALostWorkerIsFencedOff) {
  const Job job = enqueue();
  const auto first = claim();
  expire(job.job_id);
  const auto second = claim();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->job.job_id, job.job_id);
  EXPECT_EQ(second->job.attempt, 2);
  EXPECT_GT(second->token, first->token);
  EXPECT_EQ(store_->heartbeat(lease_of(*first), seconds{5}).error().code, Code::conflict);
  EXPECT_EQ(store_->report(ctx_, lease_of(*first), 0.9, {}, {}).error().code, Code::conflict);
  EXPECT_EQ(store_->complete(ctx_, lease_of(*first), Json("late")).error().code, Code::conflict);
  EXPECT_EQ(
      store_->fail(ctx_, lease_of(*first), {Code::invalid, "late", {}, {}}, JobStore::Retry::no).error().code,
      Code::conflict);
  EXPECT_EQ(store_->release(ctx_, lease_of(*first)).error().code, Code::conflict);
  EXPECT_TRUE(store_->heartbeat(lease_of(*second), seconds{5}));
  EXPECT_TRUE(store_->complete(ctx_, lease_of(*second), Json("right")));
  EXPECT_EQ(store_->get(job.job_id)->result, Json("right"));
}

TEST_P(JobStoreTest, AttemptsAreUsedUp) {
  JobSpec spec;
  spec.attempts_max = 2;
  const Job job = enqueue("work", spec);
  ASSERT_TRUE(claim());
  expire(job.job_id);
  ASSERT_TRUE(claim());
  expire(job.job_id);
  EXPECT_FALSE(claim());
  const Job ended = *store_->get(job.job_id);
  EXPECT_EQ(ended.state, JobState::failed);
  EXPECT_EQ(ended.error_code, "unavailable");
  EXPECT_NE(ended.error.find("worker-1"), std::string::npos) << ended.error;
}

TEST_P(JobStoreTest, FailuresAreRetriedAfterABackoffThatDoubles) {
  JobSpec spec;
  spec.attempts_max = 3;
  spec.backoff = seconds{100};
  const Job job = enqueue("work", spec);
  for (const std::int64_t wait_s : {100, 200}) {
    const auto claimed = claim();
    ASSERT_TRUE(claimed);
    const Timestamp before = now();
    const auto failed =
        store_->fail(ctx_, lease_of(*claimed), {Code::unavailable, "away", {}, {}}, JobStore::Retry::yes);
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->state, JobState::queued);
    EXPECT_NEAR(static_cast<double>((failed->run_after - before).count()), static_cast<double>(wait_s) * 1e6,
                5e6);
    EXPECT_FALSE(claim()) << "not before its time";
    ASSERT_TRUE(database().write([&](sql::Transaction& tx) {
      return tx.execute({"test.now", "UPDATE jobs SET run_after_us = 0 WHERE job_id = ?"},
                        sql::args(job.job_id));
    }));
  }
  const auto last = claim();
  ASSERT_TRUE(last);
  EXPECT_EQ(
      store_->fail(ctx_, lease_of(*last), {Code::unavailable, "away", {}, {}}, JobStore::Retry::yes)->state,
      JobState::failed);
}

TEST_P(JobStoreTest, APermanentFailureIsTheEnd) {
  enqueue();
  const auto claimed = claim();
  const auto failed =
      store_->fail(ctx_, lease_of(*claimed), {Code::invalid, "bad column", {}, {}}, JobStore::Retry::no);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->state, JobState::failed);
  EXPECT_EQ(failed->error, "bad column");
  EXPECT_EQ(failed->error_code, "invalid");
}

TEST_P(JobStoreTest, AQueuedJobIsCancelledAtOnceARunningOneIsAsked) {
  const Job waiting = enqueue();
  EXPECT_EQ(store_->cancel(ctx_, waiting.job_id)->state, JobState::cancelled);
  EXPECT_FALSE(claim());
  const Job running = enqueue();
  const auto claimed = claim();
  EXPECT_FALSE(store_->heartbeat(lease_of(*claimed), seconds{5})->cancel_requested);
  EXPECT_EQ(store_->cancel(ctx_, running.job_id)->state, JobState::running);
  EXPECT_TRUE(store_->heartbeat(lease_of(*claimed), seconds{5})->cancel_requested);
  EXPECT_EQ(store_->fail(ctx_, lease_of(*claimed), {Code::cancelled, "stopped", {}, {}}, JobStore::Retry::no)
                ->state,
            JobState::cancelled);
  EXPECT_EQ(store_->cancel(ctx_, running.job_id)->state, JobState::cancelled) << "again changes nothing";
  EXPECT_EQ(store_->cancel(ctx_, "unknown").error().code, Code::not_found);
}

TEST_P(JobStoreTest, ACancelledJobOfALostWorkerIsNotRunAgain) {
  const Job job = enqueue();
  ASSERT_TRUE(claim());
  ASSERT_TRUE(store_->cancel(ctx_, job.job_id));
  expire(job.job_id);
  EXPECT_EQ(*store_->reclaim_expired(ctx_), 1);
  EXPECT_EQ(store_->get(job.job_id)->state, JobState::cancelled);
}

TEST_P(JobStoreTest, ChildrenEndWithTheirParent) {
  const Job parent = enqueue("work");
  const auto claimed = claim();
  JobSpec spec;
  spec.parent_id = parent.job_id;
  const Job child = enqueue("python.transform:f", spec);
  spec.parent_id = child.job_id;
  const Job grandchild = enqueue("python.transform:g", spec);
  ASSERT_TRUE(store_->cancel(ctx_, parent.job_id));
  EXPECT_EQ(store_->get(child.job_id)->state, JobState::cancelled);
  EXPECT_EQ(store_->get(grandchild.job_id)->state, JobState::cancelled);
  EXPECT_EQ(store_->enqueue(ctx_, {"late", {}, {}, {}, parent.job_id, {}, 0, 1, {}, {}}).error().code,
            Code::conflict);
  EXPECT_EQ(store_->list({{}, {}, {}, {}, parent.job_id, {}, 10, {}})->items.size(), 1U);
}

TEST_P(JobStoreTest, AReleasedJobKeepsItsAttempts) {
  const Job job = enqueue();
  const auto claimed = claim();
  ASSERT_TRUE(store_->release(ctx_, lease_of(*claimed)));
  const auto again = claim();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->job.job_id, job.job_id);
  EXPECT_EQ(again->job.attempt, 1);
}

TEST_P(JobStoreTest, LogsKeepTheNewestLines) {
  const Job job = enqueue();
  const auto claimed = claim();
  std::vector<std::string> lines(kJobLogLinesAtOnceMax, "x");
  for (int i = 0; i < 11; ++i) ASSERT_TRUE(store_->report(ctx_, lease_of(*claimed), {}, {}, lines));
  ASSERT_TRUE(
      store_->report(ctx_, lease_of(*claimed), {}, {}, {std::string("a\0b", 3), std::string(5000, 'y')}));
  EXPECT_EQ(store_->get(job.job_id)->log_lines, 11'002);
  const auto first = store_->logs(job.job_id, 0, 1);
  EXPECT_EQ(first->items.at(0).line, 1003);
  EXPECT_EQ(first->next_page_token, "1003");
  const auto last = store_->logs(job.job_id, 11'000, 10);
  EXPECT_EQ(last->items.at(0).text, "a b");
  EXPECT_LE(last->items.at(1).text.size(), kJobLogLineBytesMax + 3);
  lines.push_back("one too many");
  EXPECT_EQ(store_->report(ctx_, lease_of(*claimed), {}, {}, lines).error().code, Code::invalid);
}

TEST_P(JobStoreTest, BadInputNamesItsField) {
  EXPECT_EQ(store_->enqueue(ctx_, JobSpec{}).error().field, "kind");
  JobSpec spec;
  spec.kind = "work";
  spec.attempts_max = 0;
  EXPECT_EQ(store_->enqueue(ctx_, spec).error().field, "attempts_max");
  enqueue();
  const auto claimed = claim();
  EXPECT_EQ(store_->report(ctx_, lease_of(*claimed), std::nan(""), {}, {}).error().field, "progress");
  EXPECT_EQ(store_->claim(ctx_, {"", {"work"}, seconds{5}}).error().field, "worker");
  EXPECT_EQ(store_->claim(ctx_, {"w", {"work"}, seconds{0}}).error().field, "lease");
  EXPECT_EQ(store_->get("nobody").error().code, Code::not_found);
}

TEST_P(JobStoreTest, ListsFilterAndPage) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    JobSpec spec;
    spec.object_type = "run";
    spec.object_id = i < 3 ? "a" : "b";
    ids.push_back(enqueue(i % 2 == 0 ? "even.x" : "odd.x", spec).job_id);
  }
  JobFilter filter;
  filter.limit = 2;
  const auto first = store_->list(filter);
  ASSERT_EQ(first->items.size(), 2U);
  EXPECT_EQ(first->items[0].job_id, ids[4]);
  filter.page_token = *first->next_page_token;
  EXPECT_EQ(store_->list(filter)->items[0].job_id, ids[2]);
  filter = {};
  filter.kind = "even";
  EXPECT_EQ(store_->list(filter)->items.size(), 3U);
  filter.object_type = "run";
  filter.object_id = "a";
  EXPECT_EQ(store_->list(filter)->items.size(), 2U);
  filter.state = JobState::running;
  EXPECT_TRUE(store_->list(filter)->items.empty());
}

// Many workers, many jobs, lost leases in between: each job is completed exactly once.
TEST_P(JobStoreTest, ConcurrentWorkersNeverShareAJob) {
  constexpr int kJobs = 60;
  for (int i = 0; i < kJobs; ++i) enqueue();
  std::atomic<int> completed{0};
  std::atomic<int> doubled{0};
  Mutex mutex;
  std::set<std::string> done;
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w)
    workers.emplace_back([&, w] {
      JobStore mine(database(), journal_);
      for (int idle = 0; idle < 20;) {
        const auto claimed = mine.claim(ctx_, {"w" + std::to_string(w), {"work"}, seconds{30}});
        if (!claimed || !*claimed) {
          ++idle;
          continue;
        }
        if (mine.complete(ctx_, {(*claimed)->job.job_id, (*claimed)->token}, Json())) ++completed;
        const Lock lock(mutex);
        if (!done.insert((*claimed)->job.job_id).second) ++doubled;
      }
    });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(completed, kJobs);
  EXPECT_EQ(doubled, 0);
}

TEST_P(JobStoreTest, WaitingEndsWithTheJobOrTheTime) {
  const Job job = enqueue();
  EXPECT_EQ(store_->wait(ctx_, job.job_id, milliseconds{80})->state, JobState::queued);
  const auto claimed = claim();
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds{50});
    ASSERT_TRUE(store_->complete(ctx_, lease_of(*claimed), Json()));
  });
  EXPECT_EQ(store_->wait(ctx_, job.job_id, seconds{10})->state, JobState::succeeded);
  other.join();
}

TEST_P(JobStoreTest, WhatEndedLongAgoIsPurgedWithItsLog) {
  JobSpec of_object;
  of_object.object_type = "pipeline_run";
  of_object.object_id = "p1";
  const Job done = enqueue("work", of_object);
  const auto claimed = claim();
  ASSERT_TRUE(claimed);
  for (int batch = 0; batch < 3; ++batch)
    ASSERT_TRUE(store_->report(ctx_, lease_of(*claimed), {}, {}, std::vector<std::string>(400, "line")));
  ASSERT_TRUE(store_->complete(ctx_, lease_of(*claimed), Json(1)));
  const Job failed = enqueue("work", of_object);
  const auto second = claim();
  ASSERT_TRUE(store_->report(ctx_, lease_of(*second), {}, {}, {"why"}));
  ASSERT_TRUE(
      store_->fail(ctx_, lease_of(*second), {Code::invalid, "bad rows", {}, {}}, JobStore::Retry::no));
  const Job cancelled = enqueue("work");
  ASSERT_TRUE(store_->cancel(ctx_, cancelled.job_id));
  const Job waiting = enqueue("work");

  EXPECT_EQ(store_->purge(ctx_, now() - std::chrono::hours(1), 10).value_or(-1), 0);
  const Timestamp later = now() + std::chrono::hours(1);
  EXPECT_EQ(store_->purge(ctx_, later, 2).value_or(-1), 2);
  EXPECT_EQ(store_->purge(ctx_, later, 10).value_or(-1), 1);
  EXPECT_EQ(store_->purge(ctx_, later, 10).value_or(-1), 0);
  EXPECT_EQ(store_->get(done.job_id).error().code, Code::not_found);
  EXPECT_EQ(store_->get(cancelled.job_id).error().code, Code::not_found);
  EXPECT_EQ(store_->get(failed.job_id)->error, "bad rows") << "it says how the object's work ended";
  EXPECT_TRUE(store_->get(waiting.job_id));
  const auto lines = database().read([](sql::Session& session) {
    return session.query_one({"test.lines", "SELECT count(*) FROM job_logs"}, {},
                             [](const sql::Row& row) { return row.integer(0); });
  });
  EXPECT_EQ(lines->value_or(-1), 0);
  const auto verbs = journal_.verbs();
  EXPECT_EQ(std::count(verbs.begin(), verbs.end(), "purge"), 2);
  EXPECT_EQ(std::count(verbs.begin(), verbs.end(), "purge_log"), 1);
}

TEST_P(JobStoreTest, HostsAreKnownWhileTheyAreSeen) {
  const auto announce = [&](const JobHost& one) {
    return database().write([&](sql::Transaction& tx) { return JobStore::register_host(tx, one); });
  };
  JobHost host{"h1", "python@lab", 42, {"python.transform:clean"}, {}, {}};
  ASSERT_TRUE(announce(host));
  EXPECT_TRUE(*store_->hosted("python.transform:clean"));
  EXPECT_FALSE(*store_->hosted("python.transform:other"));
  ASSERT_TRUE(store_->host_seen("h1"));
  EXPECT_EQ(store_->host_seen("h2").error().code, Code::not_found);
  ASSERT_TRUE(database().write([&](sql::Transaction& tx) {
    return tx.execute({"test.silent", "UPDATE job_hosts SET seen_us = seen_us - 61000000"}, {});
  }));
  EXPECT_FALSE(*store_->hosted("python.transform:clean"));
  ASSERT_TRUE(announce(host));
  EXPECT_EQ(store_->hosts()->at(0).kinds, host.kinds);
  ASSERT_TRUE(database().write([&](sql::Transaction& tx) { return JobStore::remove_host(tx, "h1"); }));
  EXPECT_TRUE(store_->hosts()->empty());
}

}  // namespace
}  // namespace tracseq::jobs
