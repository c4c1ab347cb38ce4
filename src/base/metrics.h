// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

// What the program counts and measures, in Prometheus' text format. Ask the registry for an instrument once,
// keep the reference (it lives as long as the registry) and update it from any thread: an update is one or
// two atomic operations, a look-up takes a lock.
namespace tracseq::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Series of one family; a look-up beyond that gets the series {overflow="true"}, so that input cannot fill
// the memory.
inline constexpr std::size_t kSeriesMax = 1'000;

// Upper bounds of latency histograms in seconds, 100 µs to 60 s.
inline constexpr double kLatencySeconds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                             0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};

// Only grows.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double delta) noexcept { value_.fetch_add(delta, std::memory_order_relaxed); }
  [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts of observations up to each bound, with their sum. A NaN is dropped.
class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds);
  void observe(double value) noexcept;
  [[nodiscard]] std::span<const double> bounds() const noexcept { return bounds_; }
  // Observations in bucket `index` alone; the last bucket has no bound.
  [[nodiscard]] std::uint64_t bucket(std::size_t index) const noexcept {
    return buckets_[index].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

// All instruments of a program or a test. Thread-safe. Asking twice for the same name and labels gives the
// same instrument; asking for a name with another kind, or with a name Prometheus does not allow, is a bug
// and aborts.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help,
                       std::span<const double> bounds = kLatencySeconds, const Labels& labels = {});
  // Called before each exposition, to set gauges that are looked up rather than kept (memory, queue lengths).
  // What it refers to must outlive the registry.
  void before_exposition(std::function<void()> refresh);
  // Prometheus text exposition 0.0.4, families and series in order of name.
  std::string text() const;

 private:
  struct Family;
  Family& family(std::string_view name, std::string_view help, int kind);

  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_ GUARDED_BY(mutex_);
  std::vector<std::function<void()>> refreshers_ GUARDED_BY(mutex_);
};

// The program's registry; made on first use, never destroyed.
Registry& process();

// Adds the usual process_* gauges (resident memory, CPU seconds, open files, start time), read at exposition.
void add_process_metrics(Registry& registry);

}  // namespace tracseq::metrics
