// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/context.h"
#include "base/mutex.h"
#include "storage/artifacts/store.h"
#include "storage/artifacts/types.h"
#include "storage/sql/database.h"

namespace tracseq::artifacts {

// Content that is durable and leased, but that no row points to yet.
struct StoredContent {
  std::string root;
  Location location;
  // Of the lease; nothing for content that another artifact points to already.
  std::optional<std::int64_t> generation;
};

// What a new artifact row says beyond its content.
struct NewArtifact {
  OwnerType owner_type = OwnerType::run;
  std::string owner_id;
  std::string path;
  std::string artifact_type;
  std::string description;
  Json metadata;
};

struct ArtifactFilter {
  OwnerType owner_type = OwnerType::run;
  std::string owner_id;
  std::string prefix;         // a folder or a whole path; empty: all
  std::int64_t limit = 1000;  // 1…kArtifactsListedMax
  std::string page_token;
};

struct Collected {
  std::int64_t rows = 0;   // deleted artifacts and unused uploads past their time
  std::int64_t blobs = 0;  // contents nothing pointed to
  std::int64_t files = 0;  // freed below the roots, left-overs of broken uploads included
};

inline constexpr std::int64_t kArtifactsListedMax = 1000;
inline constexpr std::size_t kArtifactDescriptionBytesMax = 8000;
inline constexpr std::size_t kArtifactMetadataBytesMax = 256UL << 10;

// How long things live that nothing points to.
struct Retention {
  std::chrono::seconds lease{3600};         // from an upload to the row that points to it
  std::chrono::seconds uploads{24 * 3600};  // an upload nobody made part of something
  std::chrono::seconds deleted{30L * 24 * 3600};
  std::chrono::seconds broken{24 * 3600};  // files of uploads that never ended
};

// All artifacts of a database: rows here, bytes in stores opened by the root their row names.
// Storing is two steps: `store` makes the content durable under a lease, then a row written by `commit`
// inside the caller's transaction (the one that also writes the audit entry) makes it exist. What is never
// committed is collected. Lifecycle: built once in main; the database outlives it. Thread-safe; used by
// several processes at once.
class ArtifactCatalog {
 public:
  // `root` is the absolute folder new contents go to.
  ArtifactCatalog(sql::Database& database, std::string root, Retention retention = {})
      : database_(database), root_(std::move(root)), retention_(retention) {}

  [[nodiscard]] const std::string& root() const noexcept { return root_; }

  // `root` empty: the catalog's own. Reads the source to its end. Errors as ArtifactStore::stage.
  Result<StoredContent> store(const CallContext& ctx, ByteSource& source, const PutOptions& options,
                              const std::string& root = {});
  // The content of that digest if it is stored already, its lease extended: then nothing need be uploaded.
  Result<std::optional<StoredContent>> find_content(const std::string& digest, const std::string& root = {});

  // Writes the row; a path that exists gets a new version, and the same content with the same description
  // again is the version that is there. `conflict` if a file of that name would be a folder of another (or
  // the other way round), or if the content's lease has ended (upload again).
  Result<Artifact> commit(sql::Transaction& tx, const CallContext& ctx, const NewArtifact& artifact,
                          const StoredContent& content);
  // Lets another owner point to the content of an artifact (a registered model to what was uploaded).
  static StoredContent content_of(const Artifact& artifact) {
    return {artifact.root, artifact.location(), std::nullopt};
  }

  // `not_found` for an unknown id; deleted ones are found.
  Result<Artifact> get(const std::string& artifact_id);
  static Result<Artifact> get(sql::Session& session, const std::string& artifact_id);
  // The current version of a path, or nothing.
  static Result<std::optional<Artifact>> find(sql::Session& session, OwnerType owner_type,
                                              const std::string& owner_id, const std::string& path);
  // Current versions in order of path.
  Result<ArtifactPage> list(const ArtifactFilter& filter);

  // Into the trash: gone from lists, still readable by id until it expires. Deleted already: nothing changes.
  static Result<Artifact> remove(sql::Transaction& tx, const std::string& artifact_id);
  // All current artifacts of an owner; returns how many.
  static Result<std::int64_t> remove_all(sql::Transaction& tx, OwnerType owner_type,
                                         const std::string& owner_id);
  // The owner is gone for good: what it had, trash included, goes with the next collection. Returns how many.
  static Result<std::int64_t> forget_all(sql::Transaction& tx, OwnerType owner_type,
                                         const std::string& owner_id);
  // Back from the trash; `conflict` if the path has been used again.
  static Result<Artifact> restore(sql::Transaction& tx, const std::string& artifact_id);

  Result<std::unique_ptr<ByteSource>> open(const Artifact& artifact, std::optional<ByteRange> range = {});
  // The file for programs on this machine; nothing where the store has none.
  std::optional<std::string> local_path(const Artifact& artifact);

  // Forgets what is past its time and frees what nothing points to. Safe beside uploads of any process.
  // `noted` is called in the transaction that forgets rows, with their number.
  using ExpiryNote = std::function<Result<void>(sql::Transaction&, std::int64_t)>;
  Result<Collected> collect(const CallContext& ctx, const ExpiryNote& noted = {});

 private:
  Result<ArtifactStore*> store_at(const std::string& root, Missing missing);
  Result<std::string> owned_root(const std::string& root);
  Result<bool> collect_blob(const std::string& root, const std::string& digest, Timestamp now);

  sql::Database& database_;  // constant after construction
  const std::string root_;
  const Retention retention_;
  Mutex mutex_;
  std::map<std::pair<std::string, Missing>, std::unique_ptr<ArtifactStore>> stores_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> owned_ GUARDED_BY(mutex_);  // root asked for -> root used
};

}  // namespace tracseq::artifacts
