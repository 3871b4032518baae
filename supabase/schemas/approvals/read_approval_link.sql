-- What a link is about, for the page that shows it; null for a token nobody has made. Changes nothing, so whatever
-- fetches the link before a person does decides nothing. Once it is decided or expired, the status is all that is told.
create function coord.read_approval_link(p_project_id integer, p_token_hash text) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select case when s.status = 'pending'
    then jsonb_build_object('status', s.status, 'project', p.name, 'action_type', a.action_type,
      'description', a.description, 'payload', a.payload, 'payload_hash', a.payload_hash, 'risk', a.risk,
      'requested_by', a.requested_by, 'requested_at', a.requested_at, 'expires_at', a.expires_at)
    else jsonb_build_object('status', s.status) end
  from coord.approval_links l
  join coord.approvals a on a.project_id = l.project_id and a.approval_id = l.approval_id
  join coord.projects p on p.project_id = l.project_id
  cross join lateral (select coord._approval_status(a.status, a.expires_at) as status) s
  where l.project_id = p_project_id and l.token_hash = p_token_hash;
$$;

grant execute on function coord.read_approval_link to coord_app;
