// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/result.h"
#include "domain/deployment/traffic.h"

namespace tracseq::deployment::gateway {

// Reads a traffic table, from the control plane or from the disk, and holds it against what a gateway relies
// on: names that occur once, no port twice, texts that can stand in a header. `invalid` says where it is
// none; such a table is refused whole, so that half of a change never comes into force.
Result<TrafficTable> read_table(std::string_view text);

}  // namespace tracseq::deployment::gateway
