// SPDX-License-Identifier: MIT
#include "api/security_routes.h"

namespace tracseq::api {
namespace {

using namespace security;
using enum Method;
using enum Effect;

Result<WhoAmI> who_am_i(const CallContext& ctx, const Empty&) {
  return WhoAmI{ctx.actor.id,
                ctx.actor.kind,
                ctx.actor.auth_method,
                ctx.project_id,
                {ctx.actor.permissions.begin(), ctx.actor.permissions.end()}};
}

}  // namespace

TRACSEQ_DEFINE_TYPE(WhoAmI)

std::vector<Route> security_routes(Tokens& tokens, audit::Ledger& ledger) {
  const std::string all = "/api/v1/tokens";
  return {
      route(post, all, "tokens:admin", changes, "Create an API token; its text is shown this once",
            [&](const CallContext& ctx, const CreateToken& in) { return tokens.create(ctx, in); },
            {.status = 201}),
      route(get, all, "tokens:admin", reads, "List API tokens, newest first",
            [&](const CallContext& ctx, const ListTokens& in) { return tokens.list(ctx, in); }),
      route(del, all + "/{token_id}", "tokens:admin", changes, "Revoke an API token",
            [&](const CallContext& ctx, const TokenRef& in) { return tokens.revoke(ctx, in); }),
      route(get, "/api/v1/audit", "audit:read", reads, "List the audit trail, newest first",
            [&](const CallContext& ctx, const audit::EntryFilter& in) { return ledger.list(ctx, in); }),
      route(get, "/api/v1/whoami", "session:read", reads, "Tell who the caller is and what they may do",
            who_am_i, {.runs = RunsOn::immediate}),
  };
}

std::vector<Route> pairing_routes(Pairings& pairings) {
  const std::string all = "/api/v1/pairings";
  return {
      route(post, all, "public", changes, "Start a pairing; its code is for an administrator to enter",
            [&](const CallContext& ctx, const StartPairing& in) { return pairings.start(ctx, in); },
            {.status = 201}),
      route(post, all + "/{pairing_id}/claim", "public", changes,
            "Fetch the token of a pairing, once an administrator has entered its code",
            [&](const CallContext& ctx, const ClaimPairing& in) { return pairings.claim(ctx, in); }),
      route(post, "/api/v1/tokens/pair", "tokens:admin", changes,
            "Let in the model server that shows this code, with a token of the role service",
            [&](const CallContext& ctx, const PairCode& in) { return pairings.approve(ctx, in); }),
  };
}

}  // namespace tracseq::api
