-- Says how a thread stands: active, waiting for somebody, or resolved, after which nobody can reply until it is active
-- again. Anybody who may write may do so; the journal has who did.
-- Concurrency: the row is locked before it is looked at; of two changes, the second answers what the first has left.
create function coord.set_thread_status(p_caller jsonb, p_thread_id uuid, p_status text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_thread_status');
  v_was text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.status into v_was from coord.threads t
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id for update;
  if not found then return coord._refuse_thread(v_call); end if;
  update coord.threads t set status = p_status, changed_at = clock_timestamp()
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id;
  return coord._leave(v_call, jsonb_build_object('thread_id', p_thread_id, 'status', p_status, 'was', v_was),
    'thread:' || p_thread_id, jsonb_build_object('status', p_status, 'was', v_was));
end
$$;

grant execute on function coord.set_thread_status to coord_app;
