// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace tracseq {

// Who calls, how they proved it and what they may do.
struct Actor {
  std::string id = "system";    // "os:<user>@<host>", "token:<id>", "system"
  std::string kind = "system";  // user, service, system
  std::string auth_method = "none";
  std::string client_address;  // empty in process
  // Granted permissions "resource:action"; "*" grants all, "*:read" an action on everything.
  std::set<std::string> permissions;
  [[nodiscard]] bool may(const std::string& permission) const {
    if (permissions.contains("*") || permissions.contains(permission)) return true;
    return permissions.contains("*" + permission.substr(std::min(permission.find(':'), permission.size())));
  }
};

// What travels with every call through services: who, for which request, until when. Copyable; the cancel
// flag is shared between copies.
struct CallContext {
  Actor actor;
  std::string project_id = "default";
  std::string request_id;
  std::string reason;           // why, in the caller's words; goes into the audit
  std::string idempotency_key;  // empty: none. Unique per actor
  std::string fingerprint;  // SHA-256 of method, path and body; with the key it makes a repeat recognisable
  Steady::time_point deadline = Steady::time_point::max();
  std::shared_ptr<std::atomic<bool>> cancelled;

  // `cancelled` or `deadline` if the call should stop now; long work asks between its steps.
  [[nodiscard]] Result<void> check() const {
    if (cancelled && cancelled->load(std::memory_order_relaxed))
      return fail(Code::cancelled, "the call was cancelled");
    if (Steady::now() > deadline) return fail(Code::deadline, "the call's deadline has passed");
    return {};
  }
};

}  // namespace tracseq
