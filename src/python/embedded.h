// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/core.h"
#include "base/mutex.h"
#include "base/thread_pool.h"

namespace tracseq::python {

// One call to the route table. `source_path` and `sink_path` name files that a body is streamed from and an
// answer is streamed into; empty: the bytes themselves.
struct Call {
  std::string method;
  std::string target;  // "/api/v1/runs?limit=3"
  std::map<std::string, std::string> headers;
  std::string body;
  std::string source_path;
  std::string sink_path;
  std::int64_t timeout_ms = 0;  // 0: none
};

struct Answer {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

inline constexpr std::size_t kAnswerBytesMax = 1UL << 30;  // of an answer that is not streamed into a file

// The core in this process, without anything of Python: calls on the caller's thread or on a pool.
// Lifecycle: `close` ends it for good; the destructor closes too. Thread-safe.
class Embedded {
 public:
  using Done = std::function<void(Answer)>;

  static Result<std::unique_ptr<Embedded>> open(const api::CoreOptions& options);
  ~Embedded();

  // Runs the call here. Never fails: what goes wrong is the answer.
  Answer call(const Call& call);
  // Runs the call on the pool (on this thread where it only takes memory) and hands its answer to `done`,
  // exactly once, on whichever thread. The number names the call to `cancel`.
  std::uint64_t submit(Call call, Done done);
  // Asks the call to stop; it answers `cancelled` unless it was done already. Unknown numbers are no matter.
  void cancel(std::uint64_t number);

  // Refuses new calls (`unavailable`), waits for those under way, ends the threads and closes the database.
  // False: calls were still under way after `patience`; they go on, and so does what they use.
  bool close(std::chrono::milliseconds patience);

 private:
  using Flag = std::shared_ptr<std::atomic<bool>>;

  explicit Embedded(std::unique_ptr<api::Core> core) : core_(std::move(core)) {}
  bool enter();
  void leave();
  Answer run(const Call& call, Steady::time_point deadline, const Flag& cancelled);
  void finish(std::uint64_t number, const Done& done, Answer answer);
  ThreadPool& pool() REQUIRES(mutex_);

  std::unique_ptr<api::Core> core_;  // gone once closed
  Mutex mutex_;
  std::condition_variable_any idle_;
  std::unique_ptr<ThreadPool> pool_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, Flag> submitted_ GUARDED_BY(mutex_);
  std::uint64_t next_ GUARDED_BY(mutex_) = 1;
  std::size_t under_way_ GUARDED_BY(mutex_) = 0;
  bool closing_ GUARDED_BY(mutex_) = false;
};

}  // namespace tracseq::python
