-- A journal row as readers of events see it. A row type, because JSON is made faster from it than from pairs of name
-- and value, of which each costs a look at its type.
create type coord._event as (
  cursor text,
  happened_at timestamptz,
  subjects text[],
  operation text,
  outcome text,
  agent text,
  session_id uuid,
  detail jsonb
);

-- The event of a journal row. Its cursor is its place in the order of commits; see coord.journal. Takes the columns one
-- by one, because a row would be taken apart for each of them, and has no query in it, so that Postgres inlines it. To be
-- made json, which is only put together: jsonb is sorted and taken apart again, for twice the time.
create function coord._event(
  p_xact_id xid8, p_entry_id bigint, p_at timestamptz, p_session_id uuid, p_agent text, p_operation text,
  p_outcome text, p_resource text, p_detail jsonb
) returns coord._event
language sql stable
as $$
  select row(p_xact_id || '-' || p_entry_id, p_at, coord._concerns(p_operation, p_resource, p_detail), p_operation,
    p_outcome, p_agent, p_session_id, p_detail)::coord._event;
$$;
