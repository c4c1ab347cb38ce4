// SPDX-License-Identifier: MIT
#include "api/job_routes.h"

#include <gtest/gtest.h>

#include "api/client.h"
#include "api/job_journal.h"
#include "api/router.h"
#include "storage/sql/testing.h"

namespace tracseq::api {
namespace {

// The routes over a store of their own: what is queued is known, and no worker takes it.
class JobRoutesTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    ledger_ = std::make_unique<audit::Ledger>(database());
    store_ = std::make_unique<jobs::JobStore>(database(), journal_);
    router_.add(job_routes(*ledger_, *store_));
    ctx_.actor.id = "tester";
    ctx_.actor.permissions = {"*"};
    jobs::JobSpec spec;
    spec.kind = "work";
    spec.object_type = "pipeline_run";
    spec.object_id = "p1";
    job_ = store_->enqueue(ctx_, spec)->job_id;
  }
  Response send(Method method, const std::string& path, const std::string& body = {}) {
    auto request = make_request(method, "/api/v1" + path, body);
    EXPECT_TRUE(request) << request.error().message;
    return router_.dispatch(ctx_, *request);
  }
  static Json document(const Response& response) { return parse_json(response.body).value_or(Json()); }
  static std::string text(const Response& response, std::string_view field) {
    const Json parsed = document(response);
    const Json* found = parsed.find(field);
    return found != nullptr ? found->string_or("") : "";
  }
  // Claims the job; the start of a body that speaks for the claim.
  std::string claimed() {
    const Response answer = send(Method::post, "/jobs/claim", R"({"worker": "w", "kinds": ["work"]})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    const Json parsed = document(answer);
    const Json* claim = parsed.find("claimed");
    EXPECT_NE(claim, nullptr);
    return claim == nullptr ? "{" : R"({"token": )" + dump_json(*claim->find("token"));
  }
  std::vector<std::string> audited() {
    audit::EntryFilter filter;
    filter.object_id = job_;
    std::vector<std::string> actions;
    const auto page = ledger_->list(ctx_, filter);
    EXPECT_TRUE(page);
    for (const auto& entry : page->items) actions.push_back(entry.action);
    return actions;
  }

  LedgerJobJournal journal_;
  std::unique_ptr<audit::Ledger> ledger_;
  std::unique_ptr<jobs::JobStore> store_;
  Router router_;
  CallContext ctx_;
  std::string job_;
};
TRACSEQ_ON_BOTH_DATABASES(JobRoutesTest);

TEST_P(JobRoutesTest, AWorkerElsewhereDoesAJob) {
  const std::string claim = claimed();
  const std::string at = "/jobs/" + job_;
  EXPECT_EQ(send(Method::post, "/jobs/claim", R"({"worker": "w", "kinds": ["work"]})").body, "{}")
      << "nothing left";
  const Response beat = send(Method::post, at + "/heartbeat", claim + "}");
  EXPECT_EQ(beat.status, 200) << beat.body;
  EXPECT_EQ(*document(beat).find("cancel_requested"), Json(false));
  EXPECT_EQ(send(Method::post, at + "/progress", claim + R"(, "progress": 0.5, "message": "half"})").status,
            200);
  EXPECT_EQ(send(Method::post, at + "/logs", claim + R"(, "lines": ["one", "two"]})").status, 200);
  EXPECT_EQ(text(send(Method::get, at), "progress_message"), "half");
  const Response lines = send(Method::get, at + "/logs?limit=1");
  EXPECT_EQ(text(lines, "next_page_token"), "1");
  EXPECT_EQ(document(send(Method::get, at + "/logs?page_token=1")).find("items")->as_array()->size(), 1U);
  EXPECT_EQ(text(send(Method::post, at + "/complete", claim + R"(, "result": {"rows": 3}})"), "state"),
            "succeeded");
  EXPECT_EQ(audited(), (std::vector<std::string>{"job.complete", "job_reports.append", "job_reports.append",
                                                 "job.claim", "job.enqueue"}));
}

// A client that got no answer asks again with the same key.
TEST_P(JobRoutesTest, RepeatedCallsAreDoneOnce) {
  jobs::JobSpec work;
  work.kind = "work";
  ASSERT_TRUE(store_->enqueue(ctx_, work));
  const auto twice = [&](const std::string& path, const std::string& body) {
    ctx_.idempotency_key = path + body;
    const Response first = send(Method::post, path, body);
    const Response second = send(Method::post, path, body);
    ctx_.idempotency_key.clear();
    EXPECT_EQ(first.status, 200) << path << first.body;
    EXPECT_EQ(second.status, 200) << path << second.body;
    EXPECT_EQ(first.body, second.body) << path;
    return document(first);
  };
  const std::string claim = R"({"worker": "w", "kinds": ["work"]})";
  const Json claimed = *twice("/jobs/claim", claim).find("claimed");
  EXPECT_EQ(claimed.find("job")->find("job_id")->string_or(""), job_);
  const std::string at = "/jobs/" + job_;
  const std::string speaker = R"({"token": )" + dump_json(*claimed.find("token"));
  twice(at + "/logs", speaker + R"(, "lines": ["one", "two"]})");
  EXPECT_EQ(document(send(Method::get, at + "/logs")).find("items")->as_array()->size(), 2U);
  twice(at + "/progress", speaker + R"(, "progress": 0.5})");
  twice(at + "/release", speaker + "}");
  twice(at + "/cancel", "{}");
  EXPECT_EQ(audited(), (std::vector<std::string>{"job.cancel", "job.release", "job_reports.append",
                                                 "job_reports.append", "job.claim", "job.enqueue"}));
  // The other job is still there to be had, and an idle worker leaves no trace.
  EXPECT_EQ(send(Method::post, "/jobs/claim", claim).status, 200);
  ctx_.idempotency_key = "idle";
  EXPECT_EQ(send(Method::post, "/jobs/claim", claim).body, "{}");
  ASSERT_TRUE(store_->enqueue(CallContext{}, work));
  EXPECT_NE(send(Method::post, "/jobs/claim", claim).body, "{}");
  ctx_.idempotency_key = at + "/logs" + speaker + R"(, "lines": ["one", "two"]})";
  EXPECT_EQ(send(Method::post, at + "/logs", speaker + R"(, "lines": ["other"]})").status, 422);
}

TEST_P(JobRoutesTest, ALateWordIsAConflict) {
  const std::string at = "/jobs/" + job_;
  claimed();
  for (const char* word : {"/heartbeat", "/progress", "/complete", "/release"})
    EXPECT_EQ(send(Method::post, at + word, R"({"token": 99})").status, 409) << word;
  EXPECT_EQ(send(Method::post, at + "/fail", R"({"token": 99, "message": "x"})").status, 409);
  EXPECT_EQ(send(Method::post, at + "/logs", R"({"token": 99, "lines": ["x"]})").status, 409);
}

TEST_P(JobRoutesTest, FailureReleaseAndCancellation) {
  const std::string at = "/jobs/" + job_;
  EXPECT_EQ(text(send(Method::post, at + "/release", claimed() + "}"), "state"), "queued");
  const std::string claim = claimed();
  const Response retried = send(Method::post, at + "/fail",
                                claim + R"(, "code": "unavailable", "message": "away", "retry": true})");
  EXPECT_EQ(text(retried, "state"), "queued") << retried.body;
  EXPECT_EQ(text(retried, "error_code"), "unavailable");
  EXPECT_EQ(text(send(Method::post, at + "/cancel", "{}"), "state"), "cancelled");
  EXPECT_EQ(send(Method::post, "/jobs/unknown/cancel", "{}").status, 404);
}

TEST_P(JobRoutesTest, OthersSeeTheNamesOfFilesAndNotWhereTheyLie) {
  jobs::JobSpec spec;
  spec.kind = "work";
  spec.payload = *parse_json(
      R"({"path": "/srv/in/a.csv", "data_root": "srv/in/", "output_folder": "", "pattern": "/x/y",)"
      R"( "transformation": {"path": "/x/y"}})");
  const std::string id = store_->enqueue(ctx_, spec)->job_id;
  ctx_.actor.id = "token:t";
  const Json shown = *document(send(Method::get, "/jobs/" + id)).find("payload");
  EXPECT_EQ(dump_json(shown), R"({"path":"a.csv","data_root":"in","output_folder":"","pattern":"/x/y",)"
                              R"("transformation":{"path":"/x/y"}})");
  EXPECT_NE(send(Method::get, "/jobs?kind=work").body.find(R"("data_root":"in")"), std::string::npos);
}

TEST_P(JobRoutesTest, ListsAreFilteredAndBelongToAProject) {
  const auto count = [&](const std::string& query) {
    const Response page = send(Method::get, "/jobs?" + query);
    EXPECT_EQ(page.status, 200) << page.body;
    return document(page).find("items")->as_array()->size();
  };
  EXPECT_EQ(count("state=queued&kind=wo"), 1U);
  EXPECT_EQ(count("state=running"), 0U);
  EXPECT_EQ(count("object_type=pipeline_run&object_id=p1"), 1U);
  EXPECT_EQ(send(Method::get, "/jobs?object_id=p1").status, 400);
  EXPECT_EQ(send(Method::get, "/jobs?state=done").status, 400);
  EXPECT_EQ(send(Method::post, "/jobs/claim", R"({"worker": "w", "kinds": [], "lease_seconds": 0})").status,
            400);
  ctx_.project_id = "another";
  EXPECT_EQ(send(Method::get, "/jobs/" + job_).status, 404);
  EXPECT_EQ(send(Method::get, "/jobs/" + job_ + "/logs").status, 404);
  EXPECT_EQ(count("state=queued"), 0U);
}

}  // namespace
}  // namespace tracseq::api
