// SPDX-License-Identifier: MIT
#include "api/inference/usage_reporter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tracseq::inference {
namespace {

namespace fs = std::filesystem;

// A server that takes reports, each once by its key, and may lose its answers.
class Monitor final : public api::Client {
 public:
  Result<api::Response> send(api::Request request, std::chrono::milliseconds) override {
    keys.emplace_back(request.header("idempotency-key"));
    const bool drops = request.body.find("predictions_dropped") != std::string::npos;
    drops_asked += drops ? 1 : 0;
    if (away || (refuses_drops && drops)) return fail(Code::unavailable, "nobody is there");
    const auto document = parse_json(request.body);
    if (document && seen.emplace(keys.back(), request.body).second)
      for (const Json& one : *document->find("metrics")->as_array())
        values.emplace_back(one.find("metric_name")->string_or("") + " of " +
                                one.find("model_id")->string_or("") + ":" +
                                one.find("model_version")->string_or(""),
                            one.find("value")->number_or(-1));
    if (loses_answers) return fail(Code::unavailable, "no answer in time");
    return api::Response::json("{}", 201);
  }
  [[nodiscard]] std::map<std::string, double> drops() const {
    std::map<std::string, double> sums;
    for (const auto& [name, value] : values)
      if (name.starts_with("predictions_dropped")) sums[name] += value;
    return sums;
  }
  bool away = false;
  bool refuses_drops = false;
  std::atomic<int> drops_asked{0};
  bool loses_answers = false;
  std::vector<std::string> keys;
  std::map<std::string, std::string> seen;
  std::vector<std::pair<std::string, double>> values;
};

// A log that refuses everything: each payload is the name of a model.
class Refusing final : public serving::PredictionTransport {
 public:
  void encode(std::span<const serving::Prediction> batch, Emit emit) override {
    for (const serving::Prediction& prediction : batch) emit(prediction.served->name, 1);
  }
  std::vector<std::string> split(const std::string& payload) override { return {payload}; }
  std::map<std::string, std::uint64_t> count_by_model(const std::string& payload) override {
    return {{payload, 1}};
  }
  Result<void> deliver(std::string_view, const std::string&) override { return fail(Code::invalid, "no"); }
};

class UsageReporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tracseq-usage-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto spool = serving::Spool::open(folder_, 1UL << 20);
    ASSERT_TRUE(spool);
    recording_ =
        std::make_unique<serving::RecordingQueue>(std::make_unique<Refusing>(), std::move(*spool), metrics_);
    for (const char* model : {"a", "b"})
      table_.publish(std::make_shared<const serving::ServedModel>(
          serving::ServedModel{model, "1.0.0", "", nullptr, nullptr}));
    reporter_ = std::make_unique<UsageReporter>(monitor_, table_, *recording_, std::chrono::hours(1));
  }
  void TearDown() override {
    reporter_.reset();
    recording_.reset();
    fs::remove_all(folder_);
  }
  void lose(const std::string& model, int count) {
    const std::uint64_t before = recording_->stats().rejected;
    for (int i = 0; i < count; ++i) {
      serving::Prediction made;
      made.served =
          std::make_shared<serving::ServedModel>(serving::ServedModel{model, "1.0.0", "", nullptr, nullptr});
      recording_->offer(std::move(made));
    }
    for (const auto end = Steady::now() + std::chrono::seconds(5); Steady::now() < end;
         std::this_thread::sleep_for(std::chrono::milliseconds(5)))
      if (recording_->stats().rejected == before + static_cast<std::uint64_t>(count)) return;
    FAIL() << "the predictions were not refused";
  }

  Monitor monitor_;
  metrics::Registry metrics_;
  serving::ModelTable table_;
  fs::path folder_;
  std::unique_ptr<serving::RecordingQueue> recording_;
  std::unique_ptr<UsageReporter> reporter_;
};

using Sums = std::map<std::string, double>;

TEST_F(UsageReporterTest, DropsAreReportedForTheirModelOnly) {
  lose("a", 3);
  ASSERT_TRUE(reporter_->report());
  EXPECT_EQ(monitor_.drops(), (Sums{{"predictions_dropped of a:1.0.0", 3}}));
  lose("b", 2);
  lose("gone", 1);
  ASSERT_TRUE(reporter_->report());
  ASSERT_TRUE(reporter_->report());  // nothing is new
  EXPECT_EQ(monitor_.drops(), (Sums{{"predictions_dropped of a:1.0.0", 3},
                                    {"predictions_dropped of b:1.0.0", 2},
                                    {"predictions_dropped of gone:", 1}}));
}

TEST_F(UsageReporterTest, AReportWhoseAnswerIsLostCountsOnce) {
  lose("a", 3);
  monitor_.loses_answers = true;
  EXPECT_FALSE(reporter_->report());
  lose("a", 2);
  EXPECT_FALSE(reporter_->report());
  monitor_.loses_answers = false;
  ASSERT_TRUE(reporter_->report());
  ASSERT_TRUE(reporter_->report());
  EXPECT_EQ(monitor_.drops(), (Sums{{"predictions_dropped of a:1.0.0", 5}}));
}

TEST_F(UsageReporterTest, DropsAddUpWhileNobodyIsThere) {
  monitor_.away = true;
  lose("a", 1);
  EXPECT_FALSE(reporter_->report());
  lose("b", 4);
  EXPECT_FALSE(reporter_->report());
  monitor_.away = false;
  ASSERT_TRUE(reporter_->report());
  ASSERT_TRUE(reporter_->report());
  EXPECT_EQ(monitor_.drops(),
            (Sums{{"predictions_dropped of a:1.0.0", 1}, {"predictions_dropped of b:1.0.0", 4}}));
}

// Drops that nobody takes are tried at every look; what serving costs is sent at its interval all the same.
TEST_F(UsageReporterTest, UsageIsNotSentAgainBecauseDropsAreNotTaken) {
  monitor_.refuses_drops = true;
  lose("a", 1);
  reporter_ = std::make_unique<UsageReporter>(monitor_, table_, *recording_, std::chrono::hours(1),
                                              std::chrono::milliseconds(5));
  reporter_->start();
  for (const auto end = Steady::now() + std::chrono::seconds(10);
       Steady::now() < end && monitor_.drops_asked < 5;)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  reporter_->stop();
  EXPECT_GE(monitor_.drops_asked, 5);
  EXPECT_EQ(monitor_.values.size(), 4U);  // once: processor and memory of two models
}

TEST_F(UsageReporterTest, MemoryIsInMillionsOfBytes) {
  ASSERT_TRUE(reporter_->report());
  std::ifstream status("/proc/self/status");
  double kib = 0;
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) kib = std::strtod(line.c_str() + 6, nullptr);
  ASSERT_GT(kib, 0);
  ASSERT_EQ(monitor_.values.size(), 4U);  // processor and memory of two models
  EXPECT_EQ(monitor_.values[1].first, "memory_usage_mb of a:1.0.0");
  EXPECT_NEAR(monitor_.values[1].second / (kib * 1024 / 1e6), 1, 0.02);
}

}  // namespace
}  // namespace tracseq::inference
