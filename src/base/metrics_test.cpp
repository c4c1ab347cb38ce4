// SPDX-License-Identifier: MIT
#include "base/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

namespace tracseq::metrics {
namespace {

TEST(Metrics, WritesPrometheusText) {
  Registry registry;
  registry.counter("calls_total", "Calls made", {{"route", "/a\"b\\c\nd"}}).add(3);
  registry.gauge("depth", "Depth now").set(-1.5);
  constexpr double kBounds[] = {0.1, 1};
  Histogram& seconds = registry.histogram("seconds", "Time taken", kBounds);
  for (const double value : {0.05, 0.1, 0.5, 7.0, std::numeric_limits<double>::quiet_NaN()})
    seconds.observe(value);
  EXPECT_EQ(registry.text(),
            "# HELP calls_total Calls made\n# TYPE calls_total counter\n"
            "calls_total{route=\"/a\\\"b\\\\c\\nd\"} 3\n"
            "# HELP depth Depth now\n# TYPE depth gauge\ndepth -1.5\n"
            "# HELP seconds Time taken\n# TYPE seconds histogram\n"
            "seconds_bucket{le=\"0.1\"} 2\nseconds_bucket{le=\"1\"} 3\nseconds_bucket{le=\"+Inf\"} 4\n"
            "seconds_sum 7.65\nseconds_count 4\n");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameInstrument) {
  Registry registry;
  EXPECT_EQ(&registry.counter("a", "A", {{"x", "1"}}), &registry.counter("a", "A", {{"x", "1"}}));
  EXPECT_NE(&registry.counter("a", "A", {{"x", "1"}}), &registry.counter("a", "A", {{"x", "2"}}));
}

TEST(Metrics, LabelsFromInputCannotFillTheMemory) {
  Registry registry;
  for (std::size_t i = 0; i < kSeriesMax + 500; ++i)
    registry.counter("a", "A", {{"x", std::to_string(i)}}).add();
  const std::string text = registry.text();
  EXPECT_NE(text.find("a{overflow=\"true\"} 500\n"), std::string::npos);
}

TEST(Metrics, CountsFromManyThreads) {
  Registry registry;
  Counter& counter = registry.counter("a", "A");
  Histogram& histogram = registry.histogram("h", "H");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add();
        histogram.observe(0.001);
        if (i % 1'000 == 0) registry.text();
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40'000U);
  EXPECT_NEAR(histogram.sum(), 40, 1e-6);
}

TEST(Metrics, RefreshesBeforeItWrites) {
  Registry registry;
  Gauge& gauge = registry.gauge("g", "G");
  registry.before_exposition([&] { gauge.add(1); });
  registry.text();
  EXPECT_NE(registry.text().find("g 2\n"), std::string::npos);
  add_process_metrics(registry);
  EXPECT_NE(registry.text().find("process_resident_memory_bytes"), std::string::npos);
  EXPECT_GT(registry.gauge("process_resident_memory_bytes", "").value(), 1e6);
  EXPECT_GE(registry.gauge("process_open_fds", "").value(), 3);
}

TEST(MetricsDeathTest, AnotherKindUnderTheSameNameIsABug) {
  Registry registry;
  registry.counter("a", "A");
  EXPECT_DEATH(registry.gauge("a", "A"), "kind");
  EXPECT_DEATH(registry.counter("1a", "A"), "is_name");
}

}  // namespace
}  // namespace tracseq::metrics
