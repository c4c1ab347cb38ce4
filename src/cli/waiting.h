// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "api/router.h"
#include "base/mutex.h"
#include "server/server.h"

namespace tracseq::cli {

// What listens while the database does not answer yet: /livez says yes, /readyz and everything else 503 and
// why. Thread-safe.
class WaitingServer {
 public:
  explicit WaitingServer(const server::ServerOptions& options);
  Result<void> start();
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  // Why it still waits.
  void say(std::string reason);

 private:
  Result<api::Response> refuse();

  Mutex mutex_;
  std::string reason_ GUARDED_BY(mutex_) = "the database does not answer yet";
  api::Router router_;
  server::TrustEverybody everybody_{Actor{}};
  server::HttpServer server_;
};

}  // namespace tracseq::cli
