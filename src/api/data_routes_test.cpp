// SPDX-License-Identifier: MIT
#include "api/data_routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <tuple>

#include "api/client.h"
#include "api/job_journal.h"
#include "api/job_routes.h"
#include "api/router.h"
#include "domain/data/quality_job.h"
#include "domain/features/pipeline_job.h"
#include "storage/jobs/runner.h"
#include "storage/sql/testing.h"

namespace tracseq::api {
namespace {

// The routes over services of their own: what is queued is known, and no worker takes it.
class DataRoutesTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ctx_.actor.id = "tester";
    ctx_.actor.permissions = {"*"};
    ctx_.actor.client_address = "127.0.0.1";
    std::ofstream(folder_.path() / "data.csv") << "x\n1\n";
    services_.emplace(database(), (folder_.path() / "artifacts").string());
    auto& all = *services_;
    router_.add(data_routes(
        {database(), all.catalog, all.schemas, all.reports, all.configs, all.runs, folder_.path().string()}));
    EXPECT_EQ(
        send(Method::post, "/schemas", R"({"schema_id": "s", "columns": {"x": {"type": "float"}}})").status,
        201);
    EXPECT_EQ(
        send(Method::post, "/feature-configs", R"({"config_id": "c", "numeric_features": ["x"]})").status,
        201);
  }
  Response send(Method method, const std::string& path, const std::string& body = {}) {
    auto request = make_request(method, "/api/v1" + path, body);
    EXPECT_TRUE(request) << request.error().message;
    return router_.dispatch(ctx_, *request);
  }
  static Json document(const Response& response) { return parse_json(response.body).value_or(Json()); }
  // Starts a run; what its worker is told.
  Json start(const std::string& input) {
    const Response answer =
        send(Method::post, "/pipeline-runs",
             R"({"pipeline_id": "p", "schema_id": "s", "feature_config_id": "c", )" + input + "}");
    EXPECT_EQ(answer.status, 201) << answer.body;
    const Json run = document(answer);
    run_id_ = run.find("run_id")->string_or("");
    return services_->jobs.get(run.find("job_id")->string_or(""))->payload;
  }

  // The id of an upload with this content under this name.
  std::string uploaded(const std::string& name, const std::string& content) {
    TextSource source(content);
    const auto stored = services_->catalog.store(ctx_, source, {});
    EXPECT_TRUE(stored) << (stored ? "" : stored.error().message);
    artifacts::NewArtifact made;
    made.owner_type = artifacts::OwnerType::upload;
    made.owner_id = "u";
    made.path = name;
    const auto upload = database().write(
        [&](sql::Transaction& tx) { return services_->catalog.commit(tx, ctx_, made, *stored); });
    EXPECT_TRUE(upload) << (upload ? "" : upload.error().message);
    return upload->artifact_id;
  }

  // On the database, which is there once the test is set up.
  struct Services {
    Services(sql::Database& database, const std::string& root)
        : ledger(database),
          jobs(database, journal),
          catalog(database, root),
          schemas(database, ledger),
          configs(database, ledger),
          reports(database, ledger, jobs, schemas),
          runs(database, ledger, jobs, schemas, configs) {}
    LedgerJobJournal journal;
    audit::Ledger ledger;
    jobs::JobStore jobs;
    artifacts::ArtifactCatalog catalog;
    data::Schemas schemas;
    features::FeatureConfigs configs;
    data::Reports reports;
    features::PipelineRuns runs;
  };

  sql::testing::TemporaryFolder folder_;
  CallContext ctx_;
  std::optional<Services> services_;
  Router router_;
  std::string run_id_;
};
TRACSEQ_ON_BOTH_DATABASES(DataRoutesTest);

TEST_P(DataRoutesTest, TheWorkerIsToldTheDigestOfAnUpload) {
  TextSource content("x\n1\n2\n");
  const auto stored = services_->catalog.store(ctx_, content, {});
  ASSERT_TRUE(stored) << stored.error().message;
  artifacts::NewArtifact made;
  made.owner_type = artifacts::OwnerType::upload;
  made.owner_id = "u";
  made.path = "data.csv";
  const auto upload = database().write(
      [&](sql::Transaction& tx) { return services_->catalog.commit(tx, ctx_, made, *stored); });
  ASSERT_TRUE(upload) << upload.error().message;
  const std::string input = R"("upload_id": ")" + upload->artifact_id + "\"";
  const Json told = start(input);
  EXPECT_EQ(told.find("expected_digest")->string_or(""), upload->digest);
  EXPECT_EQ(told.find("data_root")->string_or("?"), "");
  const Json report =
      document(send(Method::post, "/quality-reports", R"({"schema_id": "s", )" + input + "}"));
  const auto job = services_->jobs.get(report.find("job_id")->string_or(""));
  ASSERT_TRUE(job);
  EXPECT_EQ(job->payload.find("expected_digest")->string_or(""), upload->digest);
}

// What is wrong with a file is told by the name its owner gave it; where it lies is for the log.
TEST_P(DataRoutesTest, NoAnswerShowsWhereFilesLie) {
  sql::testing::find_modules();
  auto& all = *services_;
  router_.add(job_routes(all.ledger, all.jobs));
  const std::string work = (folder_.path() / "work").string();
  data::QualityJob quality(all.schemas, all.reports, work, {});
  features::PipelineJob pipeline({all.schemas, all.reports, all.configs, all.runs, all.jobs, all.catalog},
                                 work, {});
  jobs::JobRunner::Options options;
  options.worker = "test";
  options.poll = std::chrono::milliseconds(5);
  jobs::JobRunner runner(all.jobs, options);
  runner.add(data::kQualityJob, quality);
  runner.add(features::kPipelineJob, pipeline);
  runner.start();
  const std::string root = folder_.path().string();
  const auto answers = [&](const std::string& path, const std::string& body, const char* id) {
    const Json made = document(send(Method::post, path, body));
    const std::string job = made.find("job_id")->string_or("");
    EXPECT_TRUE(all.jobs.wait(ctx_, job, std::chrono::seconds(30)));
    const std::string own = path + "/" + made.find(id)->string_or("");
    std::string text;
    for (const std::string& place :
         {own, path, "/jobs/" + job, "/jobs/" + job + "/logs", std::string("/jobs")})
      text += send(Method::get, place).body + "\n";
    return text;
  };
  for (const auto& [name, content, told] :
       {std::tuple("plate.parquet", std::string("PAR1 0123456789 PAR1"), "'plate.parquet' cannot be read"),
        std::tuple("plate.csv.gz", std::string("\x1F\x8B\x08 packed"), "'plate.csv.gz' is compressed")}) {
    const std::string input = R"("upload_id": ")" + uploaded(name, content) + "\"}";
    const std::string report = answers("/quality-reports", R"({"schema_id": "s", )" + input, "report_id");
    const std::string run =
        answers("/pipeline-runs",
                R"({"pipeline_id": "p", "schema_id": "s", "feature_config_id": "c", )" + input, "run_id");
    for (const std::string& text : {report, run}) {
      EXPECT_NE(text.find(told), std::string::npos) << text;
      EXPECT_EQ(text.find(root), std::string::npos) << text;
      EXPECT_EQ(text.find("/blobs/"), std::string::npos) << text;
    }
  }
  runner.stop(std::chrono::milliseconds(0));
}

TEST_P(DataRoutesTest, TheWorkerOpensAFileBelowTheDataRootItself) {
  const Json told = start(R"("path": "data.csv")");
  EXPECT_EQ(told.find("path")->string_or(""), "data.csv");
  EXPECT_EQ(told.find("data_root")->string_or(""), folder_.path().string());
  EXPECT_EQ(send(Method::post, "/quality-reports", R"({"schema_id": "s", "path": "../data.csv"})").status,
            403);
  EXPECT_EQ(send(Method::post, "/quality-reports", R"({"schema_id": "s", "path": "none.csv"})").status, 404);
}

TEST_P(DataRoutesTest, ARunEndsInItsRowWithItsJob) {
  start(R"("path": "data.csv")");
  EXPECT_EQ(send(Method::post, "/pipeline-runs/" + run_id_ + "/cancel", "{}").status, 200);
  const auto row = database().read(
      [&](sql::Session& session) { return features::PipelineRuns::find(session, ctx_, run_id_); });
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->status, features::PipelineStatus::failed);
  EXPECT_EQ((*row)->error_message, "the run was cancelled");
  EXPECT_TRUE((*row)->completed_at);
  audit::EntryFilter filter;
  filter.object_id = run_id_;
  const auto entries = services_->ledger.list(ctx_, filter);
  ASSERT_TRUE(entries);
  EXPECT_TRUE(std::any_of(entries->items.begin(), entries->items.end(),
                          [](const auto& entry) { return entry.action == "pipeline_run.failed"; }));
}

}  // namespace
}  // namespace tracseq::api
