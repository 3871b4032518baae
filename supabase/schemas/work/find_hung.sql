-- Claims that nobody seems to work on: their session has made no call, or their last progress note is that old.
-- Renewals by heartbeats do not count, because a timer sends them. The longest silent first.
create function coord.find_hung(p_caller jsonb, p_threshold integer default 300) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'find_hung');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('hung', coalesce((
    select jsonb_agg(jsonb_build_object('agent', h.agent, 'title', h.title, 'since', h.since,
      'presence', coord._presence(h.last_call_at),
      'task_id', h.task_id, 'session_id', h.session_id) order by h.since, h.task_id)
    from (
      select t.agent, t.task_id, t.title, s.session_id, s.last_call_at,
        least(s.last_call_at, (t.terms).progress_at) as since
      from coord.tasks t
      join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
      where t.project_id = v_call.project_id and t.status = 'claimed'
        and least(s.last_call_at, (t.terms).progress_at) < clock_timestamp() - make_interval(secs => p_threshold)
      order by 6, 2 limit 200
    ) h), '[]')));
end
$$;

grant execute on function coord.find_hung to coord_app;
