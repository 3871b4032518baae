-- A journal row as readers of events see it. Its cursor is its place in the order of commits; see coord.journal.
create function coord._event(p_entry coord.journal) returns jsonb
language sql stable
as $$
  select jsonb_build_object('cursor', p_entry.xact_id || '-' || p_entry.entry_id, 'happened_at', p_entry.at,
    'subjects', coord._about(p_entry.operation, p_entry.resource, p_entry.detail), 'operation', p_entry.operation,
    'outcome', p_entry.outcome, 'agent', p_entry.agent, 'session_id', p_entry.session_id, 'detail', p_entry.detail);
$$;
