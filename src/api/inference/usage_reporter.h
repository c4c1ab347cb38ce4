// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/client.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "domain/serving/model_table.h"
#include "domain/serving/recording_queue.h"

namespace tracseq::inference {

inline constexpr std::chrono::milliseconds kUsageTimeout{5'000};

// What this process uses, since the last time it was asked.
class ProcessUsage {
 public:
  struct Sample {
    double cpu_percent = 0;  // of one processor
    double memory_mb = 0;    // resident, in units of 1,000,000 bytes as the Python package reports it
  };
  // Zeros where the system does not tell.
  Sample sample();

 private:
  std::int64_t cpu_us_ = -1;
  Steady::time_point at_;
};

// How soon a model that is served for the first time, and what was dropped, is reported.
inline constexpr std::chrono::milliseconds kUsageLook{5'000};

// Reports what serving costs as monitoring metrics of every model that is served: cpu_usage_percent,
// memory_usage_mb; and, when there are any, predictions_dropped: how many of a model's could not be recorded
// since the last report, so that a threshold can raise an alert. Those whose model is not known (a damaged
// spool) count for the first model. A model's first report comes within kUsageLook, as do dropped
// predictions, the others every interval. A report that cannot be sent is not kept, but for the dropped ones:
// the same report is sent again under the same key until it is answered, so that it counts once. Lifecycle:
// `start`, then `stop` (or the destructor); what it refers to outlives it.
class UsageReporter {
 public:
  UsageReporter(api::Client& client, const serving::ModelTable& table,
                const serving::RecordingQueue& recording, std::chrono::milliseconds interval,
                std::chrono::milliseconds look = kUsageLook)
      : client_(client), table_(table), recording_(recording), interval_(interval), look_(look) {}
  ~UsageReporter() { stop(); }
  UsageReporter(const UsageReporter&) = delete;
  UsageReporter& operator=(const UsageReporter&) = delete;

  void start();
  void stop();
  // One report of all models at once.
  Result<void> report();

 private:
  using Counts = std::map<std::string, std::uint64_t>;  // by model
  struct Drops {
    std::string key;
    std::string body;  // empty: nothing is under way
    Counts reported;   // once it is answered
  };
  void run();
  Result<void> report_usage(const std::vector<serving::ModelReport>& models);
  Result<void> report_drops(const std::vector<serving::ModelReport>& models);
  [[nodiscard]] Drops next_drops(const std::vector<serving::ModelReport>& models) const;
  Result<void> send(const std::string& body, const std::string& key);
  [[nodiscard]] bool usage_due(const std::vector<serving::ModelReport>& models) const;
  Result<void> report_due();

  api::Client& client_;
  const serving::ModelTable& table_;
  const serving::RecordingQueue& recording_;
  const std::chrono::milliseconds interval_;
  const std::chrono::milliseconds look_;
  ProcessUsage usage_;              // the thread's
  Counts reported_drops_;           // the thread's
  Drops drops_;                     // the thread's: sent, but not answered yet
  std::set<std::string> reported_;  // the thread's: models of the last report
  Steady::time_point next_;         // the thread's
  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::condition_variable_any wake_;
  std::thread thread_;
};

}  // namespace tracseq::inference
