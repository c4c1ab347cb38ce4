// SPDX-License-Identifier: MIT
#pragma once

#include <map>

#include "domain/abtest/report.h"
#include "domain/abtest/rows.h"

namespace tracseq::abtest {

// All that is known of a test at a moment. Pure: what it says follows from the sums, the counts and the
// evidence of earlier looks.
struct Seen {
  const StoredTest& stored;
  const Sums& sums;
  const std::map<int, VariantCounts>& counts;
  const EvidenceState& evidence;
  Timestamp at;
};

Report make_report(const Seen& seen);

// The evidence after a look at this report: least p-values; a group-sequential look where one is due.
EvidenceState take_look(const Seen& seen, const Report& report);

// Share of the planned users that have come, of a group-sequential plan.
double information_of(const StoredTest& stored) noexcept;

}  // namespace tracseq::abtest
