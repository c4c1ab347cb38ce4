// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "domain/abtest/rows.h"

namespace tracseq::abtest {

// The value of a metric in one variant, from its sums; nothing without users.
std::optional<double> estimate_of(const MetricPlan& metric, const ArmSums& arm);

// Why the test must be paused: a variant's guardrail beyond its limit. Nothing where all hold, and of
// variants with fewer than kGuardrailInteractionsMin interactions.
std::optional<std::string> broken_limit(const Plan& plan, const Sums& sums,
                                        const std::map<int, VariantCounts>& counts);

}  // namespace tracseq::abtest
