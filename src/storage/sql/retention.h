// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tracseq::sql {

// Rows a step of retention removes in one transaction. So many take a few milliseconds, well below
// Limits::turn_hold: a clean-up of millions of rows never makes other writers wait for their turn. Whoever
// removed that many has most likely left more (api::DriverStep::batch).
inline constexpr std::int64_t kRemovedAtOnceMax = 500;

}  // namespace tracseq::sql
