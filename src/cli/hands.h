// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "api/core.h"

namespace tracseq::cli {

// Where replicas of a core's database run and how they are called, for a process that drives it. Outlives the
// driver's steps. Thread-safe.
class Hands {
 public:
  explicit Hands(const api::Core& core);
  ~Hands();
  Hands(const Hands&) = delete;
  Hands& operator=(const Hands&) = delete;
  [[nodiscard]] const api::DeploymentHands& get() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tracseq::cli
