-- What happened in the project, in the order of commits, from a cursor on; without one from the oldest that is kept.
-- `now` answers the cursor from which everything is to come. Whoever goes on from the cursor of each answer misses
-- nothing and sees nothing twice; see _read_events.
create function coord.list_events(
  p_caller jsonb, p_after text default null, p_subject text default null, p_agent text default null,
  p_operation text default null, p_task_id uuid default null, p_session_id uuid default null,
  p_limit integer default 50, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_events');
  v_floor text;
  v_horizon xid8 := coord._horizon(false);
  v_page record;
  v_delay integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._event_delay(v_call.project_id, v_horizon) is not null then v_horizon := coord._horizon(true); end if;
  select coalesce((
    select f.xact_id || '-' || f.entry_id from coord.journal_floors f where f.project_id = v_call.project_id), '0-0')
  into v_floor;
  if p_after = 'now' then
    return coord._leave(v_call, jsonb_build_object('received', true, 'events', '[]'::jsonb, 'more', false, 'cursor',
      coalesce((
        select j.xact_id || '-' || j.entry_id from coord.journal j
        where j.project_id = v_call.project_id and j.xact_id < v_horizon
        order by j.xact_id desc, j.entry_id desc limit 1), v_floor)));
  end if;
  v_call.answer := coord._refuse_cursor(v_call, coalesce(p_after, '0-0'), v_floor, v_horizon);
  if v_call.answer is not null then return v_call.answer; end if;
  v_page := coord._read_events(v_call.project_id, v_horizon, coalesce(nullif(p_after, '0-0'), v_floor),
    p_subject, p_agent, p_operation, p_task_id, p_session_id, p_limit);
  v_delay := coord._event_delay(v_call.project_id, v_horizon);
  return coord._leave(v_call, jsonb_build_object('received', v_page.events <> '[]' or v_page.is_more,
    'events', v_page.events, 'more', v_page.is_more, 'cursor', v_page.cursor)
    || case when v_delay >= 2 then jsonb_build_object('delay_seconds', v_delay) else '{}' end);
end
$$;

grant execute on function coord.list_events to coord_app;
