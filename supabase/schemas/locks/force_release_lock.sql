-- Frees paths whoever holds them, shared ones too, for callers of trust 3, and tells each holder. The paths are named
-- as they were locked: forcing src/ does not force src/a.ts.
-- Concurrency: rows in path order, then shares; a lock that passes on meanwhile is forced from its new holder.
create function coord.force_release_lock(p_caller jsonb, p_paths text[], p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'force_release_lock');
  v_paths text[];
  v_held record;
  v_freed jsonb := '[]';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_paths := coord._normal_paths(p_paths);
  perform coord._serialize_locks(v_call.project_id);
  perform from coord.locks l where l.project_id = v_call.project_id and l.path = any (v_paths)
  order by l.path for update;
  for v_held in select h.* from coord._held_locks(v_call.project_id, v_paths, null) h loop
    v_freed := v_freed || jsonb_build_object('path', v_held.path, 'agent', v_held.agent,
      'session_id', v_held.session_id, 'reason', v_held.reason);
    perform coord._tell_holder(v_call.project_id, v_held.session_id, jsonb_build_object('kind', 'lock_forced',
      'message', format('%s has taken your lock on %s away: %s. Stop writing there, and look at what changed.',
        v_call.agent, v_held.path, p_reason),
      'path', v_held.path, 'by', v_call.agent, 'reason', p_reason));
  end loop;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = v_call.project_id and l.path = any (v_paths) and l.session_id is not null;
  delete from coord.lock_shares s where s.project_id = v_call.project_id and s.path = any (v_paths);
  return coord._leave(v_call, jsonb_build_object('freed', v_freed), v_paths[1],
    jsonb_build_object('reason', p_reason, 'freed', v_freed));
end
$$;

grant execute on function coord.force_release_lock to coord_app;
