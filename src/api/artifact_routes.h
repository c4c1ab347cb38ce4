// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/route.h"
#include "domain/audit/ledger.h"
#include "storage/artifacts/catalog.h"

namespace tracseq::api {

// An artifact as callers see it: where it lies is told only to programs on this machine.
struct ArtifactInfo {
  std::string artifact_id;
  artifacts::OwnerType owner_type = artifacts::OwnerType::run;
  std::string owner_id;
  std::string path;
  std::string name;
  std::int64_t version = 1;
  std::string digest;
  std::int64_t size_bytes = 0;
  std::string content_type;
  std::string artifact_type;
  std::string description;
  Json metadata;
  Timestamp created_at;
  std::string created_by;
  std::optional<Timestamp> deleted_at;
  std::optional<std::string> local_path;
};
TRACSEQ_DESCRIBE(ArtifactInfo,
                 (artifact_id, owner_type, owner_id, path, name, version, digest, size_bytes, content_type,
                  artifact_type, description, metadata, created_at, created_by, deleted_at, local_path))

struct ArtifactInfoPage {
  std::vector<ArtifactInfo> items;
  std::optional<std::string> next_page_token;
};
TRACSEQ_DESCRIBE(ArtifactInfoPage, (items, next_page_token))

struct PutArtifact {
  std::string run_id;
  std::string path;
  std::string artifact_type;
  std::string description;
  Json metadata;
  std::string digest;  // announced SHA-256; empty: none
  std::string root;    // of this machine; only for programs on it
};
TRACSEQ_DESCRIBE(PutArtifact, (run_id, path, artifact_type, description, metadata, digest, root))

struct ListArtifacts {
  std::string run_id;
  std::string prefix;
  std::int64_t limit = 1000;
  std::string page_token;
};
TRACSEQ_DESCRIBE(ListArtifacts, (run_id, prefix, limit, page_token))

struct ArtifactRef {
  std::string artifact_id;
};
TRACSEQ_DESCRIBE(ArtifactRef, (artifact_id))

struct PutUpload {
  std::string name = "content";
  std::string digest;
  std::string root;
};
TRACSEQ_DESCRIBE(PutUpload, (name, digest, root))

// Artifacts of runs, artifacts by id, uploads that wait for the call that uses them. All outlive the routes.
std::vector<Route> artifact_routes(sql::Database& database, audit::Ledger& ledger,
                                   artifacts::ArtifactCatalog& catalog);

// What the routes of other resources need.
// `not_found` if the artifact belongs to another project.
Result<artifacts::Artifact> artifact_of(sql::Session& session, const CallContext& ctx,
                                        const std::string& artifact_id);
ArtifactInfo artifact_info(const CallContext& ctx, artifacts::ArtifactCatalog& catalog,
                           const artifacts::Artifact& artifact);
// The content, whole or the range the request asks for (206, 416), as a download that no browser runs.
Result<Response> artifact_content(artifacts::ArtifactCatalog& catalog, const artifacts::Artifact& artifact,
                                  const Request& request);
// Whether the caller is a program on this machine that calls in process, and so may name folders.
bool is_embedded(const CallContext& ctx);

}  // namespace tracseq::api
