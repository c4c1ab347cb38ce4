-- SPDX-License-Identifier: MIT
-- Deployments as desired state: what should run, the processes that run it, the address of each model and environment,
-- what its gateway says. A row's document is the whole record; the columns are what is looked for.

CREATE TABLE deployments (
  deployment_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  model_id @text@ NOT NULL,
  environment @text@ NOT NULL,
  status @text@ NOT NULL,
  phase @text@ NOT NULL,
  tended @int@ NOT NULL,
  created_us @int@ NOT NULL,
  revision @int@ NOT NULL,
  document @text@ NOT NULL
)@without_rowid@;
-- One roll-out of a model and environment at a time, whoever asks.
CREATE UNIQUE INDEX deployments_under_way ON deployments (project_id, model_id, environment)
  WHERE status IN ('pending', 'deploying', 'rolling_back');
CREATE INDEX deployments_by_time ON deployments (project_id, created_us, deployment_id);
CREATE INDEX deployments_tended ON deployments (tended) WHERE tended = 1;

CREATE TABLE deployment_replicas (
  replica_id @text@ NOT NULL PRIMARY KEY,
  deployment_id @text@ NOT NULL REFERENCES deployments (deployment_id),
  ended @int@ NOT NULL,
  created_us @int@ NOT NULL,
  document @text@ NOT NULL
)@without_rowid@;
CREATE INDEX deployment_replicas_by_deployment ON deployment_replicas (deployment_id, created_us);
CREATE INDEX deployment_replicas_living ON deployment_replicas (ended) WHERE ended = 0;

CREATE TABLE deployment_routes (
  project_id @text@ NOT NULL,
  service_name @text@ NOT NULL,
  document @text@ NOT NULL,
  PRIMARY KEY (project_id, service_name)
)@without_rowid@;

CREATE TABLE deployment_gateways (
  gateway_id @text@ NOT NULL PRIMARY KEY,
  document @text@ NOT NULL
)@without_rowid@;

-- What each deployment's requests came to, over all its life, as gateways reported.
CREATE TABLE deployment_counts (
  deployment_id @text@ NOT NULL PRIMARY KEY,
  document @text@ NOT NULL
)@without_rowid@;

-- A deployment's log.
CREATE TABLE deployment_events (
  event_id @id@,
  deployment_id @text@ NOT NULL,
  time_us @int@ NOT NULL,
  kind @text@ NOT NULL,
  message @text@ NOT NULL,
  data @text@ NOT NULL
);
CREATE INDEX deployment_events_by_deployment ON deployment_events (deployment_id, event_id);
