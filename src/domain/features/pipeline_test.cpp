// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "domain/features/pipeline_job.h"
#include "domain/features/transformation.h"
#include "storage/jobs/runner.h"
#include "storage/jobs/testing.h"
#include "storage/sql/testing.h"
#include "storage/tables/exchange.h"

// Pipeline runs from the call to the files, with a worker in this process, on both databases.
namespace tracseq::features {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kColumns = R"({"sample_id": {"type": "string", "nullable": false},
  "concentration": {"type": "float"}, "volume": {"type": "integer"}, "note": {"type": "string"},
  "approved": {"type": "boolean", "nullable": false}})";

std::string laboratory(int rows) {
  std::string text = "sample_id,sample_type,concentration,volume,note,approved\n";
  for (int i = 0; i < rows; ++i)
    text += fmt::format("S{},{},{},{},free text {},{}\n", i,
                        i % 3 == 0   ? "blood"
                        : i % 3 == 1 ? "urine"
                                     : "",
                        i % 7 == 0 ? "" : std::to_string(i % 50),
                        i % 11 == 0 ? "" : std::to_string(100 + i % 20), i, i % 2 == 0 ? "True" : "False");
  return text;
}

// Plays the Python process: doubles the concentration and adds a column.
class DoublingHost final : public jobs::JobHandler {
 public:
  Result<Json> run(const CallContext&, const jobs::Job& job, jobs::JobReporter&) override {
    if (job.payload.find("transformation")->find("fail") != nullptr)
      return fail(Code::invalid, "no such dilution");
    TRACSEQ_TRY(const auto source,
                tables::ExchangeSource::open_file(job.payload.find("input")->string_or("")));
    TRACSEQ_TRY(const auto reader, static_cast<tables::BatchSource&>(*source).open({}));
    std::vector<tables::ColumnBatch> batches;
    while (true) {
      TRACSEQ_TRY(const tables::ColumnBatch* batch, reader->next());
      if (batch == nullptr) break;
      tables::ColumnBatch& changed = batches.emplace_back(*batch);
      for (auto& column : changed.columns) {
        if (column.name != "concentration") continue;
        tables::Column added = column;
        added.name = "squared";
        for (double& value : column.doubles) value *= 2;
        for (double& value : added.doubles) value *= value;
        changed.columns.push_back(std::move(added));
        break;
      }
    }
    tables::MemorySource result(batches);
    TRACSEQ_TRY(const auto rows, result.open({}));
    TRACSEQ_CHECK(tables::write_exchange(job.payload.find("output")->string_or(""), result.columns(), *rows));
    return Json::object();
  }
};

// Ends runs with their jobs, as the journal of the program does.
class EndingJournal final : public jobs::JobJournal {
 public:
  Result<void> changed(sql::Transaction& tx, const CallContext& ctx, std::string_view verb,
                       const jobs::Job* before, const jobs::Job& after) override {
    TRACSEQ_CHECK(rest_.changed(tx, ctx, verb, before, after));
    return PipelineRuns::end_with_job(tx, ctx, after);
  }
  Result<void> purged(sql::Transaction& tx, const CallContext& ctx, const jobs::Job& job,
                      bool with_job) override {
    return rest_.purged(tx, ctx, job, with_job);
  }
  Result<void> appended(sql::Transaction& tx, const CallContext& ctx, const std::string& job_id,
                        std::int64_t count, const Digest& digest) override {
    return rest_.appended(tx, ctx, job_id, count, digest);
  }
  Result<std::optional<std::string>> replay(sql::Transaction& tx, const CallContext& ctx) override {
    return rest_.replay(tx, ctx);
  }
  Result<void> remember(sql::Transaction& tx, const CallContext& ctx, const TypeInfo& type,
                        const void* answer) override {
    return rest_.remember(tx, ctx, type, answer);
  }
  Result<bool> used(sql::Session& session, const CallContext& ctx) override {
    return rest_.used(session, ctx);
  }

 private:
  jobs::testing::RecordingJournal rest_;
};

class PipelineTest : public sql::testing::DatabaseTest {
 protected:
  void SetUp() override {
    sql::testing::DatabaseTest::SetUp();
    if (IsSkipped()) return;
    sql::testing::find_modules();
    ctx_.actor.permissions = {"*"};
    catalog_.emplace(database(), (folder_.path() / "artifacts").string());
    ledger_.emplace(database());
    jobs_.emplace(database(), journal_);
    schemas_.emplace(database(), *ledger_);
    configs_.emplace(database(), *ledger_);
    reports_.emplace(database(), *ledger_, *jobs_, *schemas_);
    runs_.emplace(database(), *ledger_, *jobs_, *schemas_, *configs_);
    job_.emplace(PipelineJob::Services{*schemas_, *reports_, *configs_, *runs_, *jobs_, *catalog_},
                 (folder_.path() / "work").string(), limits());
    data::Schema schema;
    schema.schema_id = "lab";
    schema.name = "Laboratory";
    schema.columns = *parse_json(kColumns);
    ASSERT_TRUE(schemas_->create(ctx_, schema));
    jobs::JobRunner::Options options;
    options.worker = "test";
    options.threads = 2;
    options.poll = 5ms;
    options.report_every = 5ms;
    options.look_every = 5ms;  // a run of these files is soon over: what it is told must reach it before
    runner_.emplace(*jobs_, options);
    runner_->add(kPipelineJob, *job_);
    runner_->add("python.transform:dilute", host_);
    jobs::JobHost hosting{"host", "test", 1, {"python.transform:dilute"}, now(), now()};
    ASSERT_TRUE(
        database().write([&](sql::Transaction& tx) { return jobs::JobStore::register_host(tx, hosting); }));
  }
  void TearDown() override {
    if (runner_) runner_->stop(0ms);
    sql::testing::DatabaseTest::TearDown();
  }

  [[nodiscard]] virtual tables::EngineLimits limits() const { return {}; }
  static FeatureConfig plain_config() {
    FeatureConfig config;
    config.config_id = "plain";
    config.name = "Plain";
    config.numeric_features = {"concentration"};
    config.categorical_features = {"sample_type"};
    config.encoding_method = Encoding::onehot;
    return config;
  }
  StartPipeline request(const std::string& content, const std::string& config = "plain") {
    const auto path = (folder_.path() / "data.csv").string();
    std::ofstream(path, std::ios::binary) << content;
    StartPipeline start;
    start.pipeline_id = "daily";
    start.input_data_path = "data.csv";
    start.schema_id = "lab";
    start.feature_config_id = config;
    start.settings.path = path;
    start.settings.output_folder = (folder_.path() / "outputs").string();
    return start;
  }
  PipelineRun finished(const StartPipeline& start) {
    const auto run = runs_->start(ctx_, start);
    EXPECT_TRUE(run) << (run ? "" : run.error().message);
    EXPECT_EQ(run->status, PipelineStatus::pending);
    runner_->start();
    const auto job = jobs_->wait(ctx_, run->job_id, 30s);
    EXPECT_TRUE(job);
    return *runs_->get(ctx_, {run->run_id});
  }
  static std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] std::set<std::string> outputs_left() const {
    std::set<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "outputs", none))
      names.insert(entry.path().filename().string());
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "work", none))
      names.insert(entry.path().filename().string());
    return names;
  }

  sql::testing::TemporaryFolder folder_;
  CallContext ctx_;
  EndingJournal journal_;
  std::optional<artifacts::ArtifactCatalog> catalog_;
  std::optional<audit::Ledger> ledger_;
  std::optional<jobs::JobStore> jobs_;
  std::optional<data::Schemas> schemas_;
  std::optional<FeatureConfigs> configs_;
  std::optional<data::Reports> reports_;
  std::optional<PipelineRuns> runs_;
  std::optional<PipelineJob> job_;
  DoublingHost host_;
  std::optional<jobs::JobRunner> runner_;
};
TRACSEQ_ON_BOTH_DATABASES(PipelineTest);

TEST_P(PipelineTest, MakesATableThatAModelCanFit) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  const auto began = Steady::now();
  const PipelineRun run = finished(request(laboratory(1000)));
  EXPECT_LT(Steady::now() - began, 5s);
  ASSERT_EQ(run.status, PipelineStatus::completed) << run.error_message.value_or("");
  EXPECT_EQ(run.input_rows, 1000);
  EXPECT_EQ(run.output_rows, 1000);
  EXPECT_EQ(run.progress, 1);
  EXPECT_GT(run.data_quality_score, 0.7);
  EXPECT_GT(run.processing_time_seconds, 0);
  EXPECT_FALSE(run.processing_logs.empty());
  EXPECT_EQ(run.processing_steps,
            (std::vector<std::string>{"load", "validate", "drop_duplicates", "impute_median", "clip_outliers",
                                      "scale_standard", "impute_mode", "encode_onehot", "select_features",
                                      "write"}));
  ASSERT_TRUE(run.output_data_path);
  EXPECT_EQ(*run.output_data_path, (folder_.path() / "outputs" / run.run_id / "features.csv").string());
  const std::string csv = content_of(*run.output_data_path);
  // Of the two categories the second says nothing new; the label columns follow, nothing is missing.
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "concentration,sample_type_blood,volume,approved");
  EXPECT_EQ(csv.find(",,"), std::string::npos);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1001);
  EXPECT_EQ(run.output_data_hash, sha256_hex(bytes_of(csv)));
  EXPECT_EQ(run.feature_count, 2);
  EXPECT_TRUE(fs::exists(folder_.path() / "outputs" / run.run_id / "features.parquet"));
  const auto found = database().read([&](sql::Session& session) {
    return PipelineRuns::find_by_output(session, ctx_, *run.output_data_hash);
  });
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->run_id, run.run_id);
  const auto artifact = catalog_->get(run.transformation_id.value_or(""));
  ASSERT_TRUE(artifact);
  const auto source = catalog_->open(*artifact);
  const auto transformation = FittedTransformation::from_text(*read_all(**source, 1 << 20));
  ASSERT_TRUE(transformation) << transformation.error().message;
  EXPECT_EQ(transformation->output_names(), (std::vector<std::string>{"concentration", "sample_type_blood"}));
  const auto report = reports_->get(ctx_, {run.quality_report_id.value_or("")});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->dataset_hash, run.input_data_hash);
  const auto page =
      runs_->list(ctx_, {.pipeline_id = "daily", .status = PipelineStatus::completed, .limit = 10});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.size(), 1U);
}

TEST_P(PipelineTest, NamesAMissingColumnAndLeavesNothing) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  const PipelineRun run = finished(request("sample_id,sample_type,volume,note\nS1,blood,3,x\n"));
  EXPECT_EQ(run.status, PipelineStatus::failed);
  ASSERT_TRUE(run.error_message);
  EXPECT_NE(run.error_message->find("'concentration', 'approved'"), std::string::npos) << *run.error_message;
  EXPECT_FALSE(run.output_data_path);
  EXPECT_TRUE(outputs_left().empty());
}

TEST_P(PipelineTest, LeavesNothingOfAFileThatCannotBeRead) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  runner_->start();
  const std::string header = "sample_id,sample_type,concentration,volume,note,approved\n";
  const std::pair<std::string, const char*> files[] = {
      {header + "S1,blood,1,2,x,True\nS2,blood\n", "line 3 has 2"},
      {header + "S1,blood,1,2,M\xFCller,True\n", "0xFC"},
      {header + "S1,blood,1,2," + std::string(10 << 20, 'x') + ",True\n", "longer than 2 MiB"},
      {"", "the file is empty"},
      {"sample_id,sample_type,concentration,volume,note,approved,volume\nS1,blood,1,2,x,True,3\n",
       "'volume' twice"},
      {"sample_id,sample_type,concentration,volume,note\nS1,blood,1,2,x\n", "'approved'"},
  };
  for (const auto& [content, why] : files) {
    const auto run = runs_->start(ctx_, request(content));
    ASSERT_TRUE(run) << run.error().message;
    ASSERT_TRUE(jobs_->wait(ctx_, run->job_id, 30s));
    const auto done = runs_->get(ctx_, {run->run_id});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->status, PipelineStatus::failed) << why;
    EXPECT_NE(done->error_message.value_or("").find(why), std::string::npos)
        << why << ": " << done->error_message.value_or("");
    EXPECT_FALSE(done->output_data_path) << why;
    EXPECT_FALSE(done->transformation_id) << why;
    const auto artifacts = catalog_->list({artifacts::OwnerType::pipeline_run, run->run_id, "", 10, ""});
    EXPECT_TRUE(artifacts && artifacts->items.empty()) << why;
    EXPECT_TRUE(outputs_left().empty()) << why;
  }
}

// The stored upload is not the content it was: nothing is made of it.
TEST_P(PipelineTest, RefusesContentThatIsNotTheUploads) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  auto start = request(laboratory(20));
  start.settings.expected_digest = sha256_hex(bytes_of("something else"));
  const PipelineRun run = finished(start);
  EXPECT_EQ(run.status, PipelineStatus::failed);
  EXPECT_NE(run.error_message.value_or("").find("the stored file was changed"), std::string::npos)
      << run.error_message.value_or("");
  EXPECT_TRUE(outputs_left().empty());
}

TEST_P(PipelineTest, ReadsAFileBelowTheDataRoot) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  auto start = request(laboratory(20));
  start.settings.data_root = folder_.path().string();
  start.settings.path = "data.csv";
  start.settings.expected_digest = sha256_hex(bytes_of(laboratory(20)));
  const PipelineRun run = finished(start);
  EXPECT_EQ(run.status, PipelineStatus::completed) << run.error_message.value_or("");
  start.settings.path = "../data.csv";
  const auto outside = runs_->start(ctx_, start);
  ASSERT_TRUE(jobs_->wait(ctx_, outside->job_id, 30s));
  EXPECT_EQ(runs_->get(ctx_, {outside->run_id})->status, PipelineStatus::failed);
}

// A label whose name a one-hot column would have: both go out.
TEST_P(PipelineTest, KeepsALabelWhoseNameAFeatureWouldHave) {
  data::Schema schema;
  schema.schema_id = "colliding";
  schema.name = "Colliding";
  schema.columns = *parse_json(
      R"({"kind": {"type": "string"}, "kind_blood": {"type": "integer"}, "x": {"type": "float"}})");
  ASSERT_TRUE(schemas_->create(ctx_, schema));
  FeatureConfig config = plain_config();
  config.numeric_features = {"x"};
  config.categorical_features = {"kind"};
  config.feature_selection_enabled = false;
  config.drop_duplicates = false;
  ASSERT_TRUE(configs_->create(ctx_, config));
  auto start = request("kind,kind_blood,x\nblood,7,1\nurine,8,2\nblood,9,3\n");
  start.schema_id = "colliding";
  const PipelineRun run = finished(start);
  ASSERT_EQ(run.status, PipelineStatus::completed) << run.error_message.value_or("");
  const std::string csv = content_of(*run.output_data_path);
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "x,kind_blood_2,kind_urine,kind_blood");
  EXPECT_NE(csv.find(",7\n"), std::string::npos) << csv;
}

TEST_P(PipelineTest, RefusesDataBelowTheThreshold) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  const PipelineRun run =
      finished(request("sample_id,sample_type,concentration,volume,note,approved\nS1,,much,,,maybe\n"
                       ",,many,,,perhaps\n,,3,2,,True\n"));
  EXPECT_EQ(run.status, PipelineStatus::failed);
  EXPECT_NE(run.error_message.value_or("").find("is below the threshold 0.7"), std::string::npos)
      << run.error_message.value_or("");
  EXPECT_TRUE(run.quality_report_id);
  EXPECT_TRUE(outputs_left().empty());
}

TEST_P(PipelineTest, RunsAPythonFunctionWhereItIsHosted) {
  FeatureConfig config = plain_config();
  config.config_id = "python";
  config.numeric_features = {"concentration", "squared"};
  config.custom_transformations = {*parse_json(R"({"name": "dilute"})")};
  config.correlation_threshold = 1;
  ASSERT_TRUE(configs_->create(ctx_, config));
  const PipelineRun run = finished(request(laboratory(100), "python"));
  ASSERT_EQ(run.status, PipelineStatus::completed) << run.error_message.value_or("");
  EXPECT_NE(std::find(run.processing_steps.begin(), run.processing_steps.end(), "python:dilute"),
            run.processing_steps.end());
  const auto source = catalog_->open(*catalog_->get(run.transformation_id.value_or("")));
  const auto transformation = FittedTransformation::from_text(*read_all(**source, 1 << 20));
  ASSERT_TRUE(transformation);
  EXPECT_EQ(transformation->offline_only(), "dilute");
  FeatureConfig failing = config;
  failing.config_id = "failing";
  failing.custom_transformations = {*parse_json(R"({"name": "dilute", "fail": true})")};
  ASSERT_TRUE(configs_->create(ctx_, failing));
  auto again = request(laboratory(100), "failing");
  const auto started = runs_->start(ctx_, again);
  ASSERT_TRUE(jobs_->wait(ctx_, started->job_id, 30s));
  const auto failed = runs_->get(ctx_, {started->run_id});
  EXPECT_EQ(failed->status, PipelineStatus::failed);
  EXPECT_NE(failed->error_message.value_or("").find("'dilute' failed: no such dilution"), std::string::npos)
      << failed->error_message.value_or("");
}

TEST_P(PipelineTest, WithoutAFolderTheOutputsAreArtifacts) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  auto start = request(laboratory(50));
  start.settings.output_folder.clear();
  const PipelineRun run = finished(start);
  ASSERT_EQ(run.status, PipelineStatus::completed) << run.error_message.value_or("");
  EXPECT_FALSE(run.output_data_path);
  const auto page = catalog_->list({artifacts::OwnerType::pipeline_run, run.run_id, "", 10, ""});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 3U);
  EXPECT_EQ(page->items[0].path, "features.csv");
  EXPECT_EQ(page->items[0].digest, run.output_data_hash);
  EXPECT_TRUE(outputs_left().empty());
}

TEST_P(PipelineTest, CanBeCancelledAndSaysSo) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  const auto run = runs_->start(ctx_, request(laboratory(10)));
  ASSERT_TRUE(run);
  const auto cancelled = runs_->cancel(ctx_, {run->run_id});
  ASSERT_TRUE(cancelled) << cancelled.error().message;
  EXPECT_EQ(cancelled->status, PipelineStatus::failed);
  EXPECT_EQ(cancelled->error_message, "the run was cancelled");
  EXPECT_EQ(runs_->cancel(ctx_, {run->run_id}).error().code, Code::conflict);
  CallContext keyed = ctx_;
  keyed.idempotency_key = "k1";
  keyed.fingerprint = "f1";
  const auto other = runs_->start(ctx_, request(laboratory(10)));
  ASSERT_TRUE(other);
  ASSERT_TRUE(runs_->cancel(keyed, {other->run_id}));
  const auto repeated = runs_->cancel(keyed, {other->run_id});
  ASSERT_TRUE(repeated) << "a repeat gets its answer again: " << repeated.error().message;
  EXPECT_EQ(repeated->error_message, "the run was cancelled");
  const auto running = runs_->list(ctx_, {.status = PipelineStatus::running, .limit = 10});
  EXPECT_TRUE(running && running->items.empty());
}

TEST_P(PipelineTest, StopsWhileItRuns) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  const auto run = runs_->start(ctx_, request(laboratory(400'000)));
  ASSERT_TRUE(run);
  runner_->start();
  const auto until = Steady::now() + 30s;
  while (runs_->get(ctx_, {run->run_id})->processing_steps.empty() && Steady::now() < until) {
    const auto job = jobs_->get(run->job_id);
    ASSERT_TRUE(job);
    ASSERT_FALSE(jobs::is_final(job->state));
    if (job->progress > 0) break;
    std::this_thread::sleep_for(5ms);
  }
  const auto asked = runs_->cancel(ctx_, {run->run_id});
  ASSERT_TRUE(asked) << asked.error().message;
  const auto job = jobs_->wait(ctx_, run->job_id, 30s);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->state, jobs::JobState::cancelled);
  const auto stored =
      database().read([&](sql::Session& session) { return PipelineRuns::find(session, ctx_, run->run_id); });
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->status, PipelineStatus::failed);  // in the row itself, not only as it is shown
  EXPECT_EQ((*stored)->error_message, "the run was cancelled");
  EXPECT_TRUE(outputs_left().empty());
}

// The process that hosts the function is gone, but counts as alive while the function is queued.
TEST_P(PipelineTest, DoesNotWaitForEverForAHostThatIsGone) {
  FeatureConfig config = plain_config();
  config.config_id = "gone";
  config.custom_transformations = {*parse_json(R"({"name": "gone"})")};
  ASSERT_TRUE(configs_->create(ctx_, config));
  jobs::JobHost ghost{"ghost", "test", 1, {"python.transform:gone"}, now(), now()};
  ASSERT_TRUE(
      database().write([&](sql::Transaction& tx) { return jobs::JobStore::register_host(tx, ghost); }));
  PipelineJob impatient({*schemas_, *reports_, *configs_, *runs_, *jobs_, *catalog_},
                        (folder_.path() / "work").string(), limits(), 500ms);
  jobs::JobRunner::Options options;
  options.worker = "impatient";
  options.poll = 5ms;
  jobs::JobRunner runner(*jobs_, options);
  runner.add(kPipelineJob, impatient);
  runner.start();
  const auto run = runs_->start(ctx_, request(laboratory(50), "gone"));
  ASSERT_TRUE(run);
  jobs::JobFilter children;
  children.parent_id = run->job_id;
  const auto until = Steady::now() + 30s;
  while (jobs_->list(children)->items.empty() && Steady::now() < until) std::this_thread::sleep_for(5ms);
  ASSERT_EQ(jobs_->list(children)->items.size(), 1U);
  ASSERT_TRUE(database().write(
      [&](sql::Transaction& tx) -> Result<void> { return jobs::JobStore::remove_host(tx, "ghost"); }));
  ASSERT_TRUE(jobs_->wait(ctx_, run->job_id, 20s));
  const auto done = runs_->get(ctx_, {run->run_id});
  EXPECT_EQ(done->status, PipelineStatus::failed);
  EXPECT_NE(done->error_message.value_or("").find("no process hosts the transformation 'gone'"),
            std::string::npos)
      << done->error_message.value_or("");
  EXPECT_EQ(jobs_->list(children)->items.front().state, jobs::JobState::cancelled);
  runner.stop(0ms);
}

TEST_P(PipelineTest, ShowsTheNewestLogLines) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  const auto run = runs_->start(ctx_, request(laboratory(10)));
  ASSERT_TRUE(run);
  const auto claimed = jobs_->claim(ctx_, {"test", {kPipelineJob}, 30s});
  ASSERT_TRUE(claimed && *claimed);
  std::vector<std::string> lines;
  for (int i = 1; i <= kPipelineLogLinesShown + 200; ++i) lines.push_back("line " + std::to_string(i));
  const std::size_t half = lines.size() / 2;
  for (const auto& part : {std::vector(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(half)),
                           std::vector(lines.begin() + static_cast<std::ptrdiff_t>(half), lines.end())})
    ASSERT_TRUE(jobs_->report(ctx_, {run->job_id, (*claimed)->token}, {}, {}, part));
  const auto shown = runs_->get(ctx_, {run->run_id});
  ASSERT_TRUE(shown);
  ASSERT_EQ(std::ssize(shown->processing_logs), kPipelineLogLinesShown);
  EXPECT_EQ(shown->processing_logs.front(), "line 201");
  EXPECT_EQ(shown->processing_logs.back(), "line 1200");
  // A worker that is lost ends the run in its row; a list by status asks the row.
  ASSERT_TRUE(jobs_->fail(ctx_, {run->job_id, (*claimed)->token}, Error{Code::internal, "lost", {}, {}},
                          jobs::JobStore::Retry::no));
  const auto failed = runs_->list(ctx_, {.status = PipelineStatus::failed, .limit = 10});
  ASSERT_TRUE(failed);
  ASSERT_EQ(failed->items.size(), 1U);
  EXPECT_EQ(failed->items.front().error_message, "lost");
  CallContext late = ctx_;
  late.deadline = Steady::now();
  EXPECT_EQ(runs_->list(late, {.limit = 10}).error().code, Code::deadline);
}

TEST_P(PipelineTest, RefusesUnknownSchemasAndConfigurations) {
  auto start = request(laboratory(5), "none");
  EXPECT_EQ(runs_->start(ctx_, start).error().code, Code::not_found);
  start.schema_id = "none";
  EXPECT_EQ(runs_->start(ctx_, start).error().field, "schema_id");
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  FeatureConfig other = plain_config();
  other.name = "Other";
  EXPECT_EQ(configs_->create(ctx_, other).error().code, Code::conflict);
}

// The most memory this process has held since reset_peak_memory(), in bytes.
std::uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) << 10;
  return 0;
}
void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

// A file five times the memory the run may use. Slow; the database plays no part in it, so on one kind only.
class LargeFileTest : public PipelineTest {
 protected:
  static constexpr std::uint64_t kMemory = 64UL << 20;
  [[nodiscard]] tables::EngineLimits limits() const override {
    tables::EngineLimits limits;
    limits.memory_bytes = kMemory;
    return limits;
  }
};
INSTANTIATE_TEST_SUITE_P(, LargeFileTest, ::testing::Values(std::string("sqlite")),
                         [](const auto& info) { return info.param; });

TEST_P(LargeFileTest, PassesThroughASmallMemory) {
  ASSERT_TRUE(configs_->create(ctx_, plain_config()));
  StartPipeline start = request("");
  std::int64_t rows = 0;
  std::int64_t repeated = 0;
  {
    std::ofstream file(start.settings.path, std::ios::binary);
    file << "sample_id,sample_type,concentration,volume,note,approved\n";
    std::uint64_t state = 1;
    std::string block;
    for (std::uint64_t bytes = 0; bytes < 5 * kMemory; bytes += block.size()) {
      block.clear();
      for (int i = 0; i < 10'000; ++i, ++rows) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        const std::size_t before = block.size();
        block += fmt::format("S{},{},{}.{},{},{:016x}{:016x} a note of the technician,{}\n", rows,
                             rows % 3 == 0 ? "blood" : "urine", state >> 57, state >> 40, rows % 200, state,
                             ~state, rows % 2 == 0 ? "True" : "False");
        if (i % 20 != 0) continue;
        block += block.substr(before);
        ++repeated;
      }
      file << block;
    }
  }
  ASSERT_GE(fs::file_size(start.settings.path), 5 * kMemory);
  reset_peak_memory();
  const std::uint64_t before = peak_memory();
  const auto run = runs_->start(ctx_, start);
  ASSERT_TRUE(run) << run.error().message;
  runner_->start();
  ASSERT_TRUE(jobs_->wait(ctx_, run->job_id, 500s));
  const auto done = runs_->get(ctx_, {run->run_id});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, PipelineStatus::completed) << done->error_message.value_or("still running");
  EXPECT_EQ(done->input_rows, rows + repeated);
  EXPECT_EQ(done->output_rows, rows);
  const auto report = reports_->get(ctx_, {done->quality_report_id.value_or("")});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->duplicate_rows, repeated);
  EXPECT_GT(fs::file_size(folder_.path() / "outputs" / run->run_id / "features.parquet"), 0U);
  // DuckDB's limit, our own share, the library's pages and what the allocator keeps: it does not follow the
  // file.
#ifdef __SANITIZE_THREAD__
  constexpr std::uint64_t kOfEachByte = 5;  // its own and what ThreadSanitizer remembers of it
#else
  constexpr std::uint64_t kOfEachByte = 1;
#endif
  EXPECT_LT(peak_memory() - before, kOfEachByte * 4 * kMemory);
}

}  // namespace
}  // namespace tracseq::features
