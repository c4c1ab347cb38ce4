// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/router.h"
#include "base/metrics.h"
#include "server/limits.h"

namespace tracseq::server {

// Who is calling. Thread-safe; outlives the server. Not asked for public routes.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // From memory alone, on the I/O thread; nothing if that takes a look-up. The request has its headers, not
  // its body.
  virtual std::optional<Result<Actor>> from_memory(const api::Request& request) = 0;
  // The same with a look-up, on a worker. A caller without a credential is an Actor of kind "anonymous"; a
  // credential that is wrong, expired or revoked is `unauthenticated`.
  // An open event stream asks again every Limits::feed_check; then only `unauthenticated` and a permission
  // that is gone end it.
  virtual Result<Actor> authenticate(const api::Request& request) = 0;
};

// Everybody may do everything, as `actor`: a server on loopback without tokens, and tests.
class TrustEverybody final : public Authenticator {
 public:
  explicit TrustEverybody(Actor actor) : actor_(std::move(actor)) {}
  std::optional<Result<Actor>> from_memory(const api::Request&) override { return actor_; }
  Result<Actor> authenticate(const api::Request&) override { return actor_; }

 private:
  Actor actor_;
};

struct ServerOptions {
  std::string host = "127.0.0.1";    // an address or a name of this machine
  std::uint16_t port = 8080;         // 0: a free one
  std::string tls_certificate_file;  // PEM, chain included; with the key it makes the server speak TLS only
  std::string tls_key_file;
  std::vector<std::string>
      allowed_hosts;       // further values of Host, with or without port, beside this machine's own
  bool serve_page = true;  // the embedded page on what is no API path
  std::string ui_dir;      // files instead of the embedded page, for development
  Limits limits;
};

// Where a server would listen.
struct Place {
  std::string address;    // numeric: "127.0.0.1", "::1"
  bool loopback = false;  // it can be reached from this machine only
};

// What a host to listen on (an address or a name) stands for now. Give the address to the server, not the
// name, where something depends on the answer: a name may stand for another address a moment later.
// `unavailable` names a host that cannot be found.
Result<Place> find_place(const std::string& host);

// HTTP/1.1 over a route table: one I/O thread, which runs immediate routes itself, and a bounded pool for the
// others. Lifecycle: the router (filled) and the authenticator outlive it; `start` once, `stop` once (the
// destructor stops without waiting for calls to finish). Thread-safe.
class HttpServer {
 public:
  HttpServer(const api::Router& router, Authenticator& authenticator, ServerOptions options,
             metrics::Registry& metrics = metrics::process());
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes the port without listening on it yet, so that one that is taken is known before long
  // preparations. At most once; `start` does it unless it was done. Errors as `start`.
  Result<void> bind();
  // Binds and begins to answer. `unavailable` names the address if it cannot be bound, `invalid` a
  // certificate or key that cannot be used.
  Result<void> start();
  // The port bound; 0 before `bind`.
  [[nodiscard]] std::uint16_t port() const noexcept;
  // "http://127.0.0.1:8080", as a client on this machine would write it.
  [[nodiscard]] std::string url() const;
  // From the next request on another table is served, by another authenticator; both outlive the server, as
  // do the ones before. For a server that answers probes while its database is still away.
  void serve(const api::Router& router, Authenticator& authenticator);
  // Stops in order: drain_announce, close the listener, close idle connections, wait for calls under way up
  // to drain_max, cut the rest. True if nothing had to be cut. A call that does not heed being cut ends the
  // process after another hard_end.
  bool stop();
  // Whether `stop` has begun (readiness answers no).
  [[nodiscard]] bool draining() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracseq::server
