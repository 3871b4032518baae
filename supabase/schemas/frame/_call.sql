-- One call on its way through the frame: who calls, and the answer if the frame already has it.
-- _enter fills it by one SELECT with just these columns. Each column is paid for by every call, so what few operations
-- need is looked up by them: trust by _trust, the key in p_caller.
create type coord._call as (
  project_id integer,
  session_id uuid,
  agent text,
  operation text,
  idempotency_key text,
  answer jsonb
);
