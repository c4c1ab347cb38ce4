// SPDX-License-Identifier: MIT
#include "domain/serving/recording_queue.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace tracseq::serving {
namespace {

namespace fs = std::filesystem;

// A prediction log that can be away; it keeps the request ids it was given, each batch once by its key.
struct Log {
  Mutex mutex;
  std::vector<std::string> ids GUARDED_BY(mutex);
  std::vector<std::string> keys GUARDED_BY(mutex);
  std::atomic<bool> away{false};
  std::atomic<bool> refuses{false};
  std::atomic<int> attempts{0};
  std::size_t count() {
    const Lock lock(mutex);
    return ids.size();
  }
};

class LogTransport final : public PredictionTransport {
 public:
  explicit LogTransport(Log& log) : log_(log) {}
  void encode(std::span<const Prediction> batch, Emit emit) override {
    std::string text;
    for (const Prediction& prediction : batch) text += prediction.request_id + "\n";
    emit(std::move(text), batch.size());
  }
  std::vector<std::string> split(const std::string& payload) override {
    std::vector<std::string> parts;
    for (std::size_t at = 0, end = 0; (end = payload.find('\n', at)) != std::string::npos; at = end + 1)
      parts.push_back(payload.substr(at, end - at + 1));
    return parts;
  }
  std::map<std::string, std::uint64_t> count_by_model(const std::string& payload) override {
    return {{"m", static_cast<std::uint64_t>(std::count(payload.begin(), payload.end(), '\n'))}};
  }
  Result<void> deliver(std::string_view key, const std::string& payload) override {
    ++log_.attempts;
    if (log_.refuses || payload.find("bad") != std::string::npos) return fail(Code::invalid, "refused");
    if (log_.away) return fail(Code::unavailable, "away");
    const Lock lock(log_.mutex);
    if (std::find(log_.keys.begin(), log_.keys.end(), key) != log_.keys.end()) return {};
    log_.keys.emplace_back(key);
    for (std::size_t at = 0, end = 0; (end = payload.find('\n', at)) != std::string::npos; at = end + 1)
      log_.ids.push_back(payload.substr(at, end - at));
    return {};
  }

 private:
  Log& log_;
};

class RecordingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tracseq-recording-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::unique_ptr<RecordingQueue> start(std::uint64_t spool_bytes = 64UL << 20) {
    auto spool = Spool::open(folder_, spool_bytes);
    EXPECT_TRUE(spool);
    return std::make_unique<RecordingQueue>(std::make_unique<LogTransport>(log_), std::move(*spool),
                                            metrics_);
  }
  static Prediction prediction(int i) {
    Prediction made;
    made.request_id = std::to_string(i);
    return made;
  }
  template <class F>
  static bool within(std::chrono::milliseconds time, F done) {
    for (const auto end = Steady::now() + time; Steady::now() < end;
         std::this_thread::sleep_for(std::chrono::milliseconds(5)))
      if (done()) return true;
    return done();
  }
  void expect_all(int count) {
    const Lock lock(log_.mutex);
    ASSERT_EQ(log_.ids.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) EXPECT_EQ(log_.ids[static_cast<std::size_t>(i)], std::to_string(i));
  }
  Log log_;
  metrics::Registry metrics_;
  fs::path folder_;
};

TEST_F(RecordingTest, DeliversInOrderAndInBatches) {
  const auto queue = start();
  for (int i = 0; i < 2000; ++i) queue->offer(prediction(i));
  queue->stop();
  expect_all(2000);
  EXPECT_LT(log_.attempts, 100);
  EXPECT_EQ(queue->stats().delivered, 2000U);
}

TEST_F(RecordingTest, WhatCannotBeDeliveredWaitsOnDiskAndComesInOrder) {
  log_.away = true;
  const auto queue = start();
  for (int i = 0; i < 1000; ++i) queue->offer(prediction(i));
  ASSERT_TRUE(within(std::chrono::seconds(5), [&] { return queue->stats().spooled == 1000; }));
  EXPECT_EQ(queue->stats().last_error, "away");
  for (int i = 1000; i < 1100; ++i) queue->offer(prediction(i));
  log_.away = false;
  ASSERT_TRUE(within(std::chrono::seconds(15), [&] { return log_.count() == 1100; }));
  ASSERT_TRUE(within(std::chrono::seconds(5), [&] { return queue->stats().spooled == 0; }));
  queue->stop();
  expect_all(1100);
  EXPECT_EQ(queue->stats().last_error, "");
}

TEST_F(RecordingTest, TheNextProcessDeliversWhatTheFirstSpooled) {
  log_.away = true;
  {
    const auto queue = start();
    for (int i = 0; i < 10; ++i) queue->offer(prediction(i));
  }
  log_.away = false;
  const auto queue = start();
  ASSERT_TRUE(within(std::chrono::seconds(5), [&] { return log_.count() == 10; }));
  queue->stop();
  expect_all(10);
}

TEST_F(RecordingTest, AFullSpoolCountsWhatItDrops) {
  log_.away = true;
  const auto queue = start(200);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 10; ++i) queue->offer(prediction(i));
    std::this_thread::sleep_for(2 * kRecordingInterval);
  }
  queue->stop();
  const RecordingStats stats = queue->stats();
  EXPECT_GT(stats.overflowed, 0U);
  EXPECT_EQ(stats.overflowed + stats.spooled, 50U);
  EXPECT_NE(metrics_.text().find("tracseq_predictions_dropped_total{reason=\"overflow\"} " +
                                 std::to_string(stats.overflowed)),
            std::string::npos);
}

TEST_F(RecordingTest, WhatTheLogRefusesForGoodIsNotTriedAgain) {
  log_.refuses = true;
  const auto queue = start();
  queue->offer(prediction(0));
  ASSERT_TRUE(within(std::chrono::seconds(5), [&] { return queue->stats().rejected == 1; }));
  log_.refuses = false;
  queue->offer(prediction(1));
  queue->stop();
  const Lock lock(log_.mutex);
  EXPECT_EQ(log_.ids, std::vector<std::string>{"1"});
}

TEST_F(RecordingTest, OneBadEntryDoesNotTakeTheOthersWithIt) {
  const auto queue = start();
  for (int i = 0; i < 5; ++i) queue->offer(prediction(i));
  Prediction bad;
  bad.request_id = "bad";
  queue->offer(std::move(bad));
  for (int i = 5; i < 10; ++i) queue->offer(prediction(i));
  queue->stop();
  expect_all(10);
  EXPECT_EQ(queue->stats().rejected, 1U);
  EXPECT_EQ(queue->stats().delivered, 10U);
}

TEST_F(RecordingTest, WhatADamagedSpoolHeldIsCountedAndTheGaugeReturnsToZero) {
  log_.away = true;
  {
    const auto queue = start();
    for (int i = 0; i < 10; ++i) queue->offer(prediction(i));
  }
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-1, std::ios::end);
    file.put('?');
  }
  const auto queue = start();
  ASSERT_TRUE(within(std::chrono::seconds(5), [&] { return queue->stats().damaged == 10; }));
  EXPECT_EQ(queue->stats().spooled, 0U);
  EXPECT_EQ(queue->dropped_by_model().at(""), 10U);
  EXPECT_NE(metrics_.text().find("tracseq_predictions_dropped_total{reason=\"damaged\"} 10"),
            std::string::npos);
}

TEST_F(RecordingTest, DropsAreCountedBySampleAndByModel) {
  const auto served = [](const char* name) {
    return std::make_shared<ServedModel>(ServedModel{name, "1", "", nullptr, nullptr});
  };
  log_.refuses = true;
  const auto queue = start();
  Prediction many = prediction(0);  // more samples than one request may leave in the log
  many.served = served("wide");
  many.inputs.push_back({"x", DataType::uint8, {100'007}, std::vector<std::byte>(100'007), {}});
  queue->offer(std::move(many));
  Prediction large = prediction(1);  // does not fit the queue
  large.served = served("large");
  large.inputs.push_back({"x", DataType::uint8, {3}, std::vector<std::byte>(kRecordingQueueBytesMax), {}});
  queue->offer(std::move(large));
  queue->offer(prediction(2));
  queue->stop();
  EXPECT_EQ(queue->dropped_by_model(),
            (std::map<std::string, std::uint64_t>{{"large", 3}, {"m", 2}, {"wide", 7}}));
  EXPECT_EQ(queue->stats().overflowed, 10U);
  EXPECT_EQ(queue->stats().rejected, 2U);
}

TEST_F(RecordingTest, AFullQueueDropsWithoutWaiting) {
  log_.away = true;
  const auto queue = start();
  Prediction large = prediction(0);
  large.inputs.push_back({"x", DataType::uint8, {}, std::vector<std::byte>(kRecordingQueueBytesMax), {}});
  const auto before = Steady::now();
  queue->offer(std::move(large));
  // One that waited would wait for as long as the log is away.
  EXPECT_LT(Steady::now() - before, std::chrono::seconds(10));
  EXPECT_EQ(queue->stats().overflowed, 1U);
}

}  // namespace
}  // namespace tracseq::serving
