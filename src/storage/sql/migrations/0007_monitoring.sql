-- SPDX-License-Identifier: MIT
-- Models in use: the prediction log, metric values with their roll-ups, thresholds, alerts. Doubles that must come back
-- with every bit are stored as their order-preserving bits (…_bits).

CREATE TABLE predictions (
  position @id@,
  project_id @text@ NOT NULL,
  model_id @text@ NOT NULL,
  model_version @text@ NOT NULL,
  request_id @text@ NOT NULL,
  time_us @int@ NOT NULL,
  latency_bits @int@ NOT NULL,
  success @int@ NOT NULL,
  error @text@ NOT NULL,
  confidence_bits @int@,
  user_id @text@ NOT NULL,
  tags @text@ NOT NULL,
  inputs @text@ NOT NULL,
  outputs @text@ NOT NULL,
  bytes @int@ NOT NULL
);
CREATE INDEX predictions_by_model ON predictions (project_id, model_id, time_us, position);
CREATE INDEX predictions_by_time ON predictions (time_us);
CREATE INDEX predictions_by_request ON predictions (request_id) WHERE request_id <> '';

-- How much the log holds, by hour: what tells retention when to begin without reading the log.
CREATE TABLE prediction_volumes (
  hour_us @int@ NOT NULL PRIMARY KEY,
  predictions @int@ NOT NULL,
  bytes @int@ NOT NULL
)@without_rowid@;

CREATE TABLE monitoring_series (
  series_id @id@,
  project_id @text@ NOT NULL,
  model_id @text@ NOT NULL,
  metric_name @text@ NOT NULL,
  model_version @text@ NOT NULL,
  metric_type @text@ NOT NULL
);
CREATE UNIQUE INDEX monitoring_series_by_name ON monitoring_series (project_id, model_id, metric_name, model_version);

CREATE TABLE monitoring_values (
  value_id @id@,
  series_id @int@ NOT NULL REFERENCES monitoring_series (series_id),
  time_us @int@ NOT NULL,
  value_bits @int@ NOT NULL,
  metric_id @text@ NOT NULL,
  request_id @text@ NOT NULL,
  user_id @text@ NOT NULL,
  tags @text@ NOT NULL
);
CREATE INDEX monitoring_values_by_series ON monitoring_values (series_id, time_us, value_id);
CREATE INDEX monitoring_values_by_time ON monitoring_values (time_us);

-- One row per series and stretch of time (width_s seconds from start_us on): what charts, health and thresholds read.
CREATE TABLE monitoring_rollups (
  series_id @int@ NOT NULL REFERENCES monitoring_series (series_id),
  width_s @int@ NOT NULL,
  start_us @int@ NOT NULL,
  count @int@ NOT NULL,
  nonfinite @int@ NOT NULL,
  sum_bits @int@ NOT NULL,
  min_bits @int@ NOT NULL,
  max_bits @int@ NOT NULL,
  last_us @int@ NOT NULL,
  last_bits @int@ NOT NULL,
  sketch @blob@ NOT NULL,
  PRIMARY KEY (series_id, width_s, start_us)
)@without_rowid@;
CREATE INDEX monitoring_rollups_by_time ON monitoring_rollups (width_s, start_us);

CREATE TABLE thresholds (
  threshold_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  model_id @text@ NOT NULL,
  metric_name @text@ NOT NULL,
  metric_type @text@ NOT NULL,
  warning_threshold @real@,
  critical_threshold @real@,
  operator @text@ NOT NULL,
  evaluation_window_minutes @int@ NOT NULL,
  minimum_samples @int@ NOT NULL,
  alert_enabled @int@ NOT NULL,
  alert_channels @text@ NOT NULL,
  description @text@ NOT NULL,
  created_us @int@ NOT NULL,
  created_by @text@ NOT NULL
)@without_rowid@;
CREATE INDEX thresholds_by_model ON thresholds (project_id, model_id);
-- Predictions that could not be recorded are a fault of every laboratory: watched from the first day.
INSERT INTO thresholds VALUES ('predictions-dropped', 'default', '', 'predictions_dropped', 'custom', NULL, 0.0, 'gt', 5, 1,
  1, '[]', 'Predictions were dropped because the recorder''s queue or spool was full', 0, 'system');

CREATE TABLE alerts (
  alert_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  threshold_id @text@ NOT NULL,
  model_id @text@ NOT NULL,
  metric_name @text@ NOT NULL,
  severity @text@ NOT NULL,
  message @text@ NOT NULL,
  current_bits @int@ NOT NULL,
  threshold_value @real@ NOT NULL,
  triggered_by_values @text@ NOT NULL,
  evaluation_window @int@ NOT NULL,
  acknowledged_by @text@,
  acknowledged_us @int@,
  created_us @int@ NOT NULL,
  resolved_us @int@
)@without_rowid@;
-- At most one open alert per threshold and model, whoever evaluates.
CREATE UNIQUE INDEX alerts_open ON alerts (threshold_id, model_id) WHERE resolved_us IS NULL;
CREATE INDEX alerts_by_threshold ON alerts (threshold_id, model_id, created_us);
CREATE INDEX alerts_by_time ON alerts (project_id, created_us, alert_id);
