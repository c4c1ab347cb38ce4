// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/abtest/types.h"

namespace tracseq::abtest {

// Which variant a user of a test gets: a pure function of the plan, the user and his attributes, the same in
// the server, the SDK and a gateway. The variants' ranges of the hash are half open and begin where those of
// full coverage would, so that a ramp only adds users. Order: attributes, forced variants, holdout, exclusion
// group, hash. Thread-safe once made.
class Assigner {
 public:
  Assigner(std::string test_id, std::string project_id, Plan plan);
  // `coverage`: share of the users let in now, 0 to 1. Never answers `not_running`: who asks knows the
  // status.
  [[nodiscard]] Assignment assign(std::string_view user_id, const Json& attributes, double coverage) const;
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }

 private:
  struct Range {
    double low = 0;
    double share = 0;
  };
  Plan plan_;
  std::string seed_;
  std::string holdout_seed_;
  std::vector<Range> ranges_;
};

}  // namespace tracseq::abtest
