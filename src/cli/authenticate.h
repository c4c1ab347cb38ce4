// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "domain/security/tokens.h"
#include "server/server.h"

namespace tracseq::cli {

// Bearer tokens. Where authentication is off (loopback without --auth on), a caller without a credential is
// `local` and may do everything; one with a credential is checked all the same. Thread-safe; the tokens
// outlive it.
class TokenAuthenticator final : public server::Authenticator {
 public:
  enum class Anonymous { refuse, trust };
  TokenAuthenticator(security::Tokens& tokens, Anonymous anonymous)
      : tokens_(tokens), anonymous_(anonymous) {}
  std::optional<Result<Actor>> from_memory(const api::Request& request) override;
  Result<Actor> authenticate(const api::Request& request) override;

 private:
  Actor without_credential() const;

  security::Tokens& tokens_;
  Anonymous anonymous_;
};

}  // namespace tracseq::cli
