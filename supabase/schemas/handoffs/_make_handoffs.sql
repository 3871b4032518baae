-- Makes the handoffs of sessions that ended without one, in one project or in all (null); for a quarter of a second,
-- the next round of the sweeper goes on. In each project the newest of each agent with its subagents comes first, then the
-- second of each, so that none waits for another who ends more sessions than handoffs are made. At most 5,000 of the
-- newest are looked at, and of the oldest.
-- It is done here and not where a session ends, so that no end waits for it or fails by it; until then, readers see
-- what it will be (see _recent_handoffs).
-- Concurrency: the session's row is locked and its mark taken away in the transaction that writes the handoff, so each
-- is made once, whoever is killed in between; the primary key stands behind that. What cannot be made is given up, and
-- the journal says so: it must not keep the sweeper from its other work.
create function coord._make_handoffs(p_project_id integer) returns void
language plpgsql volatile
as $$
declare
  v_enough timestamptz := clock_timestamp() + interval '0.25 seconds';
  v_is_done boolean;
  v_ended record;
  v_session coord.sessions;
  v_handoff coord.handoffs;
begin
  loop
    v_is_done := true;
    for v_ended in
      select p.project_id, e.session_id from coord.projects p
      cross join lateral (
        select n.session_id, row_number() over (partition by n.account order by n.handoff_xact desc) as place
        from (
          (select s.session_id, coalesce(s.delegated_from, s.agent) as account, s.handoff_xact from coord.sessions s
            where s.project_id = p.project_id and s.handoff_xact is not null order by s.handoff_xact desc limit 5000)
          union
          (select s.session_id, coalesce(s.delegated_from, s.agent), s.handoff_xact from coord.sessions s
            where s.project_id = p.project_id and s.handoff_xact is not null order by s.handoff_xact limit 5000)) n
        order by place limit 1000) e
      where p_project_id is null or p.project_id = p_project_id
      order by e.place, random()
    loop
      exit when clock_timestamp() > v_enough;
      select s.* into v_session from coord.sessions s
      where s.project_id = v_ended.project_id and s.session_id = v_ended.session_id and s.handoff_xact is not null
      for update skip locked;
      continue when not found;
      v_is_done := false;
      update coord.sessions s set handoff_xact = null
      where s.project_id = v_session.project_id and s.session_id = v_session.session_id;
      begin
        v_handoff := coord._journalled_handoff(v_session);
        if v_handoff.handoff_id is not null then
          insert into coord.handoffs select (v_handoff).*;
          perform coord._journal(v_session.project_id, 'sweep', 'handoff:' || v_handoff.handoff_id, 'written',
            jsonb_build_object('agent', v_session.agent, 'summary', left(v_handoff.summary, 200)));
        end if;
      exception when others then
        perform coord._journal(v_session.project_id, 'sweep', 'session:' || v_session.session_id, 'internal',
          jsonb_build_object('sqlstate', sqlstate));
      end;
    end loop;
    exit when v_is_done or clock_timestamp() > v_enough;
  end loop;
end
$$;
