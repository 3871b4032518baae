-- What an ended session did, as the journal has it, newest first: its own rows, those about its claims and those that
-- forced its locks away, at most 500, among the last 20,000 of the project before its end. That is a range of the
-- primary key, so that the journal, which every write adds to, needs no index of sessions.
create function coord._session_entries(p_session coord.sessions) returns setof coord.journal
language plpgsql stable
as $$
declare
  v_first constant xid8 := coalesce(coord._last_entries(p_session.project_id, p_session.began_xact,
    p_session.handoff_xact), p_session.began_xact);
begin
  return query
    select j.* from coord.journal j
    where j.project_id = p_session.project_id and j.xact_id between v_first and p_session.handoff_xact
      and (j.session_id = p_session.session_id
        or (j.session_id is null and j.detail ->> 'session_id' = p_session.session_id::text)
        or (j.operation = 'force_release_lock' and j.detail @>
          jsonb_build_object('freed', jsonb_build_array(jsonb_build_object('session_id', p_session.session_id)))))
    order by j.xact_id desc, j.entry_id desc limit 500;
end
$$;
