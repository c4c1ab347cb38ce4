// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "domain/serving/engine.h"

namespace tracseq::serving {

inline constexpr std::chrono::milliseconds kLoadTimeMax{60'000};

// Loads models on a thread of their own, so that one that never ends loading holds nobody up. Of such threads
// there is at most one: until it ends, whatever else is to be loaded is refused as `unavailable`. Used by one
// thread; may end before the load does. The engines live as long as the process.
class BoundedLoader {
 public:
  explicit BoundedLoader(std::chrono::milliseconds limit = kLoadTimeMax) : limit_(limit) {}
  // As Engine::load; `deadline` when it takes longer than the limit: what comes of it then is thrown away.
  Result<std::shared_ptr<const LoadedModel>> load(Engine& engine, std::string format, std::string digest,
                                                  std::string bytes);

 private:
  struct Work;
  const std::chrono::milliseconds limit_;
  std::shared_ptr<Work> late_;  // one that took too long and has not ended yet
};

}  // namespace tracseq::serving
