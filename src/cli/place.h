// SPDX-License-Identifier: MIT
#pragma once

#include "server/server.h"

namespace tracseq::cli {

// Whether only this machine can reach the server, by the address its host stands for; from now on the host is
// that address, so that what is decided by it holds for what is bound. Its name stays one of its own.
Result<bool> settle_host(server::ServerOptions& options);

}  // namespace tracseq::cli
