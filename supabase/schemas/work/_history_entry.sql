-- A journal row as a history shows it.
create function coord._history_entry(p_entry coord.journal) returns jsonb
language sql stable
as $$
  select jsonb_build_object('happened_at', p_entry.at, 'operation', p_entry.operation, 'outcome', p_entry.outcome,
    'resource', p_entry.resource, 'agent', p_entry.agent, 'session_id', p_entry.session_id, 'detail', p_entry.detail);
$$;
