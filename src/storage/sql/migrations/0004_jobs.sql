-- SPDX-License-Identifier: MIT
-- Work that is pulled: jobs, what they said, and the processes that can run them.

CREATE TABLE jobs (
  job_id @text@ NOT NULL PRIMARY KEY,
  project_id @text@ NOT NULL,
  kind @text@ NOT NULL,
  state @text@ NOT NULL,
  payload @text@ NOT NULL,
  result @text@ NOT NULL,
  error_code @text@ NOT NULL,
  error @text@ NOT NULL,
  unique_key @text@,
  parent_id @text@,
  object_type @text@ NOT NULL,
  object_id @text@ NOT NULL,
  priority @int@ NOT NULL,
  attempt @int@ NOT NULL,
  attempts_max @int@ NOT NULL,
  backoff_us @int@ NOT NULL,
  run_after_us @int@ NOT NULL,
  worker @text@ NOT NULL,
  token @int@ NOT NULL,
  lease_until_us @int@,
  cancel_us @int@,
  progress @real@ NOT NULL,
  progress_message @text@ NOT NULL,
  log_lines @int@ NOT NULL,
  created_us @int@ NOT NULL,
  created_by @text@ NOT NULL,
  started_us @int@,
  finished_us @int@
)@without_rowid@;
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (priority, job_id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lease_until_us) WHERE state = 'running';
CREATE INDEX jobs_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX jobs_object ON jobs (object_type, object_id);

CREATE TABLE job_logs (
  job_id @text@ NOT NULL,
  line @int@ NOT NULL,
  time_us @int@ NOT NULL,
  text @text@ NOT NULL,
  PRIMARY KEY (job_id, line)
)@without_rowid@;

CREATE TABLE job_hosts (
  host_id @text@ NOT NULL PRIMARY KEY,
  name @text@ NOT NULL,
  pid @int@ NOT NULL,
  kinds @text@ NOT NULL,
  started_us @int@ NOT NULL,
  seen_us @int@ NOT NULL
)@without_rowid@;
CREATE INDEX job_hosts_seen ON job_hosts (seen_us);
