// SPDX-License-Identifier: MIT
#include "domain/audit/ledger.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/id.h"
#include "domain/audit/entry_statement.h"
#include "storage/sql/retention.h"

namespace tracseq::audit {
namespace {

using sql::args;

constexpr sql::Statement kInsertEvent{"audit.insert_event",
                                      "INSERT INTO outbox (topic, kind, object_type, object_id, project_id, "
                                      "data, time_us) VALUES (?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kClaimKey{
    "audit.claim_key",
    "INSERT INTO idempotency_keys (actor, key, fingerprint, response, created_us) VALUES (?, ?, ?, '', ?) "
    "ON CONFLICT DO NOTHING"};
constexpr sql::Statement kReadKey{
    "audit.read_key", "SELECT fingerprint, response FROM idempotency_keys WHERE actor = ? AND key = ?"};
constexpr sql::Statement kRememberKey{"audit.remember_key",
                                      "UPDATE idempotency_keys SET response = ? WHERE actor = ? AND key = ?"};
constexpr sql::Statement kForgetKeys{
    "audit.forget_keys",
    "DELETE FROM idempotency_keys WHERE (actor, key) IN "
    "(SELECT actor, key FROM idempotency_keys WHERE created_us < ? ORDER BY created_us LIMIT ?)"};
constexpr sql::Statement kUnsequenced{
    "audit.unsequenced",
    "SELECT entry_id FROM audit_entries WHERE sequence IS NULL ORDER BY entry_id LIMIT ?"};
constexpr sql::Statement kSetSequence{"audit.set_sequence",
                                      "UPDATE audit_entries SET sequence = ? WHERE entry_id = ?"};
constexpr sql::Statement kNextSequence{
    "audit.next_sequence",
    "INSERT INTO counters (name, value) VALUES ('audit.sequence', ?) "
    "ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value"};
constexpr sql::Statement kList{
    "audit.list",
    "SELECT entry_id, sequence, time_us, project_id, actor, actor_kind, auth_method, client_address, action, "
    "object_type, object_id, reason, request_id, delta, leaf_hash FROM audit_entries "
    "WHERE project_id = ? AND (? = '' OR action = ? OR (action >= ? AND action < ?)) AND (? = '' OR "
    "object_type = ?) "
    "AND (? = '' OR object_id = ?) AND (? = '' OR actor = ?) "
    "AND (? = 0 OR action NOT LIKE '%.append') AND entry_id < ? ORDER BY entry_id DESC LIMIT ?"};

std::optional<Digest> digest_of(const Json& state) {
  if (state.is_null()) return std::nullopt;
  return sha256(bytes_of(canonical_json(state)));
}

Json hex_or_null(const std::optional<Digest>& digest) { return digest ? Json(hex(*digest)) : Json(); }

// The bytes an entry is known by for ever: sorted keys, no white space. Their fields and order are a format
// (docs/formats/audit-entry.md); a new field may be added, an old one never changes.
std::string canonical_bytes(const std::string& entry_id, Timestamp time, const CallContext& ctx,
                            const Change& change, const Record& record, const std::optional<Digest>& before,
                            const std::optional<Digest>& after) {
  Json entry = Json::object();
  entry.set("entry_id", entry_id).set("time", format_rfc3339(time)).set("project_id", ctx.project_id);
  entry.set("actor", ctx.actor.id)
      .set("actor_kind", ctx.actor.kind)
      .set("auth_method", ctx.actor.auth_method);
  entry.set("client_address", ctx.actor.client_address).set("action", change.action);
  entry.set("object_type", change.object_type).set("object_id", record.object_id).set("reason", ctx.reason);
  entry.set("request_id", ctx.request_id).set("idempotency_key", ctx.idempotency_key);
  entry.set("before_digest", hex_or_null(before))
      .set("after_digest", hex_or_null(after))
      .set("delta", record.delta);
  return canonical_json(entry);
}

Digest leaf_hash(std::string_view canonical) {
  constexpr std::array kLeafPrefix{std::byte{0}};
  Sha256 hash;
  hash.update(kLeafPrefix);
  hash.update(bytes_of(canonical));
  return hash.finish();
}

template <class T>
std::optional<ByteView> view(const std::optional<T>& digest) {
  return digest ? std::optional<ByteView>(ByteView(*digest)) : std::nullopt;
}

Result<void> write_event(sql::Transaction& tx, const CallContext& ctx, const Record::Event& event,
                         const std::string& object_type, const std::string& object_id, Timestamp time) {
  TRACSEQ_CHECK(tx.execute(kInsertEvent, args(event.topic, event.kind, object_type, object_id, ctx.project_id,
                                              dump_json(event.data), time)));
  return {};
}

// Collects what the transactions of one commit group appended and writes one entry per source and actor.
class AppendHook final : public sql::CommitHook {
 public:
  void add(const CallContext& ctx, std::vector<Appended> appended) {
    for (Appended& one : appended) {
      Group& group = groups_[{one.source, ctx.actor.id, ctx.project_id}];
      if (group.count == 0) group.context = ctx;
      group.count += one.count;
      group.digests.update(one.digest);
      group.objects[{one.topic, one.object_type, one.object_id}] += one.count;
    }
  }

  Result<void> before_commit(sql::Transaction& tx) override {
    for (auto& [key, group] : groups_) TRACSEQ_CHECK(write(tx, std::get<0>(key), group));
    groups_.clear();
    return {};
  }

 private:
  struct Group {
    CallContext context;
    std::int64_t count = 0;
    Sha256 digests;
    std::map<std::tuple<std::string, std::string, std::string>, std::int64_t>
        objects;  // topic, type, id -> count
  };

  static Result<void> write(sql::Transaction& tx, const std::string& source, Group& group) {
    Record record;
    record.delta = Json::object();
    record.delta.set("count", group.count).set("objects", group.objects.size());
    record.delta.set("digest", hex(group.digests.finish()));
    const auto& [first_topic, type, id] = group.objects.begin()->first;
    if (group.objects.size() == 1) record.object_id = id;
    CallContext ctx = group.context;
    ctx.idempotency_key.clear();  // keys belong to single calls, the entry to the whole group
    TRACSEQ_CHECK(Ledger::write_entry(tx, ctx, {source + ".append", type, {}}, record));
    const Timestamp time = now();
    for (const auto& [object, count] : group.objects) {
      const auto& [topic, object_type, object_id] = object;
      if (topic.empty()) continue;
      Json data = Json::object();
      data.set("count", count);
      TRACSEQ_CHECK(
          write_event(tx, ctx, {topic, "appended", {}, std::move(data)}, object_type, object_id, time));
    }
    return {};
  }

  std::map<std::tuple<std::string, std::string, std::string>, Group> groups_;  // source, actor, project
};

constexpr char kAppendHookKey = 0;  // its address is the key

Entry entry_of(const sql::Row& row) {
  Entry entry;
  entry.entry_id = row.str(0);
  if (!row.is_null(1)) entry.sequence = row.integer(1);
  entry.time = row.time(2);
  entry.project_id = row.str(3);
  entry.actor = row.str(4);
  entry.actor_kind = row.str(5);
  entry.auth_method = row.str(6);
  entry.client_address = row.str(7);
  entry.action = row.str(8);
  entry.object_type = row.str(9);
  entry.object_id = row.str(10);
  entry.reason = row.str(11);
  entry.request_id = row.str(12);
  entry.delta = parse_json(row.text(13)).value_or(Json());
  entry.leaf_hash = hex(row.bytes(14));
  return entry;
}

// The last entry of the page before; what is greater than every id for the first page.
Result<std::string> read_token(const std::string& token) {
  if (token.empty()) return std::string("~");
  if (!is_id(token)) return fail_field("page_token", "page_token is not one that a list gave");
  return token;
}

}  // namespace

Result<void> Ledger::write_entry(sql::Transaction& tx, const CallContext& ctx, const Change& change,
                                 const Record& record) {
  const std::string entry_id = new_id();
  const Timestamp time = now();
  const auto before = digest_of(record.before);
  const auto after = digest_of(record.after);
  const std::string canonical = canonical_bytes(entry_id, time, ctx, change, record, before, after);
  TRACSEQ_CHECK(tx.execute(
      kInsertEntry, args(entry_id, time, ctx.project_id, ctx.actor.id, ctx.actor.kind, ctx.actor.auth_method,
                         ctx.actor.client_address, change.action, change.object_type, record.object_id,
                         ctx.reason, ctx.request_id, ctx.idempotency_key, view(before), view(after),
                         dump_json(record.delta), bytes_of(canonical), leaf_hash(canonical))));
  for (const Record::Event& event : record.events)
    TRACSEQ_CHECK(write_event(tx, ctx, event, change.object_type,
                              event.object_id.empty() ? record.object_id : event.object_id, time));
  return {};
}

Result<std::optional<std::string>> Ledger::replay(sql::Transaction& tx, const CallContext& ctx) {
  if (ctx.idempotency_key.empty()) return std::nullopt;
  // Claiming first makes a concurrent repeat wait for the first call's end instead of doing the work twice.
  TRACSEQ_TRY(const std::int64_t claimed,
              tx.execute(kClaimKey, args(ctx.actor.id, ctx.idempotency_key, ctx.fingerprint, now())));
  if (claimed == 1) return std::nullopt;
  using Stored = std::pair<std::string, std::string>;
  TRACSEQ_TRY(const auto stored,
              tx.query_one(kReadKey, args(ctx.actor.id, ctx.idempotency_key),
                           [](const sql::Row& row) { return Stored{row.str(0), row.str(1)}; }));
  if (!stored) return fail(Code::conflict, "the call with this idempotency key is still under way");
  if (stored->first != ctx.fingerprint)
    return fail(Code::unprocessable,
                fmt::format("the idempotency key '{}' was used for another call; use a new key",
                            ctx.idempotency_key.substr(0, 64)));
  return stored->second;
}

Result<void> Ledger::remember(sql::Transaction& tx, const CallContext& ctx, const TypeInfo& type,
                              const void* result) {
  if (ctx.idempotency_key.empty()) return {};
  TRACSEQ_CHECK(tx.execute(kRememberKey, args(to_json(type, result), ctx.actor.id, ctx.idempotency_key)));
  return {};
}

Result<bool> Ledger::used(sql::Session& session, const CallContext& ctx) {
  if (ctx.idempotency_key.empty()) return false;
  TRACSEQ_TRY(const auto stored, session.query_one(kReadKey, args(ctx.actor.id, ctx.idempotency_key),
                                                   [](const sql::Row&) { return true; }));
  return stored.has_value();
}

void Ledger::note(sql::Transaction& tx, const CallContext& ctx, std::vector<Appended> appended) {
  auto& hook = static_cast<AppendHook&>(tx.hook(
      &kAppendHookKey, []() -> std::unique_ptr<sql::CommitHook> { return std::make_unique<AppendHook>(); }));
  hook.add(ctx, std::move(appended));
}

Result<EntryPage> Ledger::list(const CallContext& ctx, const EntryFilter& filter) {
  TRACSEQ_TRY(const auto after, read_token(filter.page_token));
  const std::string from = filter.action.ends_with('.') ? filter.action : "";
  const std::string to = from.empty() ? "" : from.substr(0, from.size() - 1) + "/";  // '/' follows '.'
  TRACSEQ_CHECK(check_fields(type_info<EntryFilter>(), &filter));
  EntryPage page;
  TRACSEQ_TRY(page.items, database_.read([&](sql::Session& session) {
    return session.query_all(kList,
                             args(ctx.project_id, filter.action, filter.action, from, to, filter.object_type,
                                  filter.object_type, filter.object_id, filter.object_id, filter.actor,
                                  filter.actor, filter.changes_only, after, filter.limit + 1),
                             entry_of);
  }));
  if (std::ssize(page.items) > filter.limit) {
    page.items.pop_back();
    page.next_page_token = page.items.back().entry_id;
  }
  return page;
}

Result<std::int64_t> Ledger::sequence_entries() {
  return database_.write([&](sql::Transaction& tx) -> Result<std::int64_t> {
    TRACSEQ_TRY(const auto ids, tx.query_all(kUnsequenced, args(kSequencedAtOnceMax),
                                             [](const sql::Row& row) { return row.str(0); }));
    if (ids.empty()) return 0;
    const auto count = static_cast<std::int64_t>(ids.size());
    TRACSEQ_TRY(const auto last,
                tx.query_one(kNextSequence, args(count), [](const sql::Row& row) { return row.integer(0); }));
    std::int64_t sequence = last.value_or(count) - count;  // the first entry has sequence 0
    for (const std::string& id : ids) TRACSEQ_CHECK(tx.execute(kSetSequence, args(sequence++, id)));
    return count;
  });
}

Result<std::int64_t> Ledger::forget_keys(Timestamp before) {
  return database_.write([&](sql::Transaction& tx) -> Result<std::int64_t> {
    return tx.execute(kForgetKeys, args(before, sql::kRemovedAtOnceMax));
  });
}

}  // namespace tracseq::audit
