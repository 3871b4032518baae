-- One call on its way through the frame: who calls, since when, and the answer if the frame already has it.
-- _enter fills it by one SELECT with just these columns.
create type coord._call as (
  project_id integer,
  session_id uuid,
  agent text,
  trust smallint,
  key_id text,
  operation text,
  started_at timestamptz,
  idempotency_key text,
  -- What a repetition of this call is told instead of the answer, when the answer holds a secret.
  replay jsonb,
  answer jsonb
);
