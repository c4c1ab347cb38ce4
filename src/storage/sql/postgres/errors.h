// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tracseq::sql::postgres {

// The error of a SQLSTATE; `detail` goes to the log. An empty state means that the connection was lost.
Error error_of_state(std::string_view sqlstate, std::string detail);

// Whether the same transaction may succeed when run again from its start.
bool worth_repeating(std::string_view sqlstate) noexcept;
// Whether the connection is of no further use.
bool connection_lost(std::string_view sqlstate) noexcept;

}  // namespace tracseq::sql::postgres
