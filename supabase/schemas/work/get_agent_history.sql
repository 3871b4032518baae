-- What an agent did of late, newest first, as much as fits into a page: of the last 20,000 journal rows of the project
-- those of the agent.
create function coord.get_agent_history(p_caller jsonb, p_agent text, p_limit integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_agent_history');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('entries', coalesce((
    select jsonb_agg(coord._history_entry(j.entry) order by (j.entry).xact_id desc, (j.entry).entry_id desc)
    from (
      select e.entry, sum(coord._row_size((e.entry).detail)) over (order by e.xact_id desc, e.entry_id desc) as size from (
        select r as entry, r.agent, r.xact_id, r.entry_id from coord.journal r where r.project_id = v_call.project_id
        order by r.xact_id desc, r.entry_id desc limit 20000) e
      where e.agent = p_agent order by e.xact_id desc, e.entry_id desc limit p_limit
    ) j where j.size <= coord._page_bytes()), '[]')));
end
$$;

grant execute on function coord.get_agent_history to coord_app;
