-- SPDX-License-Identifier: MIT
-- What every service stands upon: the audit trail, the events for live pages, repeats, leases, counters.

-- Canonical bytes and leaf hash are stored with the change; sequence is given afterwards by the lease holder. Entry ids
-- are UUIDv7: their order is that of time, so no index on time is paid for with every change.
CREATE TABLE audit_entries (
  entry_id @text@ NOT NULL PRIMARY KEY,
  sequence @int@,
  time_us @int@ NOT NULL,
  project_id @text@ NOT NULL,
  actor @text@ NOT NULL,
  actor_kind @text@ NOT NULL,
  auth_method @text@ NOT NULL,
  client_address @text@ NOT NULL,
  action @text@ NOT NULL,
  object_type @text@ NOT NULL,
  object_id @text@ NOT NULL,
  reason @text@ NOT NULL,
  request_id @text@ NOT NULL,
  idempotency_key @text@ NOT NULL,
  before_digest @blob@,
  after_digest @blob@,
  delta @text@ NOT NULL,
  canonical @blob@ NOT NULL,
  leaf_hash @blob@ NOT NULL
)@without_rowid@;
CREATE INDEX audit_entries_object ON audit_entries (object_type, object_id);
CREATE UNIQUE INDEX audit_entries_sequence ON audit_entries (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX audit_entries_unsequenced ON audit_entries (entry_id) WHERE sequence IS NULL;

-- SQLite hands out positions in commit order; PostgreSQL does not, there `sequence` is given after the commit. The
-- newest row is never removed, so no position comes twice although SQLite is not asked to remember (AUTOINCREMENT would
-- write one more page with every change).
CREATE TABLE outbox (
-- @sqlite
  position INTEGER PRIMARY KEY,
-- @end
-- @postgres
  position @id@,
-- @end
  sequence @int@,
  topic @text@ NOT NULL,
  kind @text@ NOT NULL,
  object_type @text@ NOT NULL,
  object_id @text@ NOT NULL,
  project_id @text@ NOT NULL,
  data @text@ NOT NULL,
  time_us @int@ NOT NULL
);
CREATE UNIQUE INDEX outbox_sequence ON outbox (sequence) WHERE sequence IS NOT NULL;
-- @postgres
CREATE INDEX outbox_unsequenced ON outbox (position) WHERE sequence IS NULL;
-- @end

CREATE TABLE idempotency_keys (
  actor @text@ NOT NULL,
  key @text@ NOT NULL,
  fingerprint @text@ NOT NULL,
  response @text@ NOT NULL,
  created_us @int@ NOT NULL,
  PRIMARY KEY (actor, key)
)@without_rowid@;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_us);

CREATE TABLE leases (
  name @text@ NOT NULL PRIMARY KEY,
  holder @text@ NOT NULL,
  token @int@ NOT NULL,
  until_us @int@ NOT NULL,
  data @text@ NOT NULL
)@without_rowid@;

CREATE TABLE counters (
  name @text@ NOT NULL PRIMARY KEY,
  value @int@ NOT NULL
)@without_rowid@;
