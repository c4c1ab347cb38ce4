-- SPDX-License-Identifier: MIT
-- Registered models and their versions. `model_registry` has one row per version; its name is the guide's.

CREATE TABLE registered_models (
  model_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  versions @int@ NOT NULL,
  created_us @int@ NOT NULL,
  updated_us @int@ NOT NULL
)@without_rowid@;

CREATE TABLE model_registry (
  model_id @text@ NOT NULL,
  number @int@ NOT NULL,
  version @text@ NOT NULL,
  project_id @text@ NOT NULL,
  name @text@ NOT NULL,
  model_type @text@ NOT NULL,
  framework @text@ NOT NULL,
  status @text@ NOT NULL,
  training_data_hash @text@ NOT NULL,
  run_id @text@,
  pipeline_run_id @text@,
  content_digest @text@ NOT NULL,
  servable @int@ NOT NULL,
  error_rate_bits @int@ NOT NULL,
  document @text@ NOT NULL,
  revision @int@ NOT NULL,
  created_us @int@ NOT NULL,
  created_by @text@ NOT NULL,
  updated_us @int@ NOT NULL,
  deleted_us @int@,
  PRIMARY KEY (model_id, number)
)@without_rowid@;
CREATE UNIQUE INDEX model_registry_version ON model_registry (model_id, version) WHERE deleted_us IS NULL;
CREATE UNIQUE INDEX model_registry_production ON model_registry (model_id)
  WHERE status = 'production' AND deleted_us IS NULL;
CREATE INDEX model_registry_recent ON model_registry (created_us, model_id, number) WHERE deleted_us IS NULL;
CREATE INDEX model_registry_type ON model_registry (model_type, created_us) WHERE deleted_us IS NULL;
CREATE INDEX model_registry_run ON model_registry (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE model_transitions (
  transition_id @id@,
  model_id @text@ NOT NULL,
  number @int@ NOT NULL,
  version @text@ NOT NULL,
  cause @text@ NOT NULL,
  from_status @text@ NOT NULL,
  to_status @text@ NOT NULL,
  reason @text@ NOT NULL,
  actor @text@ NOT NULL,
  time_us @int@ NOT NULL
);
CREATE INDEX model_transitions_model ON model_transitions (model_id, transition_id);

CREATE TABLE model_aliases (
  model_id @text@ NOT NULL,
  alias @text@ NOT NULL,
  number @int@ NOT NULL,
  PRIMARY KEY (model_id, alias)
)@without_rowid@;
