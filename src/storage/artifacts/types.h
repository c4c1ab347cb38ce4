// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/describe.h"
#include "base/json.h"
#include "storage/artifacts/store.h"

namespace tracseq::artifacts {

// What an artifact belongs to. An `upload` waits for the call that makes it part of something else and
// expires.
enum class OwnerType { run, model_version, pipeline_run, upload };
TRACSEQ_DESCRIBE_ENUM(OwnerType, run, model_version, pipeline_run, upload)

// One version of one artifact, as stored. The newest version of a path that is not deleted is the current
// one.
struct Artifact {
  std::string artifact_id;
  std::string project_id;
  OwnerType owner_type = OwnerType::run;
  std::string owner_id;
  std::string path;
  std::int64_t version = 1;
  std::string root;  // of the program's own machine; never shown to callers from elsewhere
  Layout layout = Layout::blob;
  std::string digest;
  std::int64_t size_bytes = 0;
  std::string content_type;
  std::string artifact_type;
  std::string description;
  Json metadata;
  Timestamp created_at;
  std::string created_by;
  std::optional<Timestamp> deleted_at;

  [[nodiscard]] Location location() const {
    return {layout, digest, path, static_cast<std::uint64_t>(size_bytes)};
  }
};
TRACSEQ_DESCRIBE(Artifact, (artifact_id, project_id, owner_type, owner_id, path, version, root, layout,
                            digest, size_bytes, content_type, artifact_type, description, metadata,
                            created_at, created_by, deleted_at))

struct ArtifactPage {
  std::vector<Artifact> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(ArtifactPage, (items, next_page_token))

}  // namespace tracseq::artifacts
