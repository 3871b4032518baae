-- Tells one agent something, or everybody when p_to is null. It is one row, whoever reads it; see _unread for who does.
-- Concurrency: agents are never deleted, so the recipient that was found stays. A message is in the inbox when this
-- commits; readers do not depend on the order in which that happens.
create function coord.send_message(p_caller jsonb, p_text text, p_to text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'send_message');
  v_item_id uuid := coord._new_id();
  v_until timestamptz;
  v_present integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._unknown_agent(v_call.project_id, array[p_to]) is not null then
    return coord._refuse(v_call, 'not_found', format('to: there is no agent %s in this project.', p_to),
      'See discover_agents for names, or leave `to` out to tell everybody.');
  end if;
  v_until := coord._silent_until(v_call, case when p_to is null then 10 else 1 end);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.inbox_items (project_id, item_id, agent, from_session_id, kind, item)
  values (v_call.project_id, v_item_id, coalesce(p_to, ''), v_call.session_id, 'message',
    jsonb_build_object('from', v_call.agent, 'to_all', p_to is null, 'text', p_text));
  select count(*) into v_present from coord.sessions s
  where s.project_id = v_call.project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
    and s.session_id <> v_call.session_id and (p_to is null or s.agent = p_to);
  return coord._leave(v_call, jsonb_build_object('sent', true, 'item_id', v_item_id, 'sessions', v_present),
    'message:' || v_item_id, jsonb_build_object('to', p_to));
end
$$;

grant execute on function coord.send_message to coord_app;
