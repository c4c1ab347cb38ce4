// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "api/route.h"
#include "domain/audit/ledger.h"
#include "domain/security/pairings.h"
#include "domain/security/tokens.h"

namespace tracseq::api {

// Tokens, the audit trail and who the caller is, below /api/v1. The services outlive the routes.
std::vector<Route> security_routes(security::Tokens& tokens, audit::Ledger& ledger);
// How a model server without a credential gets one. The two of them that it calls are public.
std::vector<Route> pairing_routes(security::Pairings& pairings);

// What GET /api/v1/whoami answers.
struct WhoAmI {
  std::string actor;
  std::string kind;
  std::string auth_method;
  std::string project_id;
  std::vector<std::string> permissions;
};
TRACSEQ_DESCRIBE(WhoAmI, (actor, kind, auth_method, project_id, permissions))

}  // namespace tracseq::api
