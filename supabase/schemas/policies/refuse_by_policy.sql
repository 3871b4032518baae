-- Refuses a call that a policy engine outside the database has denied, and journals it like any refusal. What the frame
-- itself has against the call comes first. Says which policies, and which errors: those deny, too.
create function coord.refuse_by_policy(p_caller jsonb, p_operation text, p_details jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, p_operation);
  v_failed boolean := jsonb_array_length(p_details -> 'errors') > 0;
  v_error jsonb;
begin
  if v_call.answer is not null and v_call.session_id is not null then return v_call.answer; end if;
  v_error := coord._error('forbidden',
    case when v_failed then format('The policies about %s cannot be evaluated, so it is not allowed.', p_operation)
      else format('A policy does not allow %s.', p_operation) end,
    case when v_failed
      then 'An administrator has to look at them: check_policy names the error, rollback_cedar_policies takes a change back.'
      else 'Do something else. check_policy says what you may do, and an administrator can change it.' end,
    p_details || case when v_failed then '{"reason": "policy_error"}'::jsonb
      else '{"reason": "operation_not_permitted"}' end);
  if v_call.session_id is not null then
    return coord._leave(v_call, v_error, 'session:' || v_call.session_id, v_error #> '{error,details}', 'forbidden');
  end if;
  -- Somebody who has no session yet, and may not even open one.
  perform coord._journal((p_caller ->> 'project_id')::integer, p_operation, 'project', 'forbidden',
    v_error #> '{error,details}', p_agent => coord._principal(p_caller) ->> 'agent');
  return v_error;
end
$$;

grant execute on function coord.refuse_by_policy to coord_app;
