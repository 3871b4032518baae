-- Cleans up in the caller's project now; see _sweep.
create function coord.sweep(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'sweep');
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_answer := coord._sweep(v_call.project_id);
  return coord._leave(v_call, v_answer, 'project', v_answer);
end
$$;

grant execute on function coord.sweep to coord_app;
