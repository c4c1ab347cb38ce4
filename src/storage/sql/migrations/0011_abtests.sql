-- SPDX-License-Identifier: MIT
-- A/B tests: the test with its plan, what was logged, one row of state per user, and the sums that results read. Doubles
-- that must come back with every bit are stored as their order-preserving bits (…_bits).

CREATE TABLE abtests (
  test_key @id@,
  project_id @text@ NOT NULL,
  test_id @text@ NOT NULL,
  name @text@ NOT NULL,
  description @text@ NOT NULL,
  hypothesis @text@ NOT NULL,
  test_type @text@ NOT NULL,
  status @text@ NOT NULL,
  status_reason @text@ NOT NULL,
  plan @text@ NOT NULL,
  namespace_name @text@ NOT NULL,
  coverage @real@ NOT NULL,
  winner @text@ NOT NULL,
  significant @int@ NOT NULL,
  created_us @int@ NOT NULL,
  created_by @text@ NOT NULL,
  started_us @int@,
  ended_us @int@,
  users @int@ NOT NULL,
  interactions @int@ NOT NULL,
  crossed_users @int@ NOT NULL,
  looked_us @int@ NOT NULL,
  looked_interactions @int@ NOT NULL
);
CREATE UNIQUE INDEX abtests_by_id ON abtests (project_id, test_id);
CREATE INDEX abtests_by_time ON abtests (project_id, created_us, test_id);
CREATE INDEX abtests_by_status ON abtests (status);

-- One row per user seen: the first variant, and count and sum of each measure.
CREATE TABLE abtest_users (
  test_key @int@ NOT NULL REFERENCES abtests (test_key),
  user_id @text@ NOT NULL,
  variant @int@ NOT NULL,
  exposed @int@ NOT NULL,
  crossed @int@ NOT NULL,
  first_us @int@ NOT NULL,
  state @blob@ NOT NULL,
  PRIMARY KEY (test_key, user_id)
)@without_rowid@;

CREATE TABLE abtest_interactions (
  position @id@,
  test_key @int@ NOT NULL REFERENCES abtests (test_key),
  interaction_id @text@ NOT NULL,
  variant @int@ NOT NULL,
  user_id @text@ NOT NULL,
  time_us @int@ NOT NULL,
  latency_bits @int@ NOT NULL,
  success @int@ NOT NULL,
  conversion @int@,
  value_bits @int@,
  document @text@ NOT NULL
);
CREATE UNIQUE INDEX abtest_interactions_by_id ON abtest_interactions (test_key, interaction_id);

-- The measures of a test by number: those of its plan and what was found in the answers. Their sums are kept as
-- differences from the first value seen (shift_bits), so that nothing is lost where values are far larger than spreads.
CREATE TABLE abtest_measures (
  test_key @int@ NOT NULL REFERENCES abtests (test_key),
  measure @int@ NOT NULL,
  name @text@ NOT NULL,
  shift_bits @int@,
  PRIMARY KEY (test_key, measure)
)@without_rowid@;

-- What results read: moments over users of a metric's unit (y) and of its denominator or covariate (x).
CREATE TABLE abtest_sums (
  test_key @int@ NOT NULL REFERENCES abtests (test_key),
  variant @int@ NOT NULL,
  metric @text@ NOT NULL,
  users @int@ NOT NULL,
  shift_bits @int@ NOT NULL,
  mean_y_bits @int@ NOT NULL,
  mean_x_bits @int@ NOT NULL,
  m2_y_bits @int@ NOT NULL,
  m2_x_bits @int@ NOT NULL,
  cross_bits @int@ NOT NULL,
  sketch @blob@ NOT NULL,
  PRIMARY KEY (test_key, variant, metric)
)@without_rowid@;

-- New users and interactions by hour: for the charts and the watch on the split.
CREATE TABLE abtest_hours (
  test_key @int@ NOT NULL REFERENCES abtests (test_key),
  variant @int@ NOT NULL,
  hour_us @int@ NOT NULL,
  users @int@ NOT NULL,
  interactions @int@ NOT NULL,
  PRIMARY KEY (test_key, variant, hour_us)
)@without_rowid@;

-- What was seen when somebody looked: the always-valid evidence is the least over all looks.
CREATE TABLE abtest_looks (
  test_key @int@ NOT NULL REFERENCES abtests (test_key),
  look @int@ NOT NULL,
  time_us @int@ NOT NULL,
  users @int@ NOT NULL,
  document @text@ NOT NULL,
  PRIMARY KEY (test_key, look)
)@without_rowid@;
