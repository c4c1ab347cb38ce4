-- SPDX-License-Identifier: MIT
-- Data: what tables must be, how they become features, what was found in them, the runs that did it.

CREATE TABLE data_schemas (
  schema_id @text@ NOT NULL,
  project_id @text@ NOT NULL,
  name @text@ NOT NULL,
  version @text@ NOT NULL,
  columns @text@ NOT NULL,
  validation_rules @text@ NOT NULL,
  description @text@ NOT NULL,
  created_at @int@ NOT NULL,
  created_by @text@ NOT NULL,
  PRIMARY KEY (project_id, schema_id)
)@without_rowid@;
CREATE INDEX data_schemas_newest ON data_schemas (project_id, created_at, schema_id);

CREATE TABLE feature_configs (
  config_id @text@ NOT NULL,
  project_id @text@ NOT NULL,
  name @text@ NOT NULL,
  document @text@ NOT NULL,
  created_at @int@ NOT NULL,
  created_by @text@ NOT NULL,
  PRIMARY KEY (project_id, config_id)
)@without_rowid@;
CREATE INDEX feature_configs_newest ON feature_configs (project_id, created_at, config_id);

-- `document` is the whole report; the columns beside it are what lists
-- need.
CREATE TABLE quality_reports (
  report_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  schema_id @text@ NOT NULL,
  dataset_hash @text@ NOT NULL,
  quality_score @real@ NOT NULL,
  document @text@ NOT NULL,
  created_at @int@ NOT NULL
)@without_rowid@;
CREATE INDEX quality_reports_newest ON quality_reports (project_id, created_at, report_id);
CREATE INDEX quality_reports_schema ON quality_reports (project_id, schema_id, created_at);

CREATE TABLE pipeline_runs (
  run_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  pipeline_id @text@ NOT NULL,
  trigger_type @text@ NOT NULL,
  input_data_path @text@ NOT NULL,
  input_data_hash @text@ NOT NULL,
  input_rows @int@ NOT NULL,
  schema_id @text@ NOT NULL,
  feature_config_id @text@ NOT NULL,
  output_data_path @text@,
  output_data_hash @text@,
  output_rows @int@ NOT NULL,
  quality_report_id @text@,
  data_quality_score @real@ NOT NULL,
  processing_steps @text@ NOT NULL,
  feature_count @int@ NOT NULL,
  status @text@ NOT NULL,
  started_at @int@,
  completed_at @int@,
  error_message @text@,
  created_at @int@ NOT NULL,
  created_by @text@ NOT NULL,
  job_id @text@ NOT NULL,
  transformation_id @text@
)@without_rowid@;
CREATE INDEX pipeline_runs_newest ON pipeline_runs (project_id, created_at, run_id);
CREATE INDEX pipeline_runs_output ON pipeline_runs (output_data_hash);
