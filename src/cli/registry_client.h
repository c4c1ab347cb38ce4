// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/client.h"
#include "api/core.h"
#include "base/mutex.h"

namespace tracseq::cli {

// The registry a program follows, at whatever a database URL may be: a database is opened by the first call
// that succeeds in doing so (until then every call is `unavailable` with the reason, so that the program
// starts without it), a server is called over HTTP with the credential. Thread-safe.
class RegistryClient final : public api::Client {
 public:
  // At `options.database_url`. `invalid` for a URL that is neither a database's nor a server's.
  static Result<std::unique_ptr<RegistryClient>> make(api::CoreOptions options, std::string token);
  // From the next call on this is the credential for a server; a database needs none.
  Result<void> use_token(std::string token);
  Result<api::Response> send(api::Request request, std::chrono::milliseconds timeout) override;

 private:
  explicit RegistryClient(api::CoreOptions options) : options_(std::move(options)) {}
  Result<api::Client*> client();

  const api::CoreOptions options_;
  Mutex mutex_;
  std::unique_ptr<api::Core> core_ GUARDED_BY(mutex_);
  // The last one is used; calls may still be under way on those before.
  std::vector<std::unique_ptr<api::Client>> clients_ GUARDED_BY(mutex_);
  std::atomic<api::Client*> ready_{nullptr};
};

}  // namespace tracseq::cli
