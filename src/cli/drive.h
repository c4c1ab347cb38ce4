// SPDX-License-Identifier: MIT
#pragma once

#include "cli/connect.h"

namespace tracseq::cli {

// Starts a detached driver (`tracseq worker --drive`) if the command works on the database itself and no
// server or worker does. Its log lies beside the database. `unavailable` if it cannot be started.
Result<void> ensure_driver(Connection& connection);

}  // namespace tracseq::cli
