// SPDX-License-Identifier: MIT
#pragma once

#include "storage/sql/value.h"

// What writes an entry. In a header for the bench, whose floor runs the same statement.
namespace tracseq::audit {

inline constexpr sql::Statement kInsertEntry{
    "audit.insert_entry",
    "INSERT INTO audit_entries (entry_id, time_us, project_id, actor, actor_kind, auth_method, "
    "client_address, action, "
    "object_type, object_id, reason, request_id, idempotency_key, before_digest, after_digest, delta, "
    "canonical, "
    "leaf_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};

}  // namespace tracseq::audit
