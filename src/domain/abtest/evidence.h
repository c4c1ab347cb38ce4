// SPDX-License-Identifier: MIT
#pragma once

#include "domain/abtest/analysis.h"
#include "domain/abtest/compare.h"

namespace tracseq::abtest {

const Evidence* find_evidence(const EvidenceState& state, const std::string& metric,
                              const std::string& variant);

// The p-value and interval by the plan's method, into the report.
void judge(const Seen& seen, const stats::Comparison& test, double control_value, std::int64_t units,
           MetricReport& into);

// The least alpha at which the looks so far would have stopped: the p-value of a group-sequential test that
// is looked at between its looks.
double repeated_p_value(const std::vector<double>& information, stats::Spending spending, double z);

}  // namespace tracseq::abtest
