-- Live locks of a project, alone or shared, on the given rows (all when null), in path order: one row a holder.
-- The rows are looked up in a hash: compared with an array of thousands of long paths one by one, they took seconds.
create function coord._held_locks(p_project_id integer, p_rows text[], p_limit integer)
returns table (
  path text, session_id uuid, agent text, agent_type text, token bigint, shared boolean, reason text, since timestamptz,
  expires_at timestamptz
)
language plpgsql stable
as $$
begin
  return query
    select h.path, h.session_id, s.agent, s.agent_type, h.token, h.shared, h.reason, h.acquired_at, h.expires_at
    from (
      select l.path, l.session_id, l.token, false as shared, l.reason, l.acquired_at, l.expires_at from coord.locks l
      where l.project_id = p_project_id and l.session_id is not null and (p_rows is null or l.path in (select r.path from unnest(p_rows) r(path)))
      union all
      select a.path, a.session_id, a.token, true, a.reason, a.acquired_at, a.expires_at from coord.lock_shares a
      where a.project_id = p_project_id and (p_rows is null or a.path in (select r.path from unnest(p_rows) r(path)))
    ) h
    join coord.sessions s on s.project_id = p_project_id and s.session_id = h.session_id
    where h.expires_at > clock_timestamp() and coord._holds(s.ended_at, s.lease_expires_at)
    order by h.path, h.acquired_at, h.session_id limit p_limit;
end
$$;
