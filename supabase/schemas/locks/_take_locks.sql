-- acquire_lock for several paths, all or none.
-- Concurrency: paths are sorted, so two callers meet on the first common one and nobody waits in a circle. When one
-- is held, the inner block is rolled back, and with it every row it touched; its variables survive.
create function coord._take_locks(p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_path text;
  v_lock jsonb;
  v_locks jsonb := '[]';
  v_held jsonb := '[]';
begin
  begin
    for v_path in
      select distinct coord._normal_path(p) collate "C" as path from unnest(p_paths) p order by path
    loop
      v_lock := coord._take_lock(p_call, v_path, p_reason, p_ttl_seconds);
      if v_lock is null then
        v_held := v_held || coord._holder(p_call.project_id, v_path);
      else
        v_locks := v_locks || v_lock;
      end if;
    end loop;
    if v_held <> '[]' then raise exception using errcode = 'CNFLT'; end if;
  exception when sqlstate 'CNFLT' then
    return coord._refuse_lock(p_call, v_held);
  end;
  return coord._leave(p_call, jsonb_build_object('acquired', true, 'locks', v_locks), v_locks #>> '{0,path}', v_locks);
end
$$;
