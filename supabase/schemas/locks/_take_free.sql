-- acquire_lock for several plain files that are all free: the fast way for a set. Null when any of them is not, or has
-- no row yet.
-- Concurrency: as in acquire_lock each row is taken under its own lock, and they are locked in path order, so two
-- callers meet on the first common one and nobody waits in a circle. When one is missing, the inner block is rolled
-- back and lets go of the others, before _take is asked.
create function coord._take_free(p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with free as materialized (
    select l.path from coord.locks l
    where l.project_id = p_call.project_id and l.path = any (p_paths) and l.session_id is null and not l.guarded
    order by l.path for update
  ), taken as (
    update coord.locks l set token = l.token + 1, session_id = p_call.session_id, reason = p_reason,
      acquired_at = clock_timestamp(), expires_at = clock_timestamp() + p_ttl_seconds * interval '1 second'
    from free f where l.project_id = p_call.project_id and l.path = f.path
    returning l.path, l.token, l.expires_at
  )
  select jsonb_agg(jsonb_build_object('path', t.path, 'token', t.token, 'expires_at', t.expires_at,
    'renewed', false) order by t.path) into v_locks
  from taken t;
  if jsonb_array_length(v_locks) = cardinality(p_paths) then return v_locks; end if;
  raise exception using errcode = 'CNFLT';
exception when sqlstate 'CNFLT' then
  return null;
end
$$;
