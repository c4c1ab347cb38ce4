-- SPDX-License-Identifier: MIT
-- API tokens. The secret itself is never stored; 256 random bits need no slow hash.
CREATE TABLE api_tokens (
  token_id @text@ PRIMARY KEY,
  project_id @text@ NOT NULL DEFAULT 'default',
  name @text@ NOT NULL,
  role @text@ NOT NULL,
  secret_hash @blob@ NOT NULL,
  created_at @int@ NOT NULL,
  created_by @text@ NOT NULL,
  expires_at @int@,
  revoked_at @int@
);
CREATE INDEX api_tokens_by_time ON api_tokens (created_at);
