-- SPDX-License-Identifier: MIT
-- Experiments (named groups), runs, and their metrics. Times are microseconds since 1970 UTC.
CREATE TABLE experiments (
  experiment_id @id@,
  project_id @text@ NOT NULL DEFAULT 'default',
  name @text@ NOT NULL,
  description @text@ NOT NULL DEFAULT '',
  created_at @int@ NOT NULL,
  created_by @text@ NOT NULL DEFAULT '',
  deleted_at @int@
);
-- A name is free again once its experiment is in the trash.
CREATE UNIQUE INDEX experiments_by_name ON experiments (project_id, name) WHERE deleted_at IS NULL;
INSERT INTO experiments (experiment_id, name, description, created_at) VALUES (0, 'Default', '', 0);

CREATE TABLE runs (
  run_id @text@ PRIMARY KEY,
  experiment_id @int@ NOT NULL REFERENCES experiments (experiment_id),
  project_id @text@ NOT NULL DEFAULT 'default',
  parent_run_id @text@,
  name @text@ NOT NULL,
  description @text@ NOT NULL DEFAULT '',
  status @text@ NOT NULL,
  model_type @text@ NOT NULL DEFAULT '',
  framework @text@ NOT NULL DEFAULT '',
  algorithm @text@ NOT NULL DEFAULT '',
  dataset_name @text@ NOT NULL DEFAULT '',
  dataset_version @text@ NOT NULL DEFAULT '',
  config @text@ NOT NULL DEFAULT '{}',
  final_metrics @text@ NOT NULL DEFAULT '{}',
  notes @text@ NOT NULL DEFAULT '',
  created_by @text@ NOT NULL DEFAULT '',
  created_at @int@ NOT NULL,
  started_at @int@,
  completed_at @int@,
  updated_at @int@ NOT NULL,
  deleted_at @int@
);
CREATE INDEX runs_by_time ON runs (project_id, created_at, run_id);
CREATE INDEX runs_by_experiment ON runs (experiment_id, created_at, run_id);
CREATE INDEX runs_in_trash ON runs (deleted_at) WHERE deleted_at IS NOT NULL;

-- Values are JSON texts; `number` holds numeric ones for comparison.
CREATE TABLE run_params (
  run_id @text@ NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  key @text@ NOT NULL,
  position @int@ NOT NULL,
  value @text@ NOT NULL,
  number @real@,
  PRIMARY KEY (run_id, key)
)@without_rowid@;
CREATE INDEX run_params_by_number ON run_params (key, number);

CREATE TABLE run_tags (
  run_id @text@ NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  key @text@ NOT NULL,
  position @int@ NOT NULL,
  value @text@ NOT NULL DEFAULT '',
  PRIMARY KEY (run_id, key)
)@without_rowid@;
CREATE INDEX run_tags_by_key ON run_tags (key, value);

CREATE TABLE metric_series (
  series_id @id@,
  run_id @text@ NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  key @text@ NOT NULL,
  UNIQUE (run_id, key)
);

-- One row per point, a few dozen bytes. `value_bits` are the double's own bits in sortable order (SQLite would store
-- NaN as NULL and lose the sign of -0). The primary key makes a repeated point the same point. `arrival` orders
-- points of equal time.
CREATE TABLE metric_points (
  series_id @int@ NOT NULL REFERENCES metric_series (series_id) ON DELETE CASCADE,
  step @int@ NOT NULL,
  time @int@ NOT NULL,
  value_bits @int@ NOT NULL,
  epoch @int@,
  arrival @int@ NOT NULL,
  PRIMARY KEY (series_id, step, time, value_bits)
)@without_rowid@;

-- The last value of each metric of a run: the greatest (step, time, value). `experiment_id` is the run: what the guide
-- calls an experiment (docs/adr/0003-names-in-the-database.md). `value` is NULL for NaN on SQLite; value_bits is exact.
CREATE TABLE experiment_metrics (
  experiment_id @text@ NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  key @text@ NOT NULL,
  step @int@ NOT NULL,
  time @int@ NOT NULL,
  value @real@,
  value_bits @int@ NOT NULL,
  PRIMARY KEY (experiment_id, key)
)@without_rowid@;
CREATE INDEX experiment_metrics_by_value ON experiment_metrics (key, value_bits);
