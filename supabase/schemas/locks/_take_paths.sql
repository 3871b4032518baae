-- Takes the paths of a task for the session that claims it, exclusively and all or none; false when anything clashes,
-- somebody who waits since before included. Does not wait for holders, and journals nothing: the claim's row says it.
-- Locks that the session had already are renewed and stay its own; _free_task_paths frees only the others.
create function coord._take_paths(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_task_id uuid
) returns boolean
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_paths text[] := coord._normal_paths(p_paths);
  v_taken record;
begin
  if coalesce(cardinality(p_paths), 0) = 0 then return true; end if;
  if p_call.extra ? 'limits' and coord._over_limit(p_call, v_paths, false) is not null then return false; end if;
  -- Asked before as well, so that nobody waits for the advisory lock in vain, nor others for him.
  if coord._too_many_scopes(p_call, v_paths) then return false; end if;
  perform coord._serialize_locks(p_call.project_id);
  if coord._too_many_scopes(p_call, v_paths) then return false; end if;
  v_taken := coord._take(p_call, v_paths, false, p_reason, p_ttl_seconds, p_task_id);
  if v_taken.locks is null then return false; end if;
  if p_call.extra ? 'limits' then perform coord._note_files(p_call, v_paths); end if;
  return true;
end
$$;
