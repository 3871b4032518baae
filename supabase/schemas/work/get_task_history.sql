-- What happened to a task, newest first, as the journal has it, as much as fits into a page: its changes, not what was
-- refused. The task remembers the transactions that changed it, because an index for it would make each of them a
-- twentieth slower.
create function coord.get_task_history(p_caller jsonb, p_task_id uuid, p_limit integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task_history');
  v_trail xid8[];
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.trail into v_trail from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse_unknown_task(v_call);
  end if;
  return coord._leave(v_call, jsonb_build_object('entries', coalesce((
    select jsonb_agg(coord._history_entry(j.entry) order by (j.entry).xact_id desc, (j.entry).entry_id desc)
    from (
      select e as entry, sum(coord._row_size(e.detail)) over (order by e.xact_id desc, e.entry_id desc) as size
      from coord.journal e
      where e.project_id = v_call.project_id and e.xact_id = any (v_trail) and e.resource = 'task:' || p_task_id
      order by e.xact_id desc, e.entry_id desc limit p_limit
    ) j where j.size <= coord._page_bytes()), '[]')));
end
$$;

grant execute on function coord.get_task_history to coord_app;
