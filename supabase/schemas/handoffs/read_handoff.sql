-- Handoffs, newest first: of the project, of one agent, or the one of that id.
create function coord.read_handoff(
  p_caller jsonb, p_agent text default null, p_handoff_id uuid default null, p_limit integer default 3
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'read_handoff');
  v_handoffs jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_agg(to_jsonb(h) - 'project_id' order by h.created_at desc, h.handoff_id), '[]') into v_handoffs
  from coord._recent_handoffs(v_call.project_id, p_agent, p_handoff_id, p_limit) h;
  if p_handoff_id is not null and v_handoffs = '[]' then
    return coord._refuse(v_call, 'not_found', 'There is no such handoff.', 'Leave handoff_id out to see the newest.');
  end if;
  return coord._leave(v_call, jsonb_build_object('handoffs', v_handoffs));
end
$$;

grant execute on function coord.read_handoff to coord_app;
