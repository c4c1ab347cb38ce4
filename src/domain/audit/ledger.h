// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/describe.h"
#include "storage/sql/database.h"

namespace tracseq::audit {

// What a change is about. `action` is "resource.verb" ("run.start"), `object_type`/`object_id` name what
// changed.
struct Change {
  std::string action;
  std::string object_type;
  std::string object_id;  // may be set later through Record
};

// What the change's function may add to its entry.
struct Record {
  std::string object_id;
  Json before;  // null: the object is new
  Json after;   // null: the object is gone
  Json delta;   // what changed, where before/after would be too large
  // Events for live pages, written to the outbox with the change: topic "runs", kind "started", the object's
  // id.
  struct Event {
    std::string topic;
    std::string kind;
    std::string object_id;
    Json data;
  };
  std::vector<Event> events;
  void publish(std::string topic, std::string kind, Json data = {}) {
    events.push_back({std::move(topic), std::move(kind), {}, std::move(data)});
  }
};

// One line of the audit trail, as listed.
struct Entry {
  std::string entry_id;
  std::optional<std::int64_t> sequence;  // given afterwards by the sequencer, gapless
  Timestamp time;
  std::string project_id;
  std::string actor;
  std::string actor_kind;
  std::string auth_method;
  std::string client_address;
  std::string action;
  std::string object_type;
  std::string object_id;
  std::string reason;
  std::string request_id;
  Json delta;
  std::string leaf_hash;  // hex of SHA-256(0x00 || canonical bytes), RFC 9162
};
TRACSEQ_DESCRIBE(Entry, (entry_id, sequence, time, project_id, actor, actor_kind, auth_method, client_address,
                         action, object_type, object_id, reason, request_id, delta, leaf_hash))

struct EntryFilter {
  std::string action;  // empty: all; "run." matches by prefix
  std::string object_type;
  std::string object_id;
  std::string actor;
  bool changes_only = false;  // without the entries of appended data
  std::int64_t limit = 100;
  std::string page_token;
};
TRACSEQ_DESCRIBE(EntryFilter, (action, object_type, object_id, actor, changes_only, limit, page_token))

struct EntryPage {
  std::vector<Entry> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(EntryPage, (items, next_page_token))

// Appended data (metric points, predictions): one entry per commit group and source, not per point.
struct Appended {
  std::string source;       // "metrics", "predictions"
  std::string object_type;  // of the events: "run"
  std::string object_id;
  std::int64_t count = 0;
  Digest digest{};    // SHA-256 of what was appended
  std::string topic;  // event topic, one coalesced event per object and group; empty: none
};

inline constexpr std::int64_t kSequencedAtOnceMax = 1000;

// The one door through which state changes: the change, its audit entry, its events and its idempotency
// record are written in one transaction, or none of them. Thread-safe; the database outlives it.
class Ledger {
 public:
  explicit Ledger(sql::Database& database) : database_(database) {}

  // Runs `function(Transaction&, Record&) -> Result<R>` and writes its entry. R is a described type: with an
  // idempotency key in the context it is stored, and a repeat of the call returns it without running the
  // function; the same key with another payload is `unprocessable`.
  template <class R, class F>
  Result<R> change(const CallContext& ctx, const Change& change, F&& function) {
    return database_.write([&](sql::Transaction& tx) -> Result<R> {
      TRACSEQ_TRY(const std::optional<std::string> earlier, replay(tx, ctx));
      if (earlier) return from_json<R>(*earlier, UnknownFields::ignore);
      Record record;
      record.object_id = change.object_id;
      Result<R> result = function(tx, record);
      if (!result) return result;
      TRACSEQ_CHECK(write_entry(tx, ctx, change, record));
      TRACSEQ_CHECK(remember(tx, ctx, type_info<R>(), &*result));
      return result;
    });
  }

  // The same for appended data: `function(Transaction&, std::vector<Appended>&) -> Result<R>`.
  template <class R, class F>
  Result<R> append(const CallContext& ctx, F&& function) {
    return database_.write([&](sql::Transaction& tx) -> Result<R> {
      TRACSEQ_TRY(const std::optional<std::string> earlier, replay(tx, ctx));
      if (earlier) return from_json<R>(*earlier, UnknownFields::ignore);
      std::vector<Appended> appended;
      Result<R> result = function(tx, appended);
      if (!result) return result;
      TRACSEQ_CHECK(remember(tx, ctx, type_info<R>(), &*result));
      note(tx, ctx, std::move(appended));
      return result;
    });
  }

  // For work inside a transaction somebody else opened (a reconciler's step).
  static Result<void> write_entry(sql::Transaction& tx, const CallContext& ctx, const Change& change,
                                  const Record& record);
  // The same for appended data; the last act of the transaction.
  static void note(sql::Transaction& tx, const CallContext& ctx, std::vector<Appended> appended);

  // The two halves of an idempotency key, for those who open the transaction themselves and write their
  // entries with `write_entry` or `note`. `replay`, first: claims the context's key; the JSON of the first
  // answer if this is a repeat, `unprocessable` if the key was used for another call. `remember`: keeps the
  // answer. Without a key both do nothing.
  static Result<std::optional<std::string>> replay(sql::Transaction& tx, const CallContext& ctx);
  static Result<void> remember(sql::Transaction& tx, const CallContext& ctx, const TypeInfo& type,
                               const void* result);
  // Whether the context has a key that was used already.
  static Result<bool> used(sql::Session& session, const CallContext& ctx);

  // Newest first. `limit` is 1 to 1000.
  Result<EntryPage> list(const CallContext& ctx, const EntryFilter& filter);
  // Gives committed entries that have none their gapless sequence number. Called by whoever drives (lease
  // holder); at most kSequencedAtOnceMax at a time. Returns how many.
  Result<std::int64_t> sequence_entries();
  // Forgets idempotency records made before `before`, at most sql::kRemovedAtOnceMax. Returns how many.
  Result<std::int64_t> forget_keys(Timestamp before);

 private:
  sql::Database& database_;
};

}  // namespace tracseq::audit
