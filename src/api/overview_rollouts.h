// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/answers.h"
#include "api/overview_routes.h"

namespace tracseq::api {

// What the overview says of deployments and A/B tests.
struct RolloutNews {
  std::optional<double> deployments_succeeded;  // share of the last ones that are over; nothing without one
  std::optional<double> tests_with_result;      // share of started tests with a difference shown
  std::vector<Attention> attention;             // those that wait for a person, or failed within a day
  std::map<std::string, std::string> tests;     // model -> its newest live test
};

// Reads them with the caller's permissions; what he may not read is left out.
RolloutNews read_rollouts(const Answers& answers, Timestamp now);

}  // namespace tracseq::api
