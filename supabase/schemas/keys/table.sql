-- API keys. Only a hash of the secret is kept; the key is random, so a fast hash is enough. No reader may see this
-- table. key_id is looked up before the project is known.
create table coord.api_keys (
  key_id text primary key check (key_id ~ '^[a-z0-9]{12}$'),
  project_id integer not null references coord.projects,
  secret_hash text not null,
  agent text not null,
  agent_type text not null,
  trust smallint not null check (trust between 0 and 4),
  -- Names of operations and toolsets, `read` and `write`; null for all that the trust allows. See _operation_words.
  scopes text[],
  description text,
  -- The agent that made it, and its key; null when a person of the machine did. See _credentials.
  made_by text not null,
  made_with text,
  -- The key that it follows; see rotate_key.
  rotated_from text,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create index api_keys_by_project on coord.api_keys (project_id, created_at);
alter table coord.api_keys enable row level security;
