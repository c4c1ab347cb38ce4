// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/describe.h"
#include "base/mutex.h"
#include "domain/audit/ledger.h"
#include "storage/sql/database.h"

namespace tracseq::security {

// Built-in roles. viewer: reads everything. editor: reads and changes what a data scientist works with.
// admin: everything. service: what a model server, worker or application needs (reads, logs, predictions,
// jobs).
enum class Role { viewer, editor, admin, service };
TRACSEQ_DESCRIBE_ENUM(Role, viewer, editor, admin, service)

// The permissions of a role, as Actor holds them.
const std::set<std::string>& permissions_of(Role role);

struct Token {
  std::string token_id;
  std::string name;
  Role role = Role::viewer;
  Timestamp created_at;
  std::string created_by;
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> revoked_at;
};
TRACSEQ_DESCRIBE(Token, (token_id, name, role, created_at, created_by, expires_at, revoked_at))

struct CreateToken {
  std::string name;
  Role role = Role::viewer;
  std::optional<Timestamp> expires_at;  // absent: never
};
TRACSEQ_DESCRIBE(CreateToken, (name, role, expires_at))

struct CreatedToken {
  std::string token_id;
  std::string token;  // shown this once
  Role role = Role::viewer;
};
TRACSEQ_DESCRIBE(CreatedToken, (token_id, token, role))

struct TokenRef {
  std::string token_id;
  std::string reason;
};
TRACSEQ_DESCRIBE(TokenRef, (token_id, reason))

struct ListTokens {
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListTokens, (limit, page_token))

struct TokenPage {
  std::vector<Token> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(TokenPage, (items, next_page_token))

// A token's text: `mlp_live_<id>_<secret><check>`. The prefix lets leak scanners find it, the check refuses a
// mistyped one without a look at the database.
struct TokenText {
  std::string token_id;
  std::string secret;
};
std::string format_token(const TokenText& token);
// Nothing for a text that is no token.
std::optional<TokenText> parse_token(std::string_view text);

// API tokens: created, listed, revoked, recognised.
// Lifecycle: built once over a database and a ledger that outlive it. Thread-safe.
class Tokens {
 public:
  Tokens(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  Result<CreatedToken> create(const CallContext& ctx, const CreateToken& request);
  // Newest first, revoked ones included.
  Result<TokenPage> list(const CallContext& ctx, const ListTokens& request);
  // May be repeated. `not_found` for an unknown id.
  Result<Token> revoke(const CallContext& ctx, const TokenRef& ref);

  // Who holds this token. `unauthenticated`, with the same words whatever is wrong with it. What is known is
  // kept for a second, so a token revoked by another process works that much longer.
  Result<Actor> authenticate(std::string_view text);
  // The same without a look at the database; nothing if it takes one.
  std::optional<Result<Actor>> from_memory(std::string_view text);

  // The first start's administrator token; nothing if any token exists already.
  Result<std::optional<CreatedToken>> bootstrap(const CallContext& ctx);

  // A key given by configuration (MLOPS_API_KEY): the actor it stands for carries the role `service`.
  void accept_key(std::string key);

 private:
  struct Known {
    Actor actor;
    Digest secret_hash;
    std::optional<Timestamp> expires_at;
    Steady::time_point until;
  };
  Result<Known> look_up(const std::string& token_id);
  static Result<Actor> verify(const Known& known, std::string_view secret);

  sql::Database& database_;  // constant after construction
  audit::Ledger& ledger_;    // constant after construction
  Mutex mutex_;
  std::string key_ GUARDED_BY(mutex_);
  std::map<std::string, Known, std::less<>> known_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::security
