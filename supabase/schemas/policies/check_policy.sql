-- Whether the caller may call an operation, and why, without calling it. The database says what its frame would; where
-- a policy engine decides beside it, core adds what that says: {"engine", "allowed", "policies", "errors"}. Both have
-- to agree. Limits, such as calls an hour, are not asked: they change from call to call.
create function coord.check_policy(
  p_caller jsonb, p_operation text, p_resource text default null, p_context jsonb default null,
  p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_policy');
  -- Another name for an operation is that one, which core knows.
  v_operation text := coalesce(p_computed ->> 'operation', p_operation);
  v_needed smallint := coord._minimum_trust(v_operation);
  v_trust smallint := coord._trust(v_call);
  v_forbidden_by text := coord._forbidden_by((
    select s.restrictions from coord.sessions s
    where s.project_id = v_call.project_id and s.session_id = v_call.session_id), v_operation);
  v_errors jsonb := coalesce(p_computed -> 'errors', '[]');
  v_reason text := case
    when v_forbidden_by = 'suspended' then 'suspended'
    when v_forbidden_by is not null then 'operation_not_permitted'
    when v_trust < v_needed then 'insufficient_trust_level'
    when v_errors <> '[]' then 'policy_error'
    when coalesce((p_computed ->> 'allowed')::boolean, p_computed ->> 'engine' is distinct from 'cedar') then 'permitted'
    else 'operation_not_permitted' end;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if v_needed > 4 then
    return coord._refuse(v_call, 'not_found', 'There is no such operation.', 'See docs/operations.md for their names.');
  end if;
  return coord._leave(v_call, jsonb_build_object('allowed', v_reason = 'permitted', 'reason', v_reason,
    'engine', coalesce(p_computed ->> 'engine', 'native'),
    'diagnostics', jsonb_build_object('trust', v_trust, 'minimum_trust', v_needed,
      'policies', coalesce(p_computed -> 'policies', '[]'), 'errors', v_errors))
    || case when p_computed ->> 'engine' = 'native' and exists (
        select from unnest(array[0, v_call.project_id]) p(project_id)
        where (coord._current_policies(p.project_id)).policies <> '{}')
      then coord._unasked_policies() else '{}' end);
end
$$;

grant execute on function coord.check_policy to coord_app;
