// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "base/mutex.h"
#include "domain/serving/engine.h"
#include "domain/serving/record_plan.h"

namespace tracseq::serving {

// A version that answers. Immutable; a request holds it until it has answered, so a switch waits for nobody.
struct ServedModel {
  std::string name;
  std::string version;
  std::string digest;
  std::shared_ptr<const LoadedModel> model;
  std::shared_ptr<const RecordPlan> records;
};

// Of a wanted version. `failed` is tried again; the last two are not: `broken` bytes leave the version before
// them answering, a `not_servable` version was promoted on purpose, so that none may pass for it.
enum class ModelState { loading, ready, failed, broken, not_servable };
TRACSEQ_DESCRIBE_ENUM(ModelState, loading, ready, failed, broken, not_servable)

// Whether that is the last word on a version.
bool never_served(ModelState state);

// What the server knows of a model: the version the registry wants and the one that answers.
struct ModelReport {
  std::string name;
  std::string wanted_version;
  std::string serving_version;             // empty: none
  ModelState state = ModelState::loading;  // of the wanted version
  std::string reason;                      // of a state other than ready
  Timestamp since;
};
TRACSEQ_DESCRIBE(ModelReport, (name, wanted_version, serving_version, state, reason, since))

// The models of a server. Any thread may call anything; `find` takes a lock only for copying one pointer.
class ModelTable {
 public:
  ModelTable();

  // The version that answers now; `version` empty: whichever is in production. A version replaced less than
  // kReplacedKept ago is still found by its name. `not_found` for an unknown model or version, `unavailable`
  // while the wanted version loads or has failed and no other answers, `unsupported` when it can never be
  // served; the message holds the reason.
  [[nodiscard]] Result<std::shared_ptr<const ServedModel>> find(std::string_view name,
                                                                std::string_view version = {}) const;

  // Switches a model to this version; the state becomes ready. In-flight requests end on the version they
  // found.
  void publish(std::shared_ptr<const ServedModel> served);
  // Says how the wanted version stands; the version that answers goes on answering, unless the wanted one is
  // `not_servable`: then that is the answer.
  void report(std::string_view name, std::string_view version, ModelState state, std::string reason);
  // Forgets models that are not among `names` (no longer in production) and replaced versions past their
  // time.
  void keep_only(const std::vector<std::string>& names);

  // By name.
  [[nodiscard]] std::vector<ModelReport> reports() const;
  [[nodiscard]] std::vector<std::string> versions(std::string_view name) const;
  // Whether a version of this model answers.
  [[nodiscard]] bool serves(std::string_view name) const;
  // Whether the first answer of the registry, or the cache, has been dealt with and every model that can be
  // served is.
  [[nodiscard]] bool ready() const;
  void set_complete();

  static constexpr std::chrono::seconds kReplacedKept{60};

 private:
  struct Entry {
    ModelReport report;
    std::shared_ptr<const ServedModel> current;
    std::shared_ptr<const ServedModel> replaced;
    Steady::time_point replaced_at;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  struct Snapshot {
    Entries entries;
    bool complete = false;
  };
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  template <class F>
  void change(F function);

  mutable Mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::serving
