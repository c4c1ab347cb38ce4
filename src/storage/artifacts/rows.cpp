// SPDX-License-Identifier: MIT
#include "storage/artifacts/rows.h"

#include <fmt/core.h>

#define TRACSEQ_ARTIFACT_COLUMNS                                                                     \
  "artifact_id, project_id, owner_type, owner_id, path, version, root, layout, digest, size_bytes, " \
  "content_type, artifact_type, description, metadata, created_us AS created_at, created_by, "       \
  "deleted_us AS deleted_at"

namespace tracseq::artifacts::rows {
namespace {

using sql::args;

constexpr sql::Statement kAddRoot{
    "artifacts.add_root",
    "INSERT INTO artifact_roots (root, token, created_us) VALUES (?, ?, ?) ON CONFLICT (root) DO NOTHING"};
constexpr sql::Statement kRootToken{"artifacts.root_token",
                                    "SELECT token FROM artifact_roots WHERE root = ?"};
constexpr sql::Statement kRoots{
    "artifacts.roots", "SELECT root FROM artifact_roots UNION SELECT DISTINCT root FROM artifact_blobs"};
constexpr sql::Statement kLease{
    "artifacts.lease",
    "INSERT INTO artifact_blobs (root, digest, size_bytes, generation, lease_until_us) VALUES (?, ?, ?, ?, "
    "?) "
    "ON CONFLICT (root, digest) DO UPDATE SET lease_until_us = CASE WHEN excluded.lease_until_us > "
    "artifact_blobs.lease_until_us THEN excluded.lease_until_us ELSE artifact_blobs.lease_until_us END "
    "RETURNING generation"};
constexpr sql::Statement kExtendLease{
    "artifacts.extend_lease",
    "UPDATE artifact_blobs SET lease_until_us = CASE WHEN lease_until_us > ? THEN lease_until_us ELSE ? END "
    "WHERE root = ? AND digest = ? RETURNING size_bytes, generation"};
constexpr sql::Statement kPointedTo{"artifacts.pointed_to",
                                    "SELECT 1 FROM artifacts WHERE root = ? AND digest = ? LIMIT 1"};
constexpr sql::Statement kForgetBlob{
    "artifacts.forget_blob",
    "DELETE FROM artifact_blobs WHERE root = ? AND digest = ? AND lease_until_us < ? AND NOT EXISTS "
    "(SELECT 1 FROM artifacts a WHERE a.root = artifact_blobs.root AND a.digest = artifact_blobs.digest)"};
constexpr sql::Statement kIdleBlobs{"artifacts.idle_blobs",
                                    "SELECT root, digest FROM artifact_blobs b WHERE (root, digest) > (?, ?) "
                                    "AND lease_until_us < ? AND NOT EXISTS "
                                    "(SELECT 1 FROM artifacts a WHERE a.root = b.root AND a.digest = "
                                    "b.digest) ORDER BY root, digest LIMIT ?"};
constexpr sql::Statement kForgetExpired{
    "artifacts.forget_expired",
    "DELETE FROM artifacts WHERE artifact_id IN (SELECT artifact_id FROM artifacts WHERE deleted_us < ? "
    "OR (owner_type = 'upload' AND created_us < ?) LIMIT ?)"};
constexpr sql::Statement kById{"artifacts.by_id",
                               "SELECT " TRACSEQ_ARTIFACT_COLUMNS " FROM artifacts WHERE artifact_id = ?"};
constexpr sql::Statement kByPath{"artifacts.by_path",
                                 "SELECT " TRACSEQ_ARTIFACT_COLUMNS
                                 " FROM artifacts WHERE owner_type = ? AND owner_id = ? AND path = ? "
                                 "AND current = 1"};
// '0' is the character behind '/': the range is all that lies below the folder.
constexpr sql::Statement kList{"artifacts.list",
                               "SELECT " TRACSEQ_ARTIFACT_COLUMNS
                               " FROM artifacts WHERE owner_type = ? AND owner_id = ? AND current = 1 "
                               "AND path > ? ORDER BY path LIMIT ?"};
constexpr sql::Statement kListBelow{
    "artifacts.list_below", "SELECT " TRACSEQ_ARTIFACT_COLUMNS
                            " FROM artifacts WHERE owner_type = ? AND owner_id = ? AND current = 1 "
                            "AND path > ? AND (path = ? OR (path > ? AND path < ?)) ORDER BY path LIMIT ?"};
constexpr sql::Statement kBelow{"artifacts.below",
                                "SELECT path FROM artifacts WHERE owner_type = ? AND owner_id = ? AND "
                                "current = 1 AND path > ? AND path < ? LIMIT 1"};
constexpr sql::Statement kVersionMax{
    "artifacts.version_max",
    "SELECT COALESCE(MAX(version), 0) FROM artifacts WHERE owner_type = ? AND owner_id = ? AND path = ?"};
constexpr sql::Statement kRetire{
    "artifacts.retire",
    "UPDATE artifacts SET current = 0 WHERE owner_type = ? AND owner_id = ? AND path = ? AND current = 1"};
constexpr sql::Statement kInsert{
    "artifacts.insert",
    "INSERT INTO artifacts (artifact_id, project_id, owner_type, owner_id, path, version, current, root, "
    "layout, "
    "digest, size_bytes, content_type, artifact_type, description, metadata, created_us, created_by) "
    "VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr sql::Statement kSetDeleted{
    "artifacts.set_deleted", "UPDATE artifacts SET deleted_us = ?, current = ? WHERE artifact_id = ?"};
constexpr sql::Statement kSetAllDeleted{"artifacts.set_all_deleted",
                                        "UPDATE artifacts SET deleted_us = ?, current = 0 WHERE owner_type = "
                                        "? AND owner_id = ? AND deleted_us IS NULL"};

constexpr sql::Statement kExpireAll{
    "artifacts.expire_all",
    "UPDATE artifacts SET deleted_us = 1, current = 0 WHERE owner_type = ? AND owner_id = ?"};

}  // namespace

Result<std::string> root_token(sql::Transaction& tx, const std::string& root, const std::string& fresh) {
  TRACSEQ_CHECK(tx.execute(kAddRoot, args(root, fresh, now())));
  TRACSEQ_TRY(const auto token,
              tx.query_one(kRootToken, args(root), [](const sql::Row& row) { return row.str(0); }));
  if (!token) return fail(Code::internal, "an artifact root vanished", root);
  return *token;
}

Result<std::vector<std::string>> roots(sql::Session& session) {
  return session.query_all(kRoots, {}, [](const sql::Row& row) { return row.str(0); });
}

Result<std::int64_t> lease(sql::Transaction& tx, const std::string& root, const Location& location,
                           Timestamp until) {
  std::int64_t fresh = 0;
  random_bytes(std::as_writable_bytes(std::span(&fresh, 1)));
  TRACSEQ_TRY(
      const auto generation,
      tx.query_one(kLease,
                   args(root, location.digest, static_cast<std::int64_t>(location.size_bytes), fresh, until),
                   [](const sql::Row& row) { return row.integer(0); }));
  if (!generation) return fail(Code::internal, "a lease gave no row");
  return *generation;
}

Result<std::optional<Leased>> extend_lease(sql::Transaction& tx, const std::string& root,
                                           const std::string& digest, Timestamp until) {
  return tx.query_one(kExtendLease, args(until, until, root, digest),
                      [](const sql::Row& row) { return Leased{row.integer(0), row.integer(1)}; });
}

Result<bool> pointed_to(sql::Session& session, const std::string& root, const std::string& digest) {
  TRACSEQ_TRY(const auto found,
              session.query_one(kPointedTo, args(root, digest), [](const sql::Row&) { return true; }));
  return found.has_value();
}

Result<bool> forget_blob(sql::Transaction& tx, const std::string& root, const std::string& digest,
                         Timestamp now) {
  TRACSEQ_TRY(const std::int64_t gone, tx.execute(kForgetBlob, args(root, digest, now)));
  return gone == 1;
}

Result<std::vector<std::pair<std::string, std::string>>> idle_blobs(
    sql::Session& session, Timestamp now, const std::pair<std::string, std::string>& after) {
  return session.query_all(kIdleBlobs, args(after.first, after.second, now, kCollectedAtOnce),
                           [](const sql::Row& row) { return std::pair(row.str(0), row.str(1)); });
}

Result<std::int64_t> forget_expired(sql::Transaction& tx, Timestamp deleted_before,
                                    Timestamp uploads_before) {
  return tx.execute(kForgetExpired, args(deleted_before, uploads_before, kCollectedAtOnce));
}

Result<std::optional<Artifact>> by_id(sql::Session& session, const std::string& artifact_id) {
  return session.query_one_as<Artifact>(kById, args(artifact_id));
}

Result<std::optional<Artifact>> by_path(sql::Session& session, OwnerType owner_type,
                                        const std::string& owner_id, const std::string& path) {
  return session.query_one_as<Artifact>(kByPath, args(enum_name(owner_type), owner_id, path));
}

Result<ArtifactPage> list(sql::Session& session, const ArtifactFilter& filter) {
  ArtifactPage page;
  const std::string_view owner = enum_name(filter.owner_type);
  if (filter.prefix.empty()) {
    TRACSEQ_TRY(page.items, session.query_as<Artifact>(
                                kList, args(owner, filter.owner_id, filter.page_token, filter.limit + 1)));
  } else {
    const std::string folder =
        filter.prefix.ends_with('/') ? filter.prefix.substr(0, filter.prefix.size() - 1) : filter.prefix;
    TRACSEQ_TRY(page.items, session.query_as<Artifact>(
                                kListBelow, args(owner, filter.owner_id, filter.page_token, filter.prefix,
                                                 folder + "/", folder + "0", filter.limit + 1)));
  }
  if (page.items.size() > static_cast<std::size_t>(filter.limit)) {
    page.items.pop_back();
    page.next_page_token = page.items.back().path;
  }
  return page;
}

Result<void> check_no_folder_clash(sql::Session& session, OwnerType owner_type, const std::string& owner_id,
                                   const std::string& path) {
  const auto clash = [&](std::string_view other) {
    return fail(Code::conflict,
                fmt::format("'{}' cannot be stored beside '{}': one of them would be a file and a folder",
                            path, other));
  };
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    TRACSEQ_TRY(const auto file, by_path(session, owner_type, owner_id, folder));
    if (file) return clash(folder);
  }
  TRACSEQ_TRY(const auto below,
              session.query_one(kBelow, args(enum_name(owner_type), owner_id, path + "/", path + "0"),
                                [](const sql::Row& row) { return row.str(0); }));
  if (below) return clash(*below);
  return {};
}

Result<void> insert_current(sql::Transaction& tx, Artifact& row) {
  const std::string_view owner = enum_name(row.owner_type);
  TRACSEQ_TRY(const auto newest, tx.query_one(kVersionMax, args(owner, row.owner_id, row.path),
                                              [](const sql::Row& r) { return r.integer(0); }));
  row.version = newest.value_or(0) + 1;
  TRACSEQ_CHECK(tx.execute(kRetire, args(owner, row.owner_id, row.path)));
  TRACSEQ_CHECK(tx.execute(
      kInsert, args(row.artifact_id, row.project_id, owner, row.owner_id, row.path, row.version, row.root,
                    enum_name(row.layout), row.digest, row.size_bytes, row.content_type, row.artifact_type,
                    row.description, dump_json(row.metadata), row.created_at, row.created_by)));
  return {};
}

Result<void> set_deleted(sql::Transaction& tx, const std::string& artifact_id,
                         std::optional<Timestamp> time) {
  TRACSEQ_CHECK(tx.execute(kSetDeleted, args(time, time ? 0 : 1, artifact_id)));
  return {};
}

Result<std::int64_t> set_all_deleted(sql::Transaction& tx, OwnerType owner_type, const std::string& owner_id,
                                     Timestamp time) {
  return tx.execute(kSetAllDeleted, args(time, enum_name(owner_type), owner_id));
}

Result<std::int64_t> expire_all(sql::Transaction& tx, OwnerType owner_type, const std::string& owner_id) {
  return tx.execute(kExpireAll, args(enum_name(owner_type), owner_id));
}

}  // namespace tracseq::artifacts::rows
