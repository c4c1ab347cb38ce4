// SPDX-License-Identifier: MIT
// Private to the server: what becomes of one request, apart from reading and writing it.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "api/router.h"
#include "server/guard.h"
#include "server/page.h"
#include "server/server.h"
#include "server/wire.h"

namespace tracseq::server {

// What is served, and to whom.
struct Service {
  const api::Router& router;
  Authenticator& authenticator;
};

// What all requests share.
struct Services {
  std::atomic<const Service*> service{nullptr};
  const ServerOptions& options;
  const Guard& guard;
  const Page& page;
};

// One request and its answer. Used by one thread at a time: the I/O thread, then perhaps a worker, then the
// I/O thread.
class Exchange {
 public:
  Exchange(const Services& services, Head head, std::string client_address);

  // Judges the header. An answer ends the matter before the body is read; nothing means go on.
  std::optional<api::Response> admit();
  // The caller's rights from memory. False: `authenticate` must run on a worker first.
  bool authenticate_from_memory();
  // An answer if the caller may not do this, so that a body need not be read; nothing if it may.
  std::optional<api::Response> authorise(bool ask_authenticator);
  // Whether the caller of a call that goes on for long may still make it: what the authenticator says now,
  // from memory (nothing if that takes a look-up) or by a look-up, on a worker. One that cannot be judged,
  // since the database is away, stays.
  [[nodiscard]] std::optional<bool> still_allowed_from_memory() const;
  [[nodiscard]] bool still_allowed() const;
  // Calls the route; the body is in `request().body` (as it came) or behind `request().stream`.
  api::Response run();
  // The answer to a failure of the transport.
  [[nodiscard]] api::Response refuse(Code code, std::string message, int status = 0) const;

  [[nodiscard]] const Head& head() const noexcept { return head_; }
  [[nodiscard]] api::Request& request() noexcept { return request_; }
  [[nodiscard]] const api::Route* route() const noexcept { return match_.route; }
  [[nodiscard]] const std::string& request_id() const noexcept { return ctx_.request_id; }
  [[nodiscard]] CallContext& context() noexcept { return ctx_; }
  [[nodiscard]] bool head_only() const noexcept { return head_only_; }
  [[nodiscard]] bool wants_continue() const;
  // Whether `run` needs no other thread.
  [[nodiscard]] bool runs_inline() const;

 private:
  std::optional<api::Response> check_head();
  std::optional<api::Response> check_origin();
  std::optional<api::Response> check_body();
  std::optional<api::Response> read_target();
  [[nodiscard]] api::Response unknown_method() const;
  [[nodiscard]] bool still_good(const Result<Actor>& actor) const;
  std::optional<api::Response> page_or_nothing() const;
  void set_deadline();
  Result<void> unpack_body();

  const Services& services_;
  const Service& service_;  // the one at the beginning of the request
  Head head_;
  api::Request request_;
  api::Router::Match match_;
  CallContext ctx_;
  std::optional<Error> refused_;  // what the authenticator said
  bool authenticated_ = false;
  bool head_only_ = false;
};

}  // namespace tracseq::server
