// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/inference/remote_registry.h"
#include "base/mutex.h"

namespace tracseq::inference {

// One version of a model as the only one there is, whatever its status: what a replica follows. What it was
// when it was first found it stays, also where the registry would give something else under its name later;
// from then on the registry is only asked whether it is there. `production` and `fetch` are the follower's
// thread's, `refused` is anybody's; the client outlives it.
class PinnedVersion final : public serving::RegistrySource {
 public:
  PinnedVersion(api::Client& client, std::string model_id, std::string version)
      : client_(client), remote_(client), model_id_(std::move(model_id)), version_(std::move(version)) {}
  Result<std::optional<std::vector<serving::WantedModel>>> production() override;
  Result<void> fetch(const serving::WantedFile& file, serving::ModelCache::Sink sink) override;
  // Why there is no use in asking again: the registry has no such version, or lets this process not in.
  [[nodiscard]] std::optional<Error> refused() const;

 private:
  api::Client& client_;
  RemoteRegistry remote_;
  const std::string model_id_;
  const std::string version_;
  bool found_ = false;  // the follower's thread's
  mutable Mutex mutex_;
  std::optional<Error> refused_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::inference
