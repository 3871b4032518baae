-- How an approval stands. A pending one whose time is over is expired, whether or not that was swept.
create function coord.check_approval(p_caller jsonb, p_approval_id uuid, p_wait_seconds integer default 0) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_approval');
  v_approval coord.approvals;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select a.* into v_approval from coord.approvals a
  where a.project_id = v_call.project_id and a.approval_id = p_approval_id;
  if not found then return coord._refuse_unknown_approval(v_call); end if;
  return coord._leave(v_call, coord._approval_answer(v_approval));
end
$$;

grant execute on function coord.check_approval to coord_app;
