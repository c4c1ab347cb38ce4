// SPDX-License-Identifier: MIT
#include "api/inference/usage_reporter.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/id.h"

namespace tracseq::inference {
namespace {

using namespace std::chrono_literals;

// Keeps the models of each report.
class ReportClient final : public api::Client {
 public:
  Result<api::Response> send(api::Request request, std::chrono::milliseconds) override {
    const auto body = parse_json(request.body);
    std::set<std::string> models;
    for (const Json& metric : *body->find("metrics")->as_array())
      models.insert(metric.find("model_id")->string_or(""));
    const Lock lock(mutex_);
    reports_.push_back(std::move(models));
    return api::Response::json("{}", 202);
  }
  [[nodiscard]] std::vector<std::set<std::string>> reports() const {
    const Lock lock(mutex_);
    return reports_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::set<std::string>> reports_ GUARDED_BY(mutex_);
};

class NoTransport final : public serving::PredictionTransport {
 public:
  void encode(std::span<const serving::Prediction>, Emit) override {}
  std::vector<std::string> split(const std::string&) override { return {}; }
  std::map<std::string, std::uint64_t> count_by_model(const std::string&) override { return {}; }
  Result<void> deliver(std::string_view, const std::string&) override { return {}; }
};

class UsageIntervalTest : public ::testing::Test {
 protected:
  ~UsageIntervalTest() override { std::filesystem::remove_all(folder_); }
  void publish(const std::string& name) {
    table_.publish(std::make_shared<serving::ServedModel>(serving::ServedModel{name, "1.0.0", "", {}, {}}));
  }
  std::vector<std::set<std::string>> wait_for(std::size_t count) {
    for (int look = 0; look < 500 && client_.reports().size() < count; ++look)
      std::this_thread::sleep_for(10ms);
    return client_.reports();
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("tracseq-usage-" + new_id());
  ReportClient client_;
  serving::ModelTable table_;
  metrics::Registry metrics_;
  serving::RecordingQueue recording_{std::make_unique<NoTransport>(), *serving::Spool::open(folder_, 1 << 20),
                                     metrics_};
};

TEST_F(UsageIntervalTest, AModelIsReportedSoonAndThenOnlyEveryInterval) {
  publish("first");
  UsageReporter reporter(client_, table_, recording_, 1h, 10ms);
  reporter.start();
  ASSERT_EQ(wait_for(1).size(), 1U);
  publish("second");
  const auto reports = wait_for(2);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0], (std::set<std::string>{"first"}));
  EXPECT_TRUE(reports[1].contains("second"));
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(client_.reports().size(), 2U);
}

TEST_F(UsageIntervalTest, TheIntervalIsTheOneGiven) {
  publish("only");
  UsageReporter reporter(client_, table_, recording_, 50ms, 10ms);
  reporter.start();
  EXPECT_GE(wait_for(4).size(), 4U);
}

}  // namespace
}  // namespace tracseq::inference
