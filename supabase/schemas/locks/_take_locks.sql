-- Takes several paths, all or none: {"locks": […]} or {"held": […]} with all that are held by others.
-- Concurrency: paths are sorted, so two callers meet on the first common one and nobody waits in a circle. When one
-- is held, the block is rolled back, and with it every row it touched; its variables survive.
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
      if v_lock ? 'held' then
        v_held := v_held || (v_lock -> 'held');
      else
        v_locks := v_locks || v_lock;
      end if;
    end loop;
    if v_held <> '[]' then raise exception using errcode = 'CNFLT'; end if;
  exception when sqlstate 'CNFLT' then
    return jsonb_build_object('held', v_held);
  end;
  return jsonb_build_object('locks', v_locks);
end
$$;
