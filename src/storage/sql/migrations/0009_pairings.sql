-- SPDX-License-Identifier: MIT
-- Model servers that wait for an administrator to let them in. Neither the code nor the secret is stored; the token is
-- made when the one who knows the secret comes for it.
CREATE TABLE pairings (
  pairing_id @text@ PRIMARY KEY,
  project_id @text@ NOT NULL DEFAULT 'default',
  name @text@ NOT NULL,
  code_hash @blob@ NOT NULL,
  secret_hash @blob@ NOT NULL,
  created_at @int@ NOT NULL,
  expires_at @int@ NOT NULL,
  approved_by @text@,
  token_id @text@
);
CREATE UNIQUE INDEX pairings_by_code ON pairings (code_hash);
