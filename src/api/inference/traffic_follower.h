// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "api/client.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "domain/deployment/gateway/live_table.h"

namespace tracseq::inference {

inline constexpr std::chrono::milliseconds kTrafficTimeout{2'000};

struct TrafficFollowerOptions {
  std::string gateway_id;
  std::string table_file;                         // what was in force last, for a start without control plane
  std::chrono::milliseconds interval{100};        // between two looks at the table
  std::chrono::milliseconds report_every{500};    // besides those at once after a change
  std::chrono::milliseconds settle_every{1'000};  // for ports that were held by somebody
};

// Keeps a gateway's routes as the control plane wants them, and tells it what came of them: asks for the
// table, puts it in force, keeps it on disk, reports. When nobody answers everything goes on as it is; counts
// wait for the next report that is answered, each is in one report only, and a report is sent under its
// number until it is answered. A table that is none is refused whole. Lifecycle: what it refers to outlives
// it; `start` has a table in force when it returns, if the control plane or the disk has one; `stop` sends a
// last report.
class TrafficFollower {
 public:
  // Brings the listeners in line with the table; true if a port was taken or refused.
  using Settle = std::function<bool()>;

  TrafficFollower(api::Client& client, deployment::gateway::LiveTable& table, Settle settle,
                  TrafficFollowerOptions options);
  ~TrafficFollower() { stop(); }
  TrafficFollower(const TrafficFollower&) = delete;
  TrafficFollower& operator=(const TrafficFollower&) = delete;

  void start();
  void stop();
  // Tells the control plane how the routes are now.
  void report();

 private:
  // A table from the control plane; nothing if it has not changed.
  Result<std::optional<deployment::TrafficTable>> ask();
  void apply(deployment::TrafficTable table);
  bool put(deployment::TrafficTable table);
  void keep();
  bool read_kept();
  bool look();
  [[nodiscard]] std::string next_report();
  Result<void> deliver(const std::string& body);
  void note(const Result<void>& contact);
  void run();

  api::Client& client_;  // constant after construction
  deployment::gateway::LiveTable& table_;
  const Settle settle_;
  const TrafficFollowerOptions options_;

  deployment::TrafficTable wanted_;            // the thread's, as all that follow
  std::map<std::string, std::int64_t> ports_;  // taken before, by service
  std::string kept_;                           // what is on disk
  std::string etag_;
  std::string pending_;  // a report that has not been answered
  std::int64_t sequence_ = 0;
  std::optional<bool> reachable_;
  Steady::time_point next_report_;
  Steady::time_point next_settle_;

  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::condition_variable_any wake_;
  std::thread thread_;
};

}  // namespace tracseq::inference
