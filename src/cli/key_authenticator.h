// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "server/server.h"

namespace tracseq::cli {

// What callers of a model server must show.
struct CallerKey {
  bool required = false;
  std::string key;  // empty though required: nobody may predict
};

// One key for all callers, shown as "Authorization: Bearer …". Immutable, thread-safe.
class KeyAuthenticator final : public server::Authenticator {
 public:
  explicit KeyAuthenticator(CallerKey key);
  std::optional<Result<Actor>> from_memory(const api::Request& request) override;
  Result<Actor> authenticate(const api::Request& request) override;

 private:
  const CallerKey key_;
  Actor caller_;
  Actor anonymous_;
};

// `auth` is auto, on or off; auto asks for the key unless only this machine can reach the server. `invalid`
// when the key is short or printed in the guide. A missing one lets the server start and refuse predictions.
Result<CallerKey> caller_key(const std::string& auth, bool loopback, std::string key);

}  // namespace tracseq::cli
