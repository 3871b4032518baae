-- Rows of a project's journal after one key, up to another, as they are exported: their detail is the text that is
-- hashed, so that nobody has to write JSON as Postgres does.
create function coord._exported_entries(
  p_project_id integer, p_after_xact_id xid8, p_after_entry_id bigint, p_last_xact_id xid8, p_last_entry_id bigint
) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object('cursor', r.xact_id || '-' || r.entry_id, 'started_at', r.started_at,
    'happened_at', r.at, 'session_id', r.session_id, 'agent', r.agent, 'operation', r.operation, 'outcome', r.outcome,
    'resource', r.resource, 'detail', r.detail::text) order by r.xact_id, r.entry_id), '[]')
  from (
    select j.* from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (p_after_xact_id, p_after_entry_id)
      and (j.xact_id, j.entry_id) <= (p_last_xact_id, p_last_entry_id)
    order by j.xact_id, j.entry_id) r;
$$;
