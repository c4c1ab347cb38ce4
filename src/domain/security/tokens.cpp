// SPDX-License-Identifier: MIT
#include "domain/security/tokens.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "base/id.h"

namespace tracseq::security {
namespace {

using sql::args;

constexpr std::size_t kKnownMax = 10'000;
constexpr auto kKnownFor = std::chrono::seconds{1};

constexpr sql::Statement kInsert{"security.insert_token",
                                 "INSERT INTO api_tokens (token_id, project_id, name, role, secret_hash, "
                                 "created_at, created_by, expires_at) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kList{"security.list_tokens",
                               "SELECT token_id, name, role, created_at, created_by, expires_at, revoked_at "
                               "FROM api_tokens WHERE project_id = ? AND (? = '' OR (created_at, token_id) < "
                               "(SELECT created_at, token_id FROM api_tokens WHERE token_id = ?)) "
                               "ORDER BY created_at DESC, token_id DESC LIMIT ?"};
constexpr sql::Statement kGet{"security.get_token",
                              "SELECT token_id, name, role, created_at, created_by, expires_at, revoked_at "
                              "FROM api_tokens WHERE project_id = ? AND "
                              "token_id = ?"};
constexpr sql::Statement kRevoke{
    "security.revoke_token",
    "UPDATE api_tokens SET revoked_at = ? WHERE token_id = ? AND revoked_at IS NULL"};
constexpr sql::Statement kSecret{
    "security.token_secret",
    "SELECT secret_hash, role, expires_at, revoked_at, name FROM api_tokens WHERE token_id = ?"};
constexpr sql::Statement kAnyAdministrator{
    "security.any_administrator",
    "SELECT 1 FROM api_tokens WHERE role = ? AND revoked_at IS NULL AND "
    "(expires_at IS NULL OR expires_at > ?) LIMIT 1"};

tl::unexpected<Error> refused() {
  return fail(Code::unauthenticated, "the credential is missing, unknown, expired or revoked");
}

struct Made {
  TokenText text;
  Digest hash;
};

Made make_token() {
  std::array<std::byte, 32> secret{};
  random_bytes(secret);
  Made made{{new_id(), hex(secret)}, {}};
  made.hash = sha256(bytes_of(made.text.secret));
  return made;
}

}  // namespace

TRACSEQ_DEFINE_ENUM(Role)
TRACSEQ_DEFINE_TYPE(Token)
TRACSEQ_DEFINE_TYPE(
    CreateToken,
    {.name = "name", .text = "What it is for", .required = true, .length_max = 200, .length_min = 1},
    {.name = "role", .text = "viewer, editor, admin or service"},
    {.name = "expires_at", .text = "Absent: never"})
TRACSEQ_DEFINE_TYPE(CreatedToken, {.name = "token", .text = "Shown this once; keep it", .secret = true})
TRACSEQ_DEFINE_TYPE(TokenRef, {.name = "token_id", .required = true})
TRACSEQ_DEFINE_TYPE(ListTokens, {.name = "limit", .min = 1, .max = 1000})
TRACSEQ_DEFINE_TYPE(TokenPage)

const std::set<std::string>& permissions_of(Role role) {
  static const std::set<std::string> viewer{"*:read"};
  static const std::set<std::string> editor{"*:read", "*:write", "*:delete", "*:promote", "jobs:work"};
  static const std::set<std::string> admin{"*"};
  static const std::set<std::string> service{"*:read",          "runs:write",        "metrics:write",
                                             "artifacts:write", "predictions:write", "monitoring:write",
                                             "traffic:write",   "abtest-data:write", "jobs:work"};
  switch (role) {
    case Role::viewer:
      return viewer;
    case Role::editor:
      return editor;
    case Role::service:
      return service;
    case Role::admin:
      break;
  }
  return admin;
}

Result<CreatedToken> insert_token(sql::Transaction& tx, audit::Record& record, const CallContext& ctx,
                                  const CreateToken& request) {
  const Made made = make_token();
  TRACSEQ_CHECK(
      tx.execute(kInsert, args(made.text.token_id, ctx.project_id, request.name, enum_name(request.role),
                               made.hash, now(), ctx.actor.id, request.expires_at)));
  record.object_id = made.text.token_id;
  record.after = to_document(request);
  record.delta = Json::object().set("name", request.name).set("role", enum_name(request.role));
  return CreatedToken{made.text.token_id, format_token(made.text), request.role};
}

Result<CreatedToken> Tokens::create(const CallContext& ctx, const CreateToken& request) {
  if (request.expires_at && *request.expires_at <= now())
    return fail_field("expires_at", "expires_at lies in the past; it must be a later time");
  // The answer holds the secret, so it is not kept for repeats: a repeated call makes another token.
  CallContext once = ctx;
  once.idempotency_key.clear();
  return ledger_.change<CreatedToken>(
      once, {"token.create", "token", {}},
      [&](sql::Transaction& tx, audit::Record& record) { return insert_token(tx, record, ctx, request); });
}

Result<TokenPage> Tokens::list(const CallContext& ctx, const ListTokens& request) {
  TRACSEQ_CHECK(check_fields(type_info<ListTokens>(), &request));
  TokenPage page;
  TRACSEQ_TRY(page.items, database_.read([&](sql::Session& session) -> Result<std::vector<Token>> {
    if (!request.page_token.empty()) {
      TRACSEQ_TRY(const auto last,
                  session.query_one_as<Token>(kGet, args(ctx.project_id, request.page_token)));
      if (!last) return fail_field("page_token", "page_token is not one that a list gave");
    }
    return session.query_as<Token>(
        kList, args(ctx.project_id, request.page_token, request.page_token, request.limit + 1));
  }));
  if (std::ssize(page.items) > request.limit) {
    page.items.pop_back();
    page.next_page_token = page.items.back().token_id;
  }
  return page;
}

Result<Token> Tokens::revoke(const CallContext& ctx, const TokenRef& ref) {
  CallContext reasoned = ctx;
  if (!ref.reason.empty()) reasoned.reason = ref.reason;
  auto revoked = ledger_.change<Token>(
      reasoned, {"token.revoke", "token", ref.token_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<Token> {
        TRACSEQ_TRY(const auto before, tx.query_one_as<Token>(kGet, args(ctx.project_id, ref.token_id)));
        if (!before)
          return fail(Error{
              Code::not_found, "no token has the id '" + ref.token_id.substr(0, 80) + "'", {}, "token_id"});
        TRACSEQ_CHECK(tx.execute(kRevoke, args(now(), ref.token_id)));
        TRACSEQ_TRY(const auto after, tx.query_one_as<Token>(kGet, args(ctx.project_id, ref.token_id)));
        record.before = to_document(*before);
        record.after = to_document(*after);
        return *after;
      });
  const Lock lock(mutex_);
  known_.erase(ref.token_id);
  return revoked;
}

Result<Tokens::Known> Tokens::look_up(const std::string& token_id) {
  const auto read = [&](const sql::Row& row) -> std::optional<Known> {
    if (!row.is_null(3) || row.bytes(0).size() != sizeof(Digest)) return std::nullopt;
    Known known;
    std::copy_n(row.bytes(0).begin(), sizeof(Digest), known.secret_hash.begin());
    const auto role = enum_from<Role>("role", row.text(1));
    if (!role) return std::nullopt;
    known.expires_at = row.maybe_time(2);
    known.actor.id = "token:" + token_id;
    known.actor.kind = *role == Role::service ? "service" : "user";
    known.actor.auth_method = "token";
    known.actor.permissions = permissions_of(*role);
    known.until = Steady::now() + kKnownFor;
    return known;
  };
  TRACSEQ_TRY(const auto found, database_.read([&](sql::Session& session) {
    return session.query_one(kSecret, args(token_id), read);
  }));
  if (!found || !*found) return refused();
  return **found;
}

Result<Actor> Tokens::verify(const Known& known, std::string_view secret) {
  const Digest hash = sha256(bytes_of(secret));
  if (!equal_constant_time(text_of(hash), text_of(known.secret_hash))) return refused();
  if (known.expires_at && *known.expires_at <= now()) return refused();
  return known.actor;
}

std::optional<Result<Actor>> Tokens::from_memory(std::string_view text) {
  const auto token = parse_token(text);
  const Lock lock(mutex_);
  if (!key_.empty() && equal_constant_time(text, key_)) {
    Actor actor;
    actor.id = "key:MLOPS_API_KEY";
    actor.kind = "service";
    actor.auth_method = "key";
    actor.permissions = permissions_of(Role::service);
    return actor;
  }
  if (!token) return Result<Actor>(refused());
  const auto found = known_.find(token->token_id);
  if (found == known_.end() || found->second.until <= Steady::now()) return std::nullopt;
  return verify(found->second, token->secret);
}

Result<Actor> Tokens::authenticate(std::string_view text) {
  if (auto known = from_memory(text)) return std::move(*known);
  const auto token = parse_token(text);  // from_memory answers for all that is no token
  TRACSEQ_TRY(const Known known, look_up(token->token_id));
  {
    const Lock lock(mutex_);
    if (known_.size() >= kKnownMax) known_.clear();
    known_.insert_or_assign(token->token_id, known);
  }
  return verify(known, token->secret);
}

Result<std::optional<CreatedToken>> Tokens::bootstrap(const CallContext& ctx) {
  TRACSEQ_TRY(const auto any, database_.read([&](sql::Session& session) {
    return session.query_one(kAnyAdministrator, args(enum_name(Role::admin), now()),
                             [](const sql::Row&) { return true; });
  }));
  if (any) return std::nullopt;
  TRACSEQ_TRY(CreatedToken token, create(ctx, {"first administrator", Role::admin, std::nullopt}));
  return std::optional(std::move(token));
}

void Tokens::accept_key(std::string key) {
  const Lock lock(mutex_);
  key_ = std::move(key);
}

}  // namespace tracseq::security
