// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

// Where replicas and gateways run. What is asked for is recorded before it is done, so every call may come
// twice: a process is found again by its id, wherever this program stopped in between.
namespace tracseq::deployment {

enum class ProcessRole { replica, gateway };

// One process to run.
struct ProcessSpec {
  ProcessRole role = ProcessRole::replica;
  std::string id;  // of the replica or gateway; never used for another
  std::string model_id;
  std::string model_version;
  std::string health_check_path;
  std::map<std::string, std::string> variables;
  std::int64_t threads = 1;
  std::int64_t memory_bytes = 0;  // 0: no limit
  double cpus = 0;                // 0: no limit
};

struct Started {
  std::int64_t pid = 0;
  std::int64_t process_start = 0;  // with the pid it names one process, also after the pid is used again
  std::string limits;              // what holds memory and CPU, in words
};

// What is there of a process that was started.
struct Observed {
  enum class State { starting, ready, failed, gone };
  State state = State::starting;
  std::int64_t port = 0;
  std::string reason;  // why it failed or is gone, as far as can be known
};

// Thread-safe.
class Target {
 public:
  virtual ~Target() = default;
  // Starts the process, or finds the one that was started under this id. `unavailable` if none can be.
  virtual Result<Started> start(const ProcessSpec& spec) = 0;
  // `memory_bytes` as it was started with: one that uses more is ended here if nothing else holds it.
  virtual Observed observe(const ProcessSpec& spec, const Started& started) = 0;
  enum class How { ask, kill };
  virtual void stop(const Started& started, How how) = 0;
  // Once it is gone: what it left but its log.
  virtual void forget(const ProcessSpec& spec) = 0;
  struct Found {
    ProcessRole role = ProcessRole::replica;
    std::string id;
    Started started;
  };
  // All that run of this database, recorded or not.
  virtual std::vector<Found> list() = 0;
  // Where its output goes, for people.
  virtual std::string log_of(const std::string& id) = 0;
};

// Calls to replicas.
class ReplicaCaller {
 public:
  virtual ~ReplicaCaller() = default;
  struct Answer {
    int status = 0;
    std::string body;
  };
  // GET where `body` is empty, else a POST of JSON. `unavailable` or `deadline` if no answer came.
  virtual Result<Answer> call(const std::string& host, std::int64_t port, const std::string& path,
                              const std::string& body, std::chrono::milliseconds timeout) = 0;
};

}  // namespace tracseq::deployment
