// SPDX-License-Identifier: MIT
#include "storage/artifacts/catalog.h"

#include <fmt/core.h>

#include "base/id.h"
#include "base/log.h"
#include "storage/artifacts/local_store.h"
#include "storage/artifacts/path.h"
#include "storage/artifacts/rows.h"

namespace tracseq::artifacts {
namespace {

constexpr std::size_t kOwnerIdBytesMax = 300;

Error lease_ended() {
  return {Code::conflict, "the uploaded content has expired before it was used; upload it again", {}, {}};
}

Result<void> check_new(const NewArtifact& artifact, const StoredContent& content) {
  TRACSEQ_CHECK(check_artifact_path("path", artifact.path));
  if (artifact.owner_id.empty() || artifact.owner_id.size() > kOwnerIdBytesMax)
    return fail_field("owner_id", fmt::format("owner_id has {} bytes; allowed are 1 to {}",
                                              artifact.owner_id.size(), kOwnerIdBytesMax));
  if (artifact.artifact_type.size() > kSegmentBytesMax)
    return fail_field("artifact_type",
                      fmt::format("artifact_type is longer than {} bytes", kSegmentBytesMax));
  if (artifact.description.size() > kArtifactDescriptionBytesMax)
    return fail_field("description",
                      fmt::format("description is longer than {} bytes", kArtifactDescriptionBytesMax));
  if (!artifact.metadata.is_null() && !artifact.metadata.is_object())
    return fail_field("metadata", "metadata must be a JSON object");
  if (dump_json(artifact.metadata).size() > kArtifactMetadataBytesMax)
    return fail_field("metadata", fmt::format("metadata is longer than {} bytes", kArtifactMetadataBytesMax));
  TRACSEQ_ENSURE(content.location.layout == Layout::blob || content.location.path == artifact.path);
  return {};
}

// Layout `tree` shares its folder with the store's own: those names are not for artifacts.
Result<void> check_tree_path(const std::string& path) {
  TRACSEQ_CHECK(check_artifact_path("path", path));
  const std::string_view first = std::string_view(path).substr(0, path.find('/'));
  for (const std::string_view reserved : {"blobs", "tmp", "owner"})
    if (first == reserved)
      return fail_field("path", fmt::format("path '{}' begins with the reserved name '{}'", path, reserved));
  return {};
}

bool same_content(const Artifact& row, const NewArtifact& artifact, const StoredContent& content) {
  return row.layout == content.location.layout && row.root == content.root &&
         row.digest == content.location.digest && row.artifact_type == artifact.artifact_type &&
         row.description == artifact.description && row.metadata == artifact.metadata;
}

}  // namespace

Result<ArtifactStore*> ArtifactCatalog::store_at(const std::string& root, Missing missing) {
  if (root.empty() || root.front() != '/')
    return fail(Code::unsupported, "artifacts can be stored in local folders only", root);
  Lock lock(mutex_);
  if (const auto found = stores_.find({root, missing}); found != stores_.end()) return found->second.get();
  TRACSEQ_TRY(auto opened, LocalStore::open(root, missing));
  return stores_.emplace(std::pair(root, missing), std::move(opened)).first->second.get();
}

// A folder belongs to the database that used it first; another one puts its contents into a folder of its own
// inside, so that neither ever collects what the other points to.
Result<std::string> ArtifactCatalog::owned_root(const std::string& asked) {
  const std::string& root = asked.empty() ? root_ : asked;
  {
    Lock lock(mutex_);
    if (const auto found = owned_.find(root); found != owned_.end()) return found->second;
  }
  TRACSEQ_TRY(ArtifactStore * store, store_at(root, Missing::make));
  TRACSEQ_TRY(const std::string token, database_.write([&](sql::Transaction& tx) -> Result<std::string> {
    return rows::root_token(tx, root, new_id());
  }));
  TRACSEQ_TRY(const std::string owner, store->claim_ownership(token));
  std::string used = root;
  if (owner != token) {
    used = fmt::format("{}/db-{}", root, token);
    TRACSEQ_TRY(ArtifactStore * own, store_at(used, Missing::make));
    TRACSEQ_TRY(const std::string inner, own->claim_ownership(token));
    if (inner != token) return fail(Code::internal, "the artifact folder belongs to another database", used);
  }
  Lock lock(mutex_);
  owned_.emplace(root, used);
  return used;
}

Result<StoredContent> ArtifactCatalog::store(const CallContext& ctx, ByteSource& source,
                                             const PutOptions& options, const std::string& root) {
  if (options.layout == Layout::tree) TRACSEQ_CHECK(check_tree_path(options.tree_path));
  TRACSEQ_TRY(const std::string used,
              options.layout == Layout::blob ? owned_root(root) : Result<std::string>(root));
  TRACSEQ_TRY(ArtifactStore * store, store_at(used, Missing::make));
  TRACSEQ_TRY(const auto staged, store->stage(ctx, source, options));
  StoredContent content{used, staged->location(), std::nullopt};
  if (options.layout == Layout::blob) {
    TRACSEQ_TRY(content.generation, database_.write([&](sql::Transaction& tx) -> Result<std::int64_t> {
      return rows::lease(tx, content.root, content.location, now() + retention_.lease);
    }));
  }
  // Only under the lease does the content become visible: the collector cannot have it any more.
  TRACSEQ_CHECK(staged->publish());
  return content;
}

Result<std::optional<StoredContent>> ArtifactCatalog::find_content(const std::string& digest,
                                                                   const std::string& root) {
  TRACSEQ_TRY(const std::string used, owned_root(root));
  TRACSEQ_TRY(const auto leased, database_.write([&](sql::Transaction& tx) {
    return rows::extend_lease(tx, used, digest, now() + retention_.lease);
  }));
  if (!leased) return std::optional<StoredContent>{};
  const auto size = static_cast<std::uint64_t>(leased->size_bytes);
  StoredContent content{used, {Layout::blob, digest, {}, size}, leased->generation};
  TRACSEQ_TRY(ArtifactStore * store, store_at(used, Missing::make));
  TRACSEQ_TRY(const bool there, store->contains(content.location));
  return there ? std::optional(content) : std::nullopt;
}

Result<Artifact> ArtifactCatalog::commit(sql::Transaction& tx, const CallContext& ctx,
                                         const NewArtifact& artifact, const StoredContent& content) {
  TRACSEQ_CHECK(check_new(artifact, content));
  if (content.location.layout == Layout::blob) {
    // Also what serialises this row with a collector of another process: it deletes the row we change here.
    TRACSEQ_TRY(const auto leased,
                rows::extend_lease(tx, content.root, content.location.digest, now() + retention_.lease));
    if (!leased) return fail(lease_ended());
    // A row made anew since then is somebody else's, whose content may not be visible yet.
    if (content.generation) {
      if (*content.generation != leased->generation) return fail(lease_ended());
    } else {
      TRACSEQ_TRY(const bool pointed, rows::pointed_to(tx, content.root, content.location.digest));
      if (!pointed) return fail(lease_ended());
    }
  }
  TRACSEQ_TRY(const auto current, find(tx, artifact.owner_type, artifact.owner_id, artifact.path));
  if (current && same_content(*current, artifact, content)) return *current;
  if (!current)
    TRACSEQ_CHECK(rows::check_no_folder_clash(tx, artifact.owner_type, artifact.owner_id, artifact.path));

  Artifact row;
  row.artifact_id = new_id();
  row.project_id = ctx.project_id;
  row.owner_type = artifact.owner_type;
  row.owner_id = artifact.owner_id;
  row.path = artifact.path;
  row.root = content.root;
  row.layout = content.location.layout;
  row.digest = content.location.digest;
  row.size_bytes = static_cast<std::int64_t>(content.location.size_bytes);
  row.content_type = safe_content_type(artifact.path);
  row.artifact_type = artifact.artifact_type;
  row.description = artifact.description;
  row.metadata = artifact.metadata;
  row.created_at = now();
  row.created_by = ctx.actor.id;
  TRACSEQ_CHECK(rows::insert_current(tx, row));
  return row;
}

Result<Artifact> ArtifactCatalog::get(const std::string& artifact_id) {
  return database_.read([&](sql::Session& session) { return get(session, artifact_id); });
}

Result<Artifact> ArtifactCatalog::get(sql::Session& session, const std::string& artifact_id) {
  TRACSEQ_TRY(auto row, rows::by_id(session, artifact_id));
  if (!row) return fail(Code::not_found, fmt::format("there is no artifact '{}'", artifact_id));
  return *row;
}

Result<std::optional<Artifact>> ArtifactCatalog::find(sql::Session& session, OwnerType owner_type,
                                                      const std::string& owner_id, const std::string& path) {
  return rows::by_path(session, owner_type, owner_id, path);
}

Result<ArtifactPage> ArtifactCatalog::list(const ArtifactFilter& filter) {
  TRACSEQ_CHECK(check_artifact_prefix("prefix", filter.prefix));
  if (filter.limit < 1 || filter.limit > kArtifactsListedMax)
    return fail_field("limit",
                      fmt::format("limit is {}; allowed are 1 to {}", filter.limit, kArtifactsListedMax));
  if (!filter.page_token.empty()) TRACSEQ_CHECK(check_artifact_path("page_token", filter.page_token));
  return database_.read([&](sql::Session& session) { return rows::list(session, filter); });
}

Result<Artifact> ArtifactCatalog::remove(sql::Transaction& tx, const std::string& artifact_id) {
  TRACSEQ_TRY(Artifact row, get(tx, artifact_id));
  if (row.deleted_at) return row;
  row.deleted_at = now();
  TRACSEQ_CHECK(rows::set_deleted(tx, artifact_id, row.deleted_at));
  return row;
}

Result<std::int64_t> ArtifactCatalog::remove_all(sql::Transaction& tx, OwnerType owner_type,
                                                 const std::string& owner_id) {
  return rows::set_all_deleted(tx, owner_type, owner_id, now());
}

Result<std::int64_t> ArtifactCatalog::forget_all(sql::Transaction& tx, OwnerType owner_type,
                                                 const std::string& owner_id) {
  return rows::expire_all(tx, owner_type, owner_id);
}

Result<Artifact> ArtifactCatalog::restore(sql::Transaction& tx, const std::string& artifact_id) {
  TRACSEQ_TRY(Artifact row, get(tx, artifact_id));
  if (!row.deleted_at) return row;
  TRACSEQ_TRY(const auto current, find(tx, row.owner_type, row.owner_id, row.path));
  if (current)
    return fail(Code::conflict,
                fmt::format("the path '{}' has been used again; remove that artifact first", row.path));
  TRACSEQ_CHECK(rows::check_no_folder_clash(tx, row.owner_type, row.owner_id, row.path));
  row.deleted_at.reset();
  TRACSEQ_CHECK(rows::set_deleted(tx, artifact_id, row.deleted_at));
  return row;
}

Result<std::unique_ptr<ByteSource>> ArtifactCatalog::open(const Artifact& artifact,
                                                          std::optional<ByteRange> range) {
  TRACSEQ_TRY(ArtifactStore * store, store_at(artifact.root, Missing::refuse));
  return store->open(artifact.location(), range);
}

std::optional<std::string> ArtifactCatalog::local_path(const Artifact& artifact) {
  const auto store = store_at(artifact.root, Missing::refuse);
  return store ? (*store)->local_path(artifact.location()) : std::nullopt;
}

Result<bool> ArtifactCatalog::collect_blob(const std::string& root, const std::string& digest,
                                           Timestamp now) {
  TRACSEQ_TRY(ArtifactStore * store, store_at(root, Missing::refuse));
  return database_.write([&](sql::Transaction& tx) -> Result<bool> {
    TRACSEQ_TRY(const bool gone, rows::forget_blob(tx, root, digest, now));
    // Hidden before the commit: whoever leases this digest afterwards brings content of its own. If the
    // commit fails, a row without content is left that nothing points to, which the next upload heals.
    if (gone) TRACSEQ_CHECK(store->hide({Layout::blob, digest, {}, 0}));
    return gone;
  });
}

Result<Collected> ArtifactCatalog::collect(const CallContext& ctx, const ExpiryNote& noted) {
  Collected collected;
  const Timestamp time = now();
  while (true) {
    TRACSEQ_CHECK(ctx.check());
    TRACSEQ_TRY(const std::int64_t rows, database_.write([&](sql::Transaction& tx) -> Result<std::int64_t> {
      TRACSEQ_TRY(const std::int64_t expired,
                  rows::forget_expired(tx, time - retention_.deleted, time - retention_.uploads));
      if (expired > 0 && noted) TRACSEQ_CHECK(noted(tx, expired));
      return expired;
    }));
    collected.rows += rows;
    if (rows < rows::kCollectedAtOnce) break;
  }
  std::pair<std::string, std::string> after;
  while (true) {
    TRACSEQ_TRY(const auto idle, database_.read([&](sql::Session& session) {
      return rows::idle_blobs(session, time, after);
    }));
    for (const auto& [root, digest] : idle) {
      TRACSEQ_CHECK(ctx.check());
      const auto gone = collect_blob(root, digest, time);
      if (!gone)
        log::warning("artifact.collect_failed", {{"digest", digest}, {"why", gone.error().message}});
      else if (*gone)
        ++collected.blobs;
      after = {root, digest};
    }
    if (idle.size() < static_cast<std::size_t>(rows::kCollectedAtOnce)) break;
  }
  TRACSEQ_TRY(const auto roots, database_.read([](sql::Session& session) { return rows::roots(session); }));
  for (const std::string& root : roots) {
    const auto store = store_at(root, Missing::refuse);
    if (!store) continue;
    TRACSEQ_TRY(const std::int64_t files, (*store)->sweep(retention_.broken));
    collected.files += files;
  }
  return collected;
}

}  // namespace tracseq::artifacts
