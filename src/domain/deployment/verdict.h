// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "domain/deployment/types.h"

namespace tracseq::deployment {

inline constexpr double kVerdictAlpha = 0.05;     // of all looks at all of a step's questions together
inline constexpr double kSlowShareMax = 0.05;     // of requests beyond the latency threshold
inline constexpr std::int64_t kRequestsMin = 20;  // fewer decide nothing

// What live traffic says of a candidate. Failure: its share of errors (or of answers slower than
// rollback_latency_threshold_ms) is proven to be above what is bearable, and, where the deployment it is
// compared with has traffic of the same time, proven to be worse than that one's. Success: both shares are
// proven bearable. Else inconclusive, and so without traffic. The bounds hold at all looks at once, so it may
// be asked as often as one likes (stats/sequential_rates.h).
struct Judgement {
  Verdict verdict = Verdict::inconclusive;
  std::string reason;
  std::vector<GateQuestion> questions{};  // each of them; empty without traffic
};
Judgement judge(const DeploymentConfig& config, const Counts& candidate, const Counts& stable);

// What was counted since; a count below its baseline is taken as 0.
Counts since(const Counts& now, const Counts& baseline);
// Adds what a gateway reported.
void add(Counts& counts, const TargetCounts& reported);
// Requests that surely took longer: those of the buckets that begin at or above the threshold.
std::int64_t slower_than(const Counts& counts, double threshold_ms);

}  // namespace tracseq::deployment
