// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/artifacts/catalog.h"

// The statements behind ArtifactCatalog. Each runs in the session it is given.
namespace tracseq::artifacts::rows {

inline constexpr std::int64_t kCollectedAtOnce = 500;

// The token of a root; `fresh` becomes it if the root is new.
Result<std::string> root_token(sql::Transaction& tx, const std::string& root, const std::string& fresh);
Result<std::vector<std::string>> roots(sql::Session& session);

// Returns the row's generation.
Result<std::int64_t> lease(sql::Transaction& tx, const std::string& root, const Location& location,
                           Timestamp until);

struct Leased {
  std::int64_t size_bytes = 0;
  std::int64_t generation = 0;
};
// Nothing if the content is not known. Never shortens a lease.
Result<std::optional<Leased>> extend_lease(sql::Transaction& tx, const std::string& root,
                                           const std::string& digest, Timestamp until);
// Whether any artifact, deleted ones included, points to the content.
Result<bool> pointed_to(sql::Session& session, const std::string& root, const std::string& digest);
// Whether the row was there without lease and without any artifact that points to it, and is gone now.
Result<bool> forget_blob(sql::Transaction& tx, const std::string& root, const std::string& digest,
                         Timestamp now);
// Contents that look collectable, in order of (root, digest), behind `after`.
Result<std::vector<std::pair<std::string, std::string>>> idle_blobs(
    sql::Session& session, Timestamp now, const std::pair<std::string, std::string>& after);
// Rows deleted, at most kCollectedAtOnce.
Result<std::int64_t> forget_expired(sql::Transaction& tx, Timestamp deleted_before, Timestamp uploads_before);

Result<std::optional<Artifact>> by_id(sql::Session& session, const std::string& artifact_id);
Result<std::optional<Artifact>> by_path(sql::Session& session, OwnerType owner_type,
                                        const std::string& owner_id, const std::string& path);
Result<ArtifactPage> list(sql::Session& session, const ArtifactFilter& filter);
// `conflict` if a current artifact is a folder of `path` or lies below it.
Result<void> check_no_folder_clash(sql::Session& session, OwnerType owner_type, const std::string& owner_id,
                                   const std::string& path);
// Gives the row the path's next version and makes it the current one.
Result<void> insert_current(sql::Transaction& tx, Artifact& row);
Result<void> set_deleted(sql::Transaction& tx, const std::string& artifact_id, std::optional<Timestamp> time);
Result<std::int64_t> set_all_deleted(sql::Transaction& tx, OwnerType owner_type, const std::string& owner_id,
                                     Timestamp time);

Result<std::int64_t> expire_all(sql::Transaction& tx, OwnerType owner_type, const std::string& owner_id);

}  // namespace tracseq::artifacts::rows
