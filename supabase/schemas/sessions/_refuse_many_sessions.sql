-- Raises LIMIT when an agent has 200 live sessions: all of them are shown to everybody. A few more may come from
-- several calls at the same time. Whoever needs one only has a standing session, which is opened whatever number there
-- is.
create function coord._refuse_many_sessions(p_project_id integer, p_agent text) returns void
language plpgsql volatile
as $$
begin
  if (select count(*) from coord.sessions s where s.project_id = p_project_id and s.agent = p_agent
    and s.ended_at is null and s.lease_expires_at > clock_timestamp()) >= 200
  then
    raise exception 'The agent % has 200 open sessions already.', p_agent using errcode = 'LIMIT',
      hint = 'End those that are not needed with end_session, or register with beats: who falls silent is ended then.';
  end if;
end
$$;
