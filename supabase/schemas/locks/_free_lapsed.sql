-- Frees what others still have in these rows, and tells them. Called by _take when nothing is in the way any more, so
-- all of it has expired, or its holder is dead. It has to go, because an expiry may be moved by _resume.
create function coord._free_lapsed(p_call coord._call, p_rows text[], p_shared boolean) returns void
language plpgsql volatile
as $$
declare
  v_lapsed record;
begin
  for v_lapsed in
    select l.path, l.token, l.session_id from coord.locks l
    where l.project_id = p_call.project_id and l.path = any (p_rows) and l.session_id <> p_call.session_id
    union all
    select s.path, s.token, s.session_id from coord.lock_shares s
    where not p_shared and s.project_id = p_call.project_id and s.path = any (p_rows)
      and s.session_id <> p_call.session_id
    order by path, session_id
  loop
    update coord.locks l set session_id = null, reason = null, task_id = null
    where l.project_id = p_call.project_id and l.path = v_lapsed.path and l.session_id = v_lapsed.session_id;
    delete from coord.lock_shares s
    where s.project_id = p_call.project_id and s.path = v_lapsed.path and s.session_id = v_lapsed.session_id;
    perform coord._tell_holder(p_call.project_id, v_lapsed.session_id, jsonb_build_object('kind', 'lock_lapsed',
      'message', format('Your lock on %s had lapsed, and %s has taken it. Do not write there before you have it again.',
        v_lapsed.path, p_call.agent),
      'path', v_lapsed.path, 'token', v_lapsed.token, 'taken_by', p_call.agent));
  end loop;
end
$$;
