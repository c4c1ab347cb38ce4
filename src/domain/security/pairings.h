// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/context.h"
#include "base/describe.h"
#include "base/mutex.h"
#include "domain/audit/ledger.h"
#include "domain/security/tokens.h"
#include "storage/sql/database.h"

namespace tracseq::security {

inline constexpr std::chrono::minutes kPairingLife{10};
inline constexpr std::int64_t kPairingsWaitingMax = 32;
inline constexpr int kPairingStartsPerMinuteMax = 30;  // of one server process
inline constexpr int kWrongCodesPerMinuteMax = 10;     // of one server process

struct StartPairing {
  std::string name;         // who asks, as an administrator will know it
  std::string secret_hash;  // SHA-256 in hex of a secret of the asker's own, at least 256 random bits
};
TRACSEQ_DESCRIBE(StartPairing, (name, secret_hash))

struct StartedPairing {
  std::string pairing_id;
  std::string code;  // "BCDF-GHJK"; shown this once, for a person to type
  Timestamp expires_at;
};
TRACSEQ_DESCRIBE(StartedPairing, (pairing_id, code, expires_at))

struct ClaimPairing {
  std::string pairing_id;
  std::string secret;
};
TRACSEQ_DESCRIBE(ClaimPairing, (pairing_id, secret))

enum class PairingState { waiting, paired };
TRACSEQ_DESCRIBE_ENUM(PairingState, waiting, paired)

struct ClaimedPairing {
  PairingState state = PairingState::waiting;
  std::string token_id;
  std::string token;  // of a paired one: given this once
};
TRACSEQ_DESCRIBE(ClaimedPairing, (state, token_id, token))

struct PairCode {
  std::string code;
  std::string reason;
};
TRACSEQ_DESCRIBE(PairCode, (code, reason))

struct ApprovedPairing {
  std::string pairing_id;
  std::string name;
};
TRACSEQ_DESCRIBE(ApprovedPairing, (pairing_id, name))

// Lets a model server without a credential in: it starts a pairing and shows the code; an administrator who
// trusts the one that shows it enters the code; the model server, which alone knows the secret, then gets a
// token of the role `service`, issued by that administrator. What waits expires after kPairingLife.
// Thread-safe; lifecycle as Tokens.
class Pairings {
 public:
  Pairings(sql::Database& database, audit::Ledger& ledger) : database_(database), ledger_(ledger) {}

  // `resource_exhausted` while too many wait or start.
  Result<StartedPairing> start(const CallContext& ctx, const StartPairing& request);
  // `not_found`, with the same words, for a pairing that is unknown, expired, claimed already, or another's.
  Result<ClaimedPairing> claim(const CallContext& ctx, const ClaimPairing& request);
  // Dashes, blanks and case of the code do not matter. `not_found` for a code nobody waits with,
  // `resource_exhausted` after too many wrong ones.
  Result<ApprovedPairing> approve(const CallContext& ctx, const PairCode& request);

 private:
  // At most so many a minute.
  struct Rate {
    Steady::time_point since{};
    int count = 0;
    bool take(int max);
  };

  sql::Database& database_;  // constant after construction
  audit::Ledger& ledger_;    // constant after construction
  Mutex mutex_;
  Rate starts_ GUARDED_BY(mutex_);
  Rate wrong_ GUARDED_BY(mutex_);
};

}  // namespace tracseq::security
