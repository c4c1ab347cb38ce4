// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "base/mutex.h"
#include "domain/serving/bounded_load.h"
#include "domain/serving/engine.h"
#include "domain/serving/model_cache.h"
#include "domain/serving/model_table.h"

namespace tracseq::serving {

// The registry as a model server sees it. Used by the follower's thread only.
class RegistrySource {
 public:
  virtual ~RegistrySource() = default;
  // The versions in production; nothing if that has not changed since the last call that gave a list.
  virtual Result<std::optional<std::vector<WantedModel>>> production() = 0;
  // The bytes of a file, in order, into the sink.
  virtual Result<void> fetch(const WantedFile& file, ModelCache::Sink sink) = 0;
};

struct FollowerOptions {
  std::chrono::milliseconds interval{500};     // between two looks at the registry
  std::chrono::milliseconds retry_min{1'000};  // after a version that did not load
  std::chrono::milliseconds retry_max{60'000};
};

enum class RegistryState { unknown, reachable, unreachable, unauthenticated };
TRACSEQ_DESCRIBE_ENUM(RegistryState, unknown, reachable, unreachable, unauthenticated)

struct FollowerReport {
  RegistryState registry = RegistryState::unknown;
  std::string reason;  // of a state other than reachable
  std::optional<Timestamp> last_contact;
};
TRACSEQ_DESCRIBE(FollowerReport, (registry, reason, last_contact))

// Brings the registry's production versions into the table and keeps them there: looks, downloads into the
// cache, loads, switches. A version that does not download or load leaves the old one serving, is reported
// and tried again with growing pauses; one whose bytes are no model is not tried again, and answered with the
// reason where no old one serves. One that is marked as not servable, or contradicts its registered
// signature, is answered with that reason; feature columns that disagree are a warning in the log. A registry
// that does not answer changes nothing. Lifecycle: what it refers to outlives it; `start` serves what the
// cache has before it returns; `stop` ends the thread.
class Follower {
 public:
  // Makes a transformation from its stored text.
  using MakeTransformation =
      std::function<Result<std::shared_ptr<const RowTransformation>>(std::string_view)>;

  Follower(ModelTable& table, ModelCache& cache, std::vector<Engine*> engines, RegistrySource& registry,
           MakeTransformation make_transformation, FollowerOptions options = {});
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  void start();
  void stop();
  [[nodiscard]] FollowerReport report() const;

 private:
  struct Attempt {
    std::string version;
    std::string digest;
    Steady::time_point next;
    std::chrono::milliseconds pause{0};
  };
  // Why a version can never answer.
  struct Refusal {
    ModelState state = ModelState::not_servable;  // or broken
    std::string reason;
  };
  // A version brought to life, or why that cannot be.
  struct Loaded {
    std::shared_ptr<const ServedModel> served;
    std::optional<Refusal> refusal;
  };
  void run();
  void serve_cached();
  void look();
  void apply();
  void bring(const WantedModel& wanted);
  void refuse(const WantedModel& wanted, const Refusal& refusal);
  Result<Loaded> load(const WantedModel& wanted, bool local_only);
  Result<std::string> read(const WantedFile& file, bool local_only);
  Result<std::shared_ptr<const LoadedModel>> load_artefact(const WantedModel& wanted, std::string bytes);
  void write_manifest();
  void note(const Result<void>& contact);

  ModelTable& table_;  // constant after construction
  ModelCache& cache_;
  const std::vector<Engine*> engines_;
  RegistrySource& registry_;
  const MakeTransformation make_transformation_;
  const FollowerOptions options_;

  BoundedLoader loader_;                        // the thread's
  std::vector<WantedModel> wanted_;             // the thread's: the registry's last answer
  std::map<std::string, WantedModel> serving_;  // the thread's: what the manifest will say
  std::map<std::string, Attempt> failed_;       // the thread's
  bool manifest_stale_ = false;                 // the thread's

  mutable Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  FollowerReport report_ GUARDED_BY(mutex_);
  std::condition_variable_any wake_;
  std::thread thread_;
};

}  // namespace tracseq::serving
