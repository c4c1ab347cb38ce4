// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "api/client.h"
#include "api/core.h"
#include "base/mutex.h"

namespace tracseq::cli {

// The registry a program follows, at whatever a database URL may be: a database is opened by the first call
// that succeeds in doing so (until then every call is `unavailable` with the reason, so that the program
// starts without it), a server is called over HTTP with the credential. Thread-safe.
class RegistryClient final : public api::Client {
 public:
  // `invalid` for a URL that is neither a database's nor a server's.
  static Result<std::unique_ptr<RegistryClient>> make(std::string url, std::string token);
  Result<api::Response> send(api::Request request, std::chrono::milliseconds timeout) override;

 private:
  explicit RegistryClient(std::string url) : url_(std::move(url)) {}
  Result<api::Client*> client();

  const std::string url_;
  Mutex mutex_;
  std::unique_ptr<api::Core> core_ GUARDED_BY(mutex_);
  std::unique_ptr<api::Client> client_ GUARDED_BY(mutex_);
  std::atomic<api::Client*> ready_{nullptr};
};

}  // namespace tracseq::cli
