-- SPDX-License-Identifier: MIT
-- Artifacts: the row is what makes content exist; the bytes lie where root, layout, digest and path say.

-- Folders content was put into. `token` stands in the folder's file `owner` when this database collects there.
CREATE TABLE artifact_roots (
  root @text@ NOT NULL PRIMARY KEY,
  token @text@ NOT NULL,
  created_us @int@ NOT NULL
)@without_rowid@;

-- One row per content of layout `blob`, and the place where uploads and collection meet: an upload extends the lease
-- before its content becomes visible, the collector deletes the row and hides the content in one transaction.
CREATE TABLE artifact_blobs (
  root @text@ NOT NULL,
  digest @text@ NOT NULL,
  size_bytes @int@ NOT NULL,
  generation @int@ NOT NULL,
  lease_until_us @int@ NOT NULL,
  PRIMARY KEY (root, digest)
)@without_rowid@;
CREATE INDEX artifact_blobs_lease ON artifact_blobs (lease_until_us);

CREATE TABLE artifacts (
  artifact_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  owner_type @text@ NOT NULL,
  owner_id @text@ NOT NULL,
  path @text@ NOT NULL,
  version @int@ NOT NULL,
  current @int@ NOT NULL,
  root @text@ NOT NULL,
  layout @text@ NOT NULL,
  digest @text@ NOT NULL,
  size_bytes @int@ NOT NULL,
  content_type @text@ NOT NULL,
  artifact_type @text@ NOT NULL,
  description @text@ NOT NULL,
  metadata @text@ NOT NULL,
  created_us @int@ NOT NULL,
  created_by @text@ NOT NULL,
  deleted_us @int@,
  UNIQUE (owner_type, owner_id, path, version)
)@without_rowid@;
CREATE UNIQUE INDEX artifacts_current ON artifacts (owner_type, owner_id, path) WHERE current = 1;
CREATE INDEX artifacts_content ON artifacts (root, digest);
CREATE INDEX artifacts_deleted ON artifacts (deleted_us) WHERE deleted_us IS NOT NULL;
CREATE INDEX artifacts_uploads ON artifacts (created_us) WHERE owner_type = 'upload';
