-- Answers kept for callers that repeat a call with the same idempotency key. Kept for 48 hours (see _sweep).
create table coord.idempotency_keys (
  project_id integer not null,
  agent text not null,
  key text not null,
  operation text not null,
  session_id uuid not null,
  input_hash bytea not null,
  answer jsonb,
  created_at timestamptz not null default clock_timestamp(),
  primary key (project_id, agent, key)
);

alter table coord.idempotency_keys enable row level security;
