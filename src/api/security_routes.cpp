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

}  // namespace tracseq::api
