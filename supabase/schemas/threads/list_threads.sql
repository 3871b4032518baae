-- Threads of the project, the last to change first. Pages by the place that p_before has now, so a thread that changes
-- meanwhile moves to the front, and may be seen twice.
create function coord.list_threads(
  p_caller jsonb, p_status text default null, p_priority text default null, p_agent text default null,
  p_limit integer default 50, p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_threads');
  v_before timestamptz := 'infinity';
  v_threads jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_before is not null then
    select t.changed_at into v_before from coord.threads t
    where t.project_id = v_call.project_id and t.thread_id = p_before;
    if not found then return coord._refuse_thread(v_call); end if;
  end if;
  select coalesce(jsonb_agg(coord._thread_summary(f) order by f.changed_at desc, f.thread_id desc), '[]') into v_threads
  from (
    select t.* from coord.threads t
    where t.project_id = v_call.project_id
      and (p_status is null or t.status = p_status)
      and (p_priority is null or t.priority = p_priority)
      and (p_agent is null or t.agent = p_agent)
      and (p_before is null or (t.changed_at, t.thread_id) < (v_before, p_before))
    order by t.changed_at desc, t.thread_id desc limit p_limit + 1
  ) f;
  return coord._leave(v_call, jsonb_build_object(
    'threads', jsonb_path_query_array(v_threads, '$[0 to $n]', jsonb_build_object('n', p_limit - 1)),
    'next_before', case when jsonb_array_length(v_threads) > p_limit
      then v_threads -> (p_limit - 1) -> 'thread_id' end));
end
$$;

grant execute on function coord.list_threads to coord_app;
