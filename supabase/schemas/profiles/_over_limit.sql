-- The details of a refusal if these paths, in normal form, were more than the agent may lock; null if not.
--   max_locks  locks at once, alone or shared, over all sessions of the agent
--   max_files  different files locked alone within an hour; a tree or glob has no number of files, so it is refused.
--              Names such as resource:x are no files.
-- Exact: the frame has locked the row in coord.agent_usage at which all calls of the agent queue.
create function coord._over_limit(p_call coord._call, p_paths text[], p_shared boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_limits jsonb := p_call.extra -> 'limits';
  v_account text := v_limits ->> 'account';
  v_files text[] := array(select p.path from unnest(p_paths) p(path) where p.path !~ '^(resource|label):');
  v_used integer;
begin
  select count(*) into v_used from coord._held_by(p_call.project_id, v_account) h
  where not (h.path = any (p_paths) and h.session_id = p_call.session_id);
  if v_used + cardinality(p_paths) > (v_limits ->> 'max_locks')::integer then
    return jsonb_build_object('reason', 'resource_limit_exceeded', 'limit', 'max_locks',
      'most', v_limits -> 'max_locks', 'used', v_used);
  end if;
  if p_shared or not v_limits ? 'max_files' then return null; end if;
  select count(*) into v_used from coord.agent_files f
  where f.project_id = p_call.project_id and f.agent = v_account and f.locked_at > clock_timestamp() - interval '1 hour'
    and f.path <> all (v_files);
  if v_used + cardinality(v_files) > (v_limits ->> 'max_files')::integer
    or exists (select from unnest(v_files) p(path) where coord._is_scope(p.path))
  then
    return jsonb_build_object('reason', 'resource_limit_exceeded', 'limit', 'max_files',
      'most', v_limits -> 'max_files', 'used', v_used);
  end if;
  return null;
end
$$;
