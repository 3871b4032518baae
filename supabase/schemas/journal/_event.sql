-- A journal row as readers of events see it. Its cursor is its place in the order of commits; see coord.journal. Takes
-- the columns one by one, because a row would be taken apart for each of them, and makes json, which is only put together:
-- jsonb is sorted and taken apart again, for twice the time.
create function coord._event(
  p_xact_id xid8, p_entry_id bigint, p_at timestamptz, p_session_id uuid, p_agent text, p_operation text,
  p_outcome text, p_resource text, p_detail jsonb
) returns json
language sql stable
as $$
  select json_build_object('cursor', p_xact_id || '-' || p_entry_id, 'happened_at', p_at,
    'subjects', coord._concerns(p_operation, p_resource, p_detail), 'operation', p_operation,
    'outcome', p_outcome, 'agent', p_agent, 'session_id', p_session_id, 'detail', p_detail);
$$;
