-- Answers kept for callers that repeat a call with the same idempotency key. Kept for 48 hours (see _forget).
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

-- One row: when somebody last swept, and whether sweeps followed each other steadily until then. A gap after steady
-- sweeps means that the database was down or the host slept; see _resume.
create table coord.pulse (
  only_one boolean primary key default true check (only_one),
  swept_at timestamptz not null default '-infinity',
  is_steady boolean not null default false
);
insert into coord.pulse default values;
alter table coord.pulse enable row level security;
