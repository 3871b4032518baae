-- One call on its way through the frame: who calls, and the answer if the frame already has it. _enter fills it by one
-- SELECT with just these columns. Each column is paid for by every call, so what few calls need is in extra, which is
-- null for the others: {"idempotency_key": …, "notices": […], "limits": {…}}. What few operations need they look up:
-- trust by _trust, the key in p_caller.
create type coord._call as (
  project_id integer,
  session_id uuid,
  agent text,
  operation text,
  extra jsonb,
  answer jsonb
);
