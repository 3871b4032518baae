-- Frees what others still have in these rows, and tells them: of each session ten locks, the last of which says how many
-- more there were; and of 200 in all, because thousands may have lapsed below one tree. Called by _take when nothing is in
-- the way any more, so all of it has expired, or its holder is dead. It has to go, because an expiry may be moved by
-- _resume.
create function coord._free_lapsed(p_call coord._call, p_rows text[], p_shared boolean) returns void
language plpgsql volatile
as $$
begin
  perform coord._tell_holder(p_call.project_id, h.session_id, jsonb_build_object('kind', 'lock_lapsed',
    'message', format('Your lock on %s had lapsed, and %s has taken it%s. Do not write there before you have it again.',
      h.path, p_call.agent, case when h.place = 10 and h.locks > 10 then format(', and %s more of yours', h.locks - 10) end),
    'path', h.path, 'token', h.token, 'taken_by', p_call.agent))
  from (
    select o.*, row_number() over (partition by o.session_id order by o.path) as place,
      count(*) over (partition by o.session_id) as locks
    from (
      select l.path, l.token, l.session_id from coord.locks l
      where l.project_id = p_call.project_id and l.path = any (p_rows) and l.session_id <> p_call.session_id
      union all
      select s.path, s.token, s.session_id from coord.lock_shares s
      where not p_shared and s.project_id = p_call.project_id and s.path = any (p_rows)
        and s.session_id <> p_call.session_id
    ) o
    order by place, o.session_id limit 200
  ) h
  where h.place <= 10;
  if not found then return; end if;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = p_call.project_id and l.path = any (p_rows) and l.session_id <> p_call.session_id;
  if p_shared then return; end if;
  -- In the order in which a session releases its shares.
  perform from coord.lock_shares s
  where s.project_id = p_call.project_id and s.path = any (p_rows) and s.session_id <> p_call.session_id
  order by s.path, s.session_id for update;
  delete from coord.lock_shares s
  where s.project_id = p_call.project_id and s.path = any (p_rows) and s.session_id <> p_call.session_id;
end
$$;
