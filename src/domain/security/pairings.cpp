// SPDX-License-Identifier: MIT
#include "domain/security/pairings.h"

#include <fmt/core.h>

#include <array>

#include "base/crypto.h"
#include "base/id.h"

namespace tracseq::security {
namespace {

using sql::args;

// No vowels, so that no code is a word, and no letter that is read as a digit.
constexpr std::string_view kAlphabet = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t kCodeLetters = 8;
constexpr std::size_t kNameMax = 200;

constexpr sql::Statement kForget{"security.forget_pairings", "DELETE FROM pairings WHERE expires_at <= ?"};
constexpr sql::Statement kCount{"security.count_pairings", "SELECT count(*) FROM pairings"};
constexpr sql::Statement kInsert{
    "security.insert_pairing",
    "INSERT INTO pairings (pairing_id, project_id, name, code_hash, secret_hash, created_at, expires_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kByCode{
    "security.pairing_by_code",
    "SELECT pairing_id, name FROM pairings WHERE code_hash = ? AND approved_by IS NULL AND expires_at > ?"};
constexpr sql::Statement kApprove{"security.approve_pairing",
                                  "UPDATE pairings SET approved_by = ?, expires_at = ? WHERE pairing_id = ?"};
constexpr sql::Statement kById{"security.pairing_by_id",
                               "SELECT name, secret_hash, approved_by, project_id FROM pairings "
                               "WHERE pairing_id = ? AND token_id IS NULL AND expires_at > ?"};
constexpr sql::Statement kClaimed{
    "security.claim_pairing", "UPDATE pairings SET token_id = ? WHERE pairing_id = ? AND token_id IS NULL"};

std::string new_code() {
  constexpr int kFair = 256 / static_cast<int>(kAlphabet.size()) * static_cast<int>(kAlphabet.size());
  std::string code;
  while (code.size() < kCodeLetters) {
    std::array<std::byte, 16> random{};
    random_bytes(random);
    for (const std::byte byte : random)
      if (const int value = std::to_integer<int>(byte); value < kFair && code.size() < kCodeLetters)
        code += kAlphabet[static_cast<std::size_t>(value) % kAlphabet.size()];
  }
  return code;
}

// What a person typed, as the code was made.
std::string bare(std::string_view typed) {
  std::string code;
  for (const char c : typed)
    if (c != '-' && c != ' ') code += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return code;
}

struct Waiting {
  std::string name;
  std::string secret_hash;
  std::optional<std::string> approved_by;
  std::string project_id;
};

Waiting read_waiting(const sql::Row& row) {
  const auto hash = row.bytes(1);
  return {row.str(0), std::string(reinterpret_cast<const char*>(hash.data()), hash.size()),
          row.is_null(2) ? std::nullopt : std::optional(row.str(2)), row.str(3)};
}

tl::unexpected<Error> unknown() {
  return fail(Code::not_found, "no such pairing waits: it is unknown, has expired or was claimed already");
}

}  // namespace

TRACSEQ_DEFINE_TYPE(StartPairing,
                    {.name = "name",
                     .text = "Who asks, as an administrator will know it",
                     .required = true,
                     .length_max = kNameMax,
                     .length_min = 1},
                    {.name = "secret_hash",
                     .text = "SHA-256 in hex of a secret of 256 random bits",
                     .required = true,
                     .length_max = 64,
                     .length_min = 64})
TRACSEQ_DEFINE_TYPE(StartedPairing,
                    {.name = "code", .text = "For an administrator to type; shown this once", .secret = true})
TRACSEQ_DEFINE_TYPE(ClaimPairing, {.name = "pairing_id", .required = true, .length_max = 64},
                    {.name = "secret", .required = true, .length_max = 256, .secret = true})
TRACSEQ_DEFINE_ENUM(PairingState)
TRACSEQ_DEFINE_TYPE(ClaimedPairing, {.name = "state", .text = "waiting for an administrator, or paired"},
                    {.name = "token", .text = "Given this once", .secret = true})
TRACSEQ_DEFINE_TYPE(PairCode,
                    {.name = "code",
                     .text = "As the model server shows it",
                     .required = true,
                     .length_max = 32,
                     .length_min = 1},
                    {.name = "reason", .text = "Why; kept in the audit trail", .length_max = 1000})
TRACSEQ_DEFINE_TYPE(ApprovedPairing)

bool Pairings::Rate::take(int max) {
  if (const auto time = Steady::now(); time - since >= std::chrono::minutes{1}) {
    since = time;
    count = 0;
  }
  return ++count <= max;
}

Result<StartedPairing> Pairings::start(const CallContext& ctx, const StartPairing& request) {
  {
    const Lock lock(mutex_);
    if (!starts_.take(kPairingStartsPerMinuteMax))
      return fail(Code::resource_exhausted, "too many pairings were started; try again in a minute");
  }
  const std::string code = new_code();
  StartedPairing started{new_id(), code.substr(0, kCodeLetters / 2) + "-" + code.substr(kCodeLetters / 2),
                         now() + kPairingLife};
  // The answer holds the code, so it is not kept for repeats.
  CallContext once = ctx;
  once.idempotency_key.clear();
  return ledger_.change<StartedPairing>(
      once, {"pairing.start", "pairing", started.pairing_id},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<StartedPairing> {
        TRACSEQ_CHECK(tx.execute(kForget, args(now())));
        TRACSEQ_TRY(const auto waiting,
                    tx.query_one(kCount, {}, [](const sql::Row& row) { return row.integer(0); }));
        if (waiting.value_or(0) >= kPairingsWaitingMax)
          return fail(Code::resource_exhausted,
                      fmt::format("{} pairings wait already; each ends after {} minutes", kPairingsWaitingMax,
                                  kPairingLife.count()));
        TRACSEQ_CHECK(
            tx.execute(kInsert, args(started.pairing_id, ctx.project_id, request.name, sha256(bytes_of(code)),
                                     sha256(bytes_of(request.secret_hash)), now(), started.expires_at)));
        record.delta = Json::object().set("name", request.name);
        return started;
      });
}

Result<ApprovedPairing> Pairings::approve(const CallContext& ctx, const PairCode& request) {
  const auto too_many = [] {
    return fail(Code::resource_exhausted, "too many wrong codes; try again in a minute");
  };
  {
    const Lock lock(mutex_);
    if (wrong_.count >= kWrongCodesPerMinuteMax && Steady::now() - wrong_.since < std::chrono::minutes{1})
      return too_many();
  }
  CallContext reasoned = ctx;
  if (!request.reason.empty()) reasoned.reason = request.reason;
  auto approved = ledger_.change<ApprovedPairing>(
      reasoned, {"pairing.approve", "pairing", {}},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<ApprovedPairing> {
        TRACSEQ_TRY(const auto found, tx.query_one(kByCode, args(sha256(bytes_of(bare(request.code))), now()),
                                                   [](const sql::Row& row) {
                                                     return ApprovedPairing{row.str(0), row.str(1)};
                                                   }));
        if (!found)
          return fail(Error{Code::not_found,
                            "nobody waits with this code: it is mistyped, was used already, or has expired",
                            {},
                            "code"});
        TRACSEQ_CHECK(tx.execute(kApprove, args(ctx.actor.id, now() + kPairingLife, found->pairing_id)));
        record.object_id = found->pairing_id;
        record.delta = Json::object().set("name", found->name);
        return *found;
      });
  if (!approved && approved.error().code == Code::not_found) {
    const Lock lock(mutex_);
    wrong_.take(kWrongCodesPerMinuteMax);
  }
  return approved;
}

Result<ClaimedPairing> Pairings::claim(const CallContext& ctx, const ClaimPairing& request) {
  const Digest given = sha256(bytes_of(sha256_hex(bytes_of(request.secret))));
  const auto look = [&](sql::Session& session) -> Result<Waiting> {
    TRACSEQ_TRY(auto found, session.query_one(kById, args(request.pairing_id, now()), read_waiting));
    if (!found || !equal_constant_time(text_of(given), found->secret_hash)) return unknown();
    return std::move(*found);
  };
  TRACSEQ_TRY(const Waiting waiting, database_.read(look));
  if (!waiting.approved_by) return ClaimedPairing{};
  // The administrator who let it in is the one who issues the token.
  CallContext issuer = ctx;
  issuer.actor.id = *waiting.approved_by;
  issuer.actor.kind = "user";
  issuer.project_id = waiting.project_id;
  issuer.idempotency_key.clear();
  issuer.reason = "pairing " + request.pairing_id;
  return ledger_.change<ClaimedPairing>(
      issuer, {"token.create", "token", {}},
      [&](sql::Transaction& tx, audit::Record& record) -> Result<ClaimedPairing> {
        TRACSEQ_TRY(const CreatedToken token,
                    insert_token(tx, record, issuer, {waiting.name, Role::service, std::nullopt}));
        TRACSEQ_TRY(const auto claimed, tx.execute(kClaimed, args(token.token_id, request.pairing_id)));
        if (claimed == 0) return unknown();
        return ClaimedPairing{PairingState::paired, token.token_id, token.token};
      });
}

}  // namespace tracseq::security
